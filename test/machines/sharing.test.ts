/** Eight machines share a catalog in a bucket: it is sound at every moment, and in the end agrees with the objects. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutBucketVersioningCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { parseCatalog } from '#src/catalog/format.js'
import { isSound } from '#src/chain/chain.js'
import type { Edge } from '#src/chain/edge.js'
import { catalogKey, parseKey } from '#src/chain/names.js'
import { isLong, seed } from '../crash/effort.js'
import { projectRoot } from '../fixtures.js'
import { clientOf } from '../s3/client.js'
import { type S3Server, startS3Server } from '../s3/server.js'

const machines = 8
const workMs = isLong ? 60_000 : 10_000

interface Told {
  readonly counts: Readonly<Record<string, number>>
  readonly unforeseen: readonly string[]
}

describe(`${machines} machines that share a catalog (ZFS2S3_TEST_SEED=${seed})`, () => {
  let server: S3Server
  let client: S3Client
  let told: Told[]
  const top = mkdtempSync(join(tmpdir(), 'zfs2s3-machines-'))

  before(async () => {
    server = await startS3Server({ dir: join(top, 's3') })
    client = clientOf(server)
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await client.send(new PutBucketVersioningCommand({ Bucket: server.bucket, VersioningConfiguration }))
    const working = Array.from({ length: machines }, (_, n) => machine(n))
    await Promise.all(working.map(({ ready }) => ready))
    await sleep(workMs)
    told = await Promise.all(working.map(({ stop }) => stop()))
  })
  after(async () => {
    client.destroy()
    await server.close()
    rmSync(top, { recursive: true })
  })

  /** Starts one; it has a data directory of its own. */
  function machine(n: number) {
    const env = {
      PATH: process.env.PATH,
      ...server.env,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ZFS2S3_CATALOG: 'bucket',
      ZFS2S3_DATA_DIR: join(top, `machine-${n}`),
    }
    const script = `${projectRoot}/dist-test/machines/machine.child.js`
    const child = spawn(process.execPath, [script, String(seed * 1000 + n)], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
    const ended = once(child, 'close')
    return {
      ready: once(child.stdout, 'data'),
      stop: async () => {
        child.kill('SIGTERM')
        await ended
        return JSON.parse(printed.split('\n')[1] ?? '') as Told
      },
    }
  }

  async function versions(): Promise<Edge[][]> {
    const found: Edge[][] = []
    const asked = { Bucket: server.bucket, Prefix: catalogKey('') }
    let page: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {}
    while (page !== undefined) {
      const answer: ListObjectVersionsCommandOutput = await client.send(
        new ListObjectVersionsCommand({ ...asked, ...page }),
      )
      for (const { Key, VersionId } of answer.Versions ?? []) {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: server.bucket, Key, VersionId }))
        found.push(await parseCatalog((await Body?.transformToString()) ?? '', `version ${VersionId ?? ''}`))
      }
      assert.deepEqual(answer.DeleteMarkers ?? [], [])
      page = answer.IsTruncated
        ? { KeyMarker: answer.NextKeyMarker, VersionIdMarker: answer.NextVersionIdMarker }
        : undefined
    }
    return found
  }

  it('every command ends as it should', test => {
    const sum: Record<string, number> = {}
    for (const { counts } of told) {
      for (const [ended, count] of Object.entries(counts)) sum[ended] = (sum[ended] ?? 0) + count
    }
    test.diagnostic(JSON.stringify(sum))
    assert.deepEqual(
      told.flatMap(({ unforeseen }) => unforeseen),
      [],
    )
    // How far they come by default depends on what else the machine does.
    for (const ended of isLong ? ['put 0', 'put 3', 'rm 0', 'rm 3'] : ['put 0', 'put 3'])
      assert.ok((sum[ended] ?? 0) > 0, `no ${ended}`)
  })

  it('every version of the catalog is sound, and a step of one edge from the one before', async test => {
    // The newest comes first (S3 API: ListObjectVersions).
    const all = (await versions()).reverse()
    test.diagnostic(`${all.length} versions`)
    assert.ok(all.length > machines)
    let before: readonly Edge[] = []
    for (const now of all) {
      assert.ok(isSound(now))
      const had = new Set(before.map(edge => JSON.stringify(edge)))
      const kept = now.filter(edge => had.delete(JSON.stringify(edge)))
      assert.equal(now.length - kept.length + had.size, 1)
      before = now
    }
  })

  it('what the catalog lists in the end is what is in the bucket', async () => {
    const [now = []] = await versions()
    const there = server.objects
      .keys(server.bucket)
      .filter(key => parseKey(key, '') !== null && server.objects.current(server.bucket, key) !== null)
    assert.deepEqual(there.sort(), now.flatMap(({ volumes }) => volumes.map(({ key }) => key)).sort())
    for (const { volumes } of now) {
      for (const { key, bytes } of volumes) assert.equal((await server.read(key)).length, bytes)
    }
    assert.deepEqual(server.uploads.list(server.bucket), [])
  })
})
