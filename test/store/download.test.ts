/** Reading back over a line that breaks, from an S3 that fails: the bytes that were stored, or an end before their end. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Edge } from '#src/chain/edge.js'
import { Failure } from '#src/failure.js'
import { download } from '#src/store/download.js'
import { Ledger } from '#src/store/ledger.js'
import { completeUpload } from '#src/store/complete.js'
import type { Fault } from '../s3/fault.js'
import { header, openPlace, partSize, patience, type Place, send, streamOf } from './place.js'

const stream = streamOf(200 * partSize + 1)
const { key } = header

interface Stored extends Place {
  readonly edge: Edge
}

/** A stored stream. It is longer than what goes over the line at once. */
async function store(test: TestContext, facts: Partial<typeof header> = {}, timeoutMs?: number): Promise<Stored> {
  const place = await openPlace(test, timeoutMs)
  const ledger = await Ledger.create(place.dataDir, { ...header, ...facts })
  await send(place, ledger, stream)
  const volumes = await completeUpload(place.bucket, ledger, 201, patience)
  await ledger.close()
  const snapshot = { name: 'tank/home@a', guid: '1' }
  const edge: Edge = {
    snapshot,
    base: null,
    provides: [snapshot],
    needs: [],
    volumes,
    partSize,
    storageClass: 'STANDARD',
    created: null,
    stored: null,
    filter: null,
    verified: true,
    verifiedAt: null,
    stream: null,
    index: null,
  }
  return { ...place, edge }
}

/** What comes before the end or an error, and the error. */
async function read({ bucket, edge }: Stored, retryForMs = patience.retryForMs) {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of download(bucket, edge, { ...patience, retryForMs, concurrency: 8 })) chunks.push(chunk)
  } catch (error) {
    assert.ok(error instanceof Failure, String(error))
    return { bytes: Buffer.concat(chunks), status: error.status, message: error.message }
  }
  return { bytes: Buffer.concat(chunks), status: 0, message: '' }
}

describe('reading a stored stream', () => {
  it('gives the bytes that were stored', async test => {
    assert.deepEqual((await read(await store(test))).bytes, stream)
  })

  it('joins its volumes', async test => {
    const place = await store(test, { partsPerVolume: 30 })
    assert.equal(place.edge.volumes.length, 7)
    assert.deepEqual((await read(place)).bytes, stream)
  })

  const operation = 'GetObject'
  const passing: [what: string, ...Fault[]][] = [
    ['the line breaks before the answer', { operation, do: 'drop' }],
    ['the line breaks after the first byte', { operation, do: 'drop', at: 'answer', bytes: 1 }],
    ['the line breaks in the middle', { operation, do: 'drop', at: 'answer', bytes: 100_000 }],
    ['the line breaks before the last byte', { operation, do: 'drop', at: 'answer', bytes: stream.length - 1 }],
    ['S3 fails', { operation, do: 'status', code: 'InternalError' }],
    ['S3 wants it slower, twice', { operation, do: 'status', code: 'SlowDown', times: 2 }],
    ['the line breaks again and again', { operation, do: 'drop', at: 'answer', bytes: 20_000, times: 5 }],
  ]
  for (const [what, ...faults] of passing) {
    it(`${what}: it goes on where it was`, async test => {
      const place = await store(test)
      place.server.faults.add(...faults)
      const { bytes, message } = await read(place)
      assert.equal(message, '')
      assert.deepEqual(bytes, stream)
      assert.deepEqual(place.server.faults.list(), [])
    })
  }

  it('a connection that falls silent is given up and opened again', async test => {
    const place = await store(test, {}, 300)
    place.server.faults.add({ operation, do: 'stall', at: 'answer', bytes: 50_000 })
    assert.deepEqual((await read(place)).bytes, stream)
  })

  it('asks again only for what is missing', async test => {
    const place = await store(test)
    place.server.log.clear()
    place.server.faults.add({ operation, do: 'drop', at: 'answer', bytes: 100_000 })
    const { bytes } = await read(place)
    assert.deepEqual(bytes, stream)
    const [first, second] = place.server.log.entries({ operation }).map(entry => entry.range)
    assert.equal(first, `bytes=0-${stream.length - 1}`)
    assert.match(second ?? '', new RegExp(`^bytes=[1-9]\\d*-${stream.length - 1}$`))
  })

  it('a failure that stays is status 1', async test => {
    const place = await store(test)
    place.server.faults.add({ operation, do: 'status', code: 'SlowDown', times: 0 })
    const { status, message, bytes } = await read(place, 1)
    assert.equal(status, 1)
    assert.match(message, /^can't read 'tank\/home@a' in bucket zfs2s3: S3 answered 503 SlowDown/)
    assert.equal(bytes.length, 0)
  })
})

describe('what is not what was stored', () => {
  it('an object that is gone is status 3', async test => {
    const place = await store(test)
    await place.bucket.remove(key)
    assert.deepEqual(await read(place), {
      bytes: Buffer.alloc(0),
      status: 3,
      message: `'${key}' is not in bucket zfs2s3`,
    })
  })

  it('an object of another size is status 4, before anything is written', async test => {
    const place = await store(test)
    const [volume] = place.edge.volumes
    const other = { ...place, edge: { ...place.edge, volumes: [{ ...volume, bytes: 7 }] as const } }
    const { status, message, bytes } = await read(other)
    assert.equal(status, 4)
    assert.equal(message, `'${key}' is ${stream.length} bytes long, not 7`)
    assert.equal(bytes.length, 0)
  })

  for (const [what, at] of [
    ['the first', 0],
    ['a middle', 100_000],
    ['the last', stream.length - 1],
  ] as const) {
    it(`${what} byte changed: status 4, and the end is never written`, async test => {
      const place = await store(test)
      await place.server.alter({ key, flipBit: at })
      const { status, bytes } = await read(place)
      assert.equal(status, 4)
      assert.ok(bytes.length < stream.length)
    })
  }

  it('a bit that flips on the way: status 4', async test => {
    const place = await store(test)
    place.server.faults.add({ operation: 'GetObject', do: 'corrupt', what: 'answer', offset: 5000 })
    assert.equal((await read(place)).status, 4)
  })

  it('an object that is replaced while it is read is noticed: status 4', async test => {
    const place = await store(test)
    place.server.faults.add({ operation: 'GetObject', do: 'drop', at: 'answer', bytes: 100_000 })
    place.server.faults.add({ operation: 'GetObject', nth: 2, do: 'hold', name: 'again' })
    const reading = read(place)
    await place.server.faults.waitForHeld('again', AbortSignal.timeout(10_000))
    await place.bucket.remove(key)
    const ledger = await Ledger.create(`${place.dataDir}/other`, header)
    await send(place, ledger, Buffer.from(stream).reverse())
    await completeUpload(place.bucket, ledger, 201, patience)
    await ledger.close()
    place.server.faults.release()
    const { status, message } = await reading
    assert.equal(status, 4)
    assert.equal(message, `'${key}' is not the object that it was a moment ago`)
  })

  it('an archived object is status 5', async test => {
    const place = await store(test)
    await place.server.alter({ key, storageClass: 'DEEP_ARCHIVE' })
    const { status, message } = await read(place)
    assert.equal(status, 5)
    assert.match(message, /is archived \(DEEP_ARCHIVE\)$/)
  })
})
