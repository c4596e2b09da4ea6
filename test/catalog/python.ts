/** The Python that has PyYAML, for tests that ask it. */
import { execFileSync } from 'node:child_process'
import { projectRoot } from '../fixtures.js'

function findPython(): string | null {
  for (const candidate of ['python3', '/usr/bin/python3']) {
    try {
      execFileSync(candidate, ['-c', 'import yaml'], { stdio: 'ignore' })
      return candidate
    } catch {
      // Not this one.
    }
  }
  return null
}

const python = findPython()

/** Why such tests are left out; false where they needn't be. */
export const noPython: string | false =
  python === null
    ? 'python3-yaml IS NOT INSTALLED: not checked against the Python tool (apt-get install python3-yaml)'
    : false

/** What seed.py prints. Throws where it fails. */
export function seedTool(...args: string[]): string {
  const run = [`${projectRoot}/test/catalog/seed.py`, ...args]
  return execFileSync(python ?? 'python3', run, { encoding: 'utf8', maxBuffer: 2 ** 28 })
}
