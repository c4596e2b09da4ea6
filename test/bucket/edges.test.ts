/** A bucket of many objects: all are asked about, so many at a time, and nothing that S3 does passes for an answer. */
import assert from 'node:assert/strict'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { edgesInBucket } from '#src/commands/bucket/edges.js'
import { receiveOrder, unsupported } from '#src/chain/chain.js'
import { usualOrFull } from '../crash/effort.js'
import { clientOf } from '../s3/client.js'
import type { Fault } from '../s3/fault.js'
import { openPlace, patience, type Place } from '../store/place.js'

/** A chain of `length` edges under `p/`, and an object beside it. */
async function chain(test: TestContext, length: number): Promise<Place> {
  const place = await openPlace(test)
  const client = clientOf(place.server)
  test.after(() => client.destroy())
  const Bucket = place.server.bucket
  const put = (index: number) => {
    const [name, base] = [`tank/home@${index}`, `tank/home@${index - 1}`]
    const Metadata = {
      'zfs2s3-snapshot': name,
      'zfs2s3-guid': String(index),
      'zfs2s3-check': 'records',
      ...(index > 1 && { 'zfs2s3-base': base, 'zfs2s3-base-guid': String(index - 1) }),
    }
    const Key = index > 1 ? `p/${name} <- ${base}` : `p/${name}`
    return client.send(new PutObjectCommand({ Bucket, Key, Body: 'x', Metadata }))
  }
  for (let index = 1; index <= length; index += 50) {
    await Promise.all(Array.from({ length: Math.min(50, length - index + 1) }, (_, at) => put(index + at)))
  }
  await client.send(new PutObjectCommand({ Bucket, Key: 'q/other', Body: 'x' }))
  await client.send(new PutObjectCommand({ Bucket, Key: 'p/readme', Body: 'x' }))
  return place
}

const looking = { ...patience, concurrency: 64, readPackages: false }

describe('what a bucket tells', () => {
  const length = usualOrFull(300, 10_000)
  it(`${length} edges, at 50 ms a request`, { timeout: 180_000 }, async test => {
    const { server, bucket } = await chain(test, length)
    Object.assign(server.settings, { latencyMs: 50, maxKeys: usualOrFull(100, 1000) })
    const began = performance.now()
    const { edges, troubles, foreign } = await edgesInBucket(bucket, 'p/', looking)
    const seconds = (performance.now() - began) / 1000
    assert.deepEqual([edges.length, troubles, foreign], [length, [], 1])
    assert.deepEqual(unsupported(edges), [])
    assert.equal(receiveOrder(edges)[0]?.snapshot.name, 'tank/home@1')
    const mebibytes = Math.round(process.memoryUsage.rss() / 1024 ** 2)
    test.diagnostic(`${seconds.toFixed(1)} s, ${mebibytes} MiB with the server in the same process`)
    assert.ok(seconds < length / 50, `${seconds} s: no faster than one after the other`)
  })

  it('never has more requests under way than it may', async test => {
    const { server, bucket } = await chain(test, 20)
    server.faults.add({ operation: 'HeadObject', do: 'hold', name: 'all', times: 0 })
    const found = edgesInBucket(bucket, 'p/', { ...looking, concurrency: 3 })
    while (server.faults.held('all').length < 3) await sleep(10)
    // Long enough for a fourth one to come.
    await sleep(100)
    assert.equal(server.faults.held('all').length, 3)
    server.faults.clear()
    server.faults.release('all')
    assert.equal((await found).edges.length, 20)
  })

  const passing: Omit<Fault, 'operation'>[] = [
    { do: 'status', status: 503, code: 'SlowDown', nth: 3, times: 12 },
    { do: 'drop', nth: 2, times: 3 },
  ]
  for (const fault of passing) {
    it(`waits out ${fault.do} ${fault.status ?? ''}`, async test => {
      const { server, bucket } = await chain(test, 10)
      server.faults.add({ operation: 'HeadObject', ...fault })
      assert.equal((await edgesInBucket(bucket, 'p/', looking)).edges.length, 10)
    })
  }

  it('one object that may not be asked about is the end', async test => {
    const { server, bucket } = await chain(test, 10)
    const refusal = { key: '@7 ', do: 'status', status: 403, code: 'AccessDenied', times: 0 } as const
    server.faults.add({ operation: 'HeadObject', ...refusal }, { operation: 'GetObject', ...refusal })
    await assert.rejects(edgesInBucket(bucket, 'p/', looking), /403 AccessDenied/)
  })
})
