/** A bit that flips in a stored object is found wherever it is: by verify, and by get before the end of the stream. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Edge } from '#src/chain/edge.js'
import { checkedStream, continuedStream } from '#src/commands/get/check.js'
import { lookUp } from '#src/commands/verify/outcome.js'
import { readBack } from '#src/commands/verify/read-back.js'
import { Failure } from '#src/failure.js'
import { Pieces } from '#src/stream/pieces.js'
import { download, findVolumes, type Found, readStretch } from '#src/store/download.js'
import type { Bucket } from '#src/store/s3.js'
import { StreamParser } from '#src/stream/parser.js'
import { PositionCollector } from '#src/stream/positions.js'
import { tokenFacts } from '#src/stream/token.js'
import { fixture } from '../fixtures.js'
import { startS3Server, type S3Server } from '../s3/server.js'
import { bytesOf, openBucket, storeEdge } from '../store/buckets.js'
import { verdictOf } from '../stream/streams.js'

const stream = fixture('chain-1.zs')
const [begin] = verdictOf(stream).substreams
const positions = Array.from({ length: 50 }, (_, turn) => Math.floor((turn * (stream.length - 1)) / 49))

let server: S3Server
let bucket: Bucket
before(async () => {
  server = await startS3Server({ settings: { minPartSize: 1024 } })
  bucket = await openBucket(server)
})
after(async () => {
  bucket.close()
  await server.close()
})

const options = {
  concurrency: 4,
  retryForMs: 1000,
  pieces: Pieces.anywhere(10_000),
  signal: new AbortController().signal,
}

async function stored(key: string): Promise<Edge> {
  const edge = await storeEdge(bucket, key, stream, 30_000)
  assert.ok(begin !== undefined)
  const snapshot = { name: begin.toname, guid: begin.toguid }
  return { ...edge, snapshot, provides: [snapshot] }
}

/** What a command that ends with status 4 has written by then. */
async function written(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  await assert.rejects(
    async () => {
      for await (const chunk of chunks) pieces.push(Buffer.from(chunk))
    },
    error => error instanceof Failure && error.status === 4,
  )
  return Buffer.concat(pieces)
}

async function verified(edge: Edge, how: { filter?: string } = {}) {
  const looked = await lookUp(bucket, edge, options.signal)
  const reading = { ...options, filter: how.filter, decompress: false, onBytes: () => undefined }
  return readBack(bucket, edge, looked, [edge], reading)
}

describe('a stored stream of which one bit flips', () => {
  it('is found good before', async () => {
    const { result, checked, bytesRead } = await verified(await stored('good'))
    assert.deepEqual({ result, checked, bytesRead }, { result: 'ok', checked: 'records', bytesRead: stream.length })
  })

  for (const hashed of [true, false]) {
    it(`is found by ${hashed ? 'its checksum and ' : ''}its records, at each of ${positions.length} places`, async () => {
      for (const at of positions) {
        const edge = { ...(await stored(`${hashed}-${at}`)), ...(!hashed && { partSize: null }) }
        await server.alter({ key: edge.volumes[0].key, flipBit: at })
        assert.equal((await verified(edge)).result, 'damaged', `at ${at}`)
        for (const length of [null, stream.length]) {
          const out = await written(checkedStream(download(bucket, edge, options), edge, length, null))
          assert.notEqual(verdictOf(out).outcome, 'whole')
        }
      }
    })
  }

  it('never gives a whole stream to a receiver that goes on', async () => {
    assert.ok(begin !== undefined)
    const token = tokenFacts(begin, { object: '2', offset: '0' }, 0)
    for (const at of positions) {
      const edge = await stored(`continued-${at}`)
      await server.alter({ key: edge.volumes[0].key, flipBit: at })
      const out = await written(continuedStream(() => download(bucket, edge, options), [], edge, token))
      assert.notEqual(verdictOf(out).outcome, 'whole')
    }
  })

  it('nor if only a part of it is read: what is not noticed then makes no difference', async () => {
    assert.ok(begin !== undefined)
    const noted = new PositionCollector({ most: 64, distance: 1000 })
    new StreamParser({ positions: noted }).push(stream)
    const last = noted.positions.at(-1)
    assert.ok(last !== undefined && last.at > stream.length / 2)
    const token = tokenFacts(begin, { object: String(last.object), offset: String(last.offset) }, 0)
    const continued = (edge: Edge, found: readonly Found[]) =>
      continuedStream(stretch => readStretch(bucket, found, stretch, options), noted.positions, edge, token)
    const whole = await stored('positions')
    const good = await bytesOf(continued(whole, await findVolumes(bucket, whole, options.signal)))
    let unnoticed = 0
    for (const at of positions) {
      const edge = await stored(`positions-${at}`)
      await server.alter({ key: edge.volumes[0].key, flipBit: at })
      const chunks = continued(edge, await findVolumes(bucket, edge, options.signal))
      const out = await bytesOf(chunks).catch((error: unknown) =>
        assert.ok(error instanceof Failure && error.status === 4),
      )
      if (out === undefined) continue
      unnoticed += 1
      assert.ok(out.equals(good), `at ${at}`)
    }
    assert.ok(unnoticed < positions.length, `${unnoticed} are not noticed`)
  })

  it('is damaged, not unreadable, if a filter fails on it', async () => {
    const edge = await stored('filtered')
    await server.alter({ key: 'filtered', flipBit: 100 })
    assert.equal((await verified(edge, { filter: 'head -c 5000 >/dev/null; exit 1' })).result, 'damaged')
  })

  it('is unreadable, not damaged, if only the filter fails', async () => {
    const { result, why, bytesRead } = await verified(await stored('wrong key'), { filter: 'exit 1' })
    assert.equal(result, 'unreadable')
    assert.equal(why, "the filter 'exit 1' ended with status 1")
    assert.equal(bytesRead, stream.length)
  })
})
