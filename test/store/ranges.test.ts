import assert from 'node:assert/strict'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Edge } from '#src/chain/edge.js'
import { Failure } from '#src/failure.js'
import { Pieces } from '#src/stream/pieces.js'
import { download } from '#src/store/download.js'
import { readInRanges } from '#src/store/ranges.js'
import type { Bucket } from '#src/store/s3.js'
import { clientOf } from '../s3/client.js'
import type { Fault } from '../s3/fault.js'
import { startS3Server, type S3Server } from '../s3/server.js'
import { randomFrom } from '../stream/streams.js'
import { all, openBucket, storeEdge, storeVolume } from './buckets.js'

const rangeBytes = 64 * 1024
const ranges = 16
/** Neither ranges nor parts end where it ends, nor where the others do. */
const length = rangeBytes * (ranges - 1) + 17
const partSize = 100_000

const random = randomFrom(5)
const content = Buffer.from(Array.from({ length }, () => random(256)))

let server: S3Server
let bucket: Bucket
let stored: Edge
before(async () => {
  server = await startS3Server({ settings: { minPartSize: 1024 } })
  bucket = await openBucket(server, 300)
  stored = await storeEdge(bucket, 'object', content, partSize)
})
after(async () => {
  bucket.close()
  await server.close()
})
afterEach(() => {
  server.faults.clear()
  server.log.clear()
})

const options = {
  concurrency: 8,
  retryForMs: 5000,
  pieces: Pieces.anywhere(rangeBytes),
  signal: new AbortController().signal,
}

/** What comes out, and how it ends. */
async function downloaded(edge: Edge, from = bucket): Promise<{ bytes: Buffer; error: unknown }> {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of download(from, edge, options)) chunks.push(Buffer.from(chunk))
    return { bytes: Buffer.concat(chunks), error: null }
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error }
  }
}

async function comesWhole(): Promise<void> {
  const { bytes, error } = await downloaded(stored)
  assert.ifError(error)
  assert.ok(bytes.equals(content))
}

/** It ends with that status and text, and a part of the bytes, all of them right, has come by then. */
async function fails(edge: Edge, status: number, text: RegExp): Promise<void> {
  const { bytes, error } = await downloaded(edge)
  assert.ok(error instanceof Failure, String(error))
  assert.match(error.message, text)
  assert.equal(error.status, status)
  assert.ok(bytes.length < content.length)
}

const gets = () => server.log.entries({ operation: 'GetObject' })

describe('reading an object in ranges', () => {
  const lengths: [what: string, length: number, requests: number][] = [
    ['one byte', 1, 1],
    ['a range but for one byte', rangeBytes - 1, 1],
    ['exactly one range', rangeBytes, 1],
    ['one range and a byte', rangeBytes + 1, 2],
    ['as many ranges as are fetched at a time', 8 * rangeBytes, 8],
    ['one more', 9 * rangeBytes, 9],
  ]
  for (const [what, length, requests] of lengths) {
    it(`${what} takes ${requests} requests`, async () => {
      const bytes = content.subarray(0, length)
      const edge = await storeEdge(bucket, what, bytes, partSize)
      server.log.clear()
      assert.ok((await downloaded(edge)).bytes.equals(bytes))
      assert.equal(gets().length, requests)
    })
  }

  it('asks for each range once, and for the object that it saw first', async () => {
    await comesWhole()
    assert.equal(gets().length, ranges)
    assert.equal(new Set(gets().map(({ range }) => range)).size, ranges)
  })

  it('fetches eight at a time, and no more until the first has been taken', async () => {
    const object = await bucket.head('object')
    assert.ok(object !== null)
    const chunks = readInRanges(bucket, { ...object, key: 'object' }, options)
    await chunks.next()
    await server.log.wait({ operation: 'GetObject' }, 8, AbortSignal.timeout(5000))
    assert.equal(gets().length, 8)
    await chunks.next()
    await server.log.wait({ operation: 'GetObject' }, 9, AbortSignal.timeout(5000))
    assert.equal(gets().length, 9)
    await chunks.return(undefined)
  })

  it('takes ranges that come in another order', async () => {
    server.faults.add({ operation: 'GetObject', do: 'hold', name: 'first' })
    const whole = comesWhole()
    await server.log.wait({ operation: 'GetObject' }, 7, AbortSignal.timeout(5000))
    server.faults.release('first')
    await whole
  })

  it('takes the same memory for one stream after the other, also behind one that was left or has failed', async () => {
    const pieces = Pieces.anywhere(rangeBytes)
    const seen = new Set<Uint8Array>()
    const take = pieces.take.bind(pieces)
    pieces.take = () => {
      const piece = take()
      seen.add(piece)
      return piece
    }
    const reading = () => download(bucket, stored, { ...options, pieces })
    for (let turn = 0; turn < 3; turn++) {
      const whole: Buffer[] = []
      for await (const chunk of reading()) whole.push(Buffer.from(chunk))
      assert.ok(Buffer.concat(whole).equals(content))
      const left = reading()
      await left.next()
      await left.return(undefined)
      server.faults.add({ operation: 'GetObject', do: 'status', status: 403, code: 'AccessDenied' })
      await assert.rejects(async () => {
        for await (const chunk of reading()) assert.ok(chunk.length > 0)
      })
    }
    assert.ok(seen.size <= options.concurrency + 1, `${seen.size} pieces`)
  })

  it('joins volumes, each checked by itself', async () => {
    const volumes = [
      await storeVolume(bucket, 'v', content.subarray(0, 300_000), partSize),
      await storeVolume(bucket, 'v#2', content.subarray(300_000), partSize),
    ] as const
    const edge = { ...stored, volumes } as Edge
    assert.ok((await downloaded(edge)).bytes.equals(content))
    await server.alter({ key: 'v#2', flipBit: 500_000 })
    await fails(edge, 4, /'v#2' is damaged/)
    await bucket.remove('v#2')
    const { bytes, error } = await downloaded(edge)
    assert.equal((error as Failure).status, 3)
    assert.equal(bytes.length, 0)
  })
})

describe('what goes wrong on the way', () => {
  const faults: [what: string, fault: Omit<Fault, 'operation'>][] = [
    ['is dropped before it is answered', { do: 'drop' }],
    ['is answered with 500', { do: 'status', status: 500, code: 'InternalError' }],
    ['is answered with 503 SlowDown', { do: 'status', status: 503, code: 'SlowDown' }],
    ['breaks off before the first byte', { do: 'drop', at: 'answer', bytes: 0 }],
    ['breaks off in the middle', { do: 'drop', at: 'answer', bytes: 30_000 }],
    ['breaks off one byte before its end', { do: 'drop', at: 'answer', bytes: rangeBytes - 1 }],
    ['stalls before it is answered', { do: 'stall' }],
    ['stalls in the middle', { do: 'stall', at: 'answer', bytes: 30_000 }],
  ]
  for (const [what, fault] of faults) {
    it(`a range that ${what} is mended, whichever it is`, async () => {
      // The last range is shorter than where some of them would strike.
      server.faults.add({ operation: 'GetObject', times: ranges - 1, ...fault })
      await comesWhole()
      assert.deepEqual(server.faults.list(), [])
    })
  }

  it('each range goes on where it broke, not from its start', async () => {
    server.faults.add({ operation: 'GetObject', nth: 3, do: 'drop', at: 'answer', bytes: 30_000 })
    await comesWhole()
    assert.equal(gets().length, ranges + 1)
    const sent = gets().reduce((sum, { responseBytes }) => sum + responseBytes, 0)
    assert.equal(sent, length)
  })

  for (const nth of [1, 2, 8, 9, ranges]) {
    it(`an object that is replaced before GET ${nth} is not mixed with the new one`, async () => {
      const edge = await storeEdge(bucket, `replaced-${nth}`, content, partSize)
      server.faults.add({ operation: 'GetObject', nth, do: 'hold', name: 'held' })
      const result = fails(edge, 4, /is not the object that it was a moment ago/)
      await server.faults.waitForHeld('held', AbortSignal.timeout(5000))
      const { volumes } = edge
      const command = new PutObjectCommand({ Bucket: server.bucket, Key: volumes[0].key, Body: content })
      await clientOf(server).send(command)
      server.faults.release('held')
      await result
    })
  }

  it('an object that is deleted meanwhile is missing', async () => {
    const edge = await storeEdge(bucket, 'deleted', content, partSize)
    server.faults.add({ operation: 'GetObject', nth: 4, do: 'hold', name: 'held' })
    const result = fails(edge, 3, /'deleted' is not in bucket/)
    await server.faults.waitForHeld('held', AbortSignal.timeout(5000))
    await bucket.remove('deleted')
    server.faults.release('held')
    await result
  })

  it('gives up what S3 refuses', async () => {
    server.faults.add({ operation: 'GetObject', nth: 5, do: 'status', status: 403, code: 'AccessDenied' })
    await fails(stored, 1, /can't read 'object' in bucket .*403 AccessDenied/)
  })

  it('gives up after a while when nothing comes', async () => {
    server.faults.add({ operation: 'GetObject', nth: 5, times: 0, do: 'drop' })
    const chunks = download(bucket, stored, { ...options, retryForMs: 100 })
    await assert.rejects(all(chunks), /no answer from/)
  })
})

describe('what is not what was stored', () => {
  const wrong: [what: string, edge: (edge: Edge) => Edge, text: RegExp][] = [
    ['has another size', one => withVolume(one, { bytes: length - 1 }), new RegExp(`${length} bytes long, not`)],
    ['has another checksum in S3', one => withVolume(one, { sha256: 'AAAA-11' }), /with checksum .*-10, not AAAA-11/],
    ['is not there', one => withVolume(one, { key: 'nothing' }), /'nothing' is not in bucket/],
  ]
  for (const [what, change, text] of wrong) {
    it(`an object that ${what} gives no byte`, async () => {
      const { bytes, error } = await downloaded(change(stored))
      assert.match(error instanceof Failure ? error.message : '', text)
      assert.equal(bytes.length, 0)
    })
  }

  it('a flipped bit anywhere keeps the end from being written', async () => {
    for (let at = 0; at < length; at += Math.floor(length / 12)) {
      const edge = await storeEdge(bucket, `flipped-${at}`, content, partSize)
      await server.alter({ key: `flipped-${at}`, flipBit: at })
      await fails(edge, 4, /is damaged: its bytes don't have the checksum/)
    }
  })

  it('a bit that is flipped on the way is found as well', async () => {
    server.faults.add({ operation: 'GetObject', nth: 7, do: 'corrupt', what: 'answer', offset: 12 })
    await fails(stored, 4, /is damaged/)
  })

  it('an archived object says so before the first byte', async () => {
    const edge = await storeEdge(bucket, 'frozen', content, partSize)
    await server.alter({ key: 'frozen', storageClass: 'DEEP_ARCHIVE' })
    await fails(edge, 5, /'frozen' is archived \(DEEP_ARCHIVE\)/)
    assert.equal(gets().length, 0)
  })
})

const withVolume = (edge: Edge, change: Partial<Edge['volumes'][0]>): Edge => ({
  ...edge,
  volumes: [{ ...edge.volumes[0], ...change }],
})
