/** A directory for one test. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** Made now, removed when the test has ended. */
export async function temporary(test: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'zfs2s3-test-'))
  test.after(() => rm(path, { recursive: true, force: true }))
  return path
}
