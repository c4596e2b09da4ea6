/** Positions noted by put, however often the upload is interrupted; and a continuation read with them from S3. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { continuedStream } from '#src/commands/get/check.js'
import { readHead } from '#src/commands/put/look.js'
import { type Passed, transferStream } from '#src/commands/put/transfer.js'
import { Pieces } from '#src/stream/pieces.js'
import { completeUpload } from '#src/store/complete.js'
import { findVolumes, readStretch } from '#src/store/download.js'
import { Ledger } from '#src/store/ledger.js'
import { reconcile } from '#src/store/reconcile.js'
import { indexOf, positionsIn } from '#src/stream/position-index.js'
import { PositionCollector } from '#src/stream/positions.js'
import { tokenFacts } from '#src/stream/token.js'
import { edge as edgeOf } from '../chain/notation.js'
import { fixture } from '../fixtures.js'
import { bytesOf } from '../store/buckets.js'
import { header, openPlace, patience, type Place, readAgain } from '../store/place.js'
import { pointOf, resumed, split, WRITE } from '../stream/reference.js'
import { cut, parsed, verdictOf } from '../stream/streams.js'

const spacing = { most: 5, distance: 50_000 }
const partSize = 30_000

/** Sends a stream, or what comes of it before the line breaks, in a filter if there is one. */
async function transfer(place: Place, ledger: Ledger, stream: Buffer, breakAt?: number): Promise<Passed> {
  async function* chunks() {
    for (const chunk of cut(stream.subarray(0, breakAt), [7000, 65_536])) yield await Promise.resolve(chunk)
    if (breakAt !== undefined) throw new Error('the line broke')
  }
  const source = { chunks: chunks(), pieces: null, stop: () => undefined, close: () => Promise.resolve() }
  return transferStream({
    ...patience,
    bucket: place.bucket,
    ledger,
    source,
    head: await readHead(source.chunks, false),
    inS3: await reconcile(place.bucket, ledger, patience.signal),
    guard: () => undefined,
    concurrency: 3,
    spacing,
    onPart: () => undefined,
  })
}

async function begun(test: TestContext, stream: Buffer, facts: Partial<typeof header> = {}) {
  const place = await openPlace(test)
  const begin = verdictOf(stream).substreams[0] ?? assert.fail()
  // As it will be read again.
  const ledger = await Ledger.create(place.dataDir, { ...header, begin, partSize, ...facts })
  test.after(() => ledger.close())
  return { place, ledger, begin }
}

/** The index that the whole stream has. */
function wholeIndex(stream: Buffer) {
  const positions = new PositionCollector(spacing)
  parsed([stream], { positions })
  const index = indexOf(positions.positions)
  assert.ok(index !== null && index.length > 1)
  return index
}

describe('positions in an upload', () => {
  for (const file of ['res-full.zs', 'raw-w-full.zs']) {
    const stream = fixture(file)
    const third = Math.floor(stream.length / 3)

    it(`${file}: are noted in one go`, async test => {
      const { place, ledger } = await begun(test, stream)
      assert.deepEqual((await transfer(place, ledger, stream)).index, wholeIndex(stream))
    })

    it(`${file}: are the same if the stream is sent again from its start`, async test => {
      const { place, ledger } = await begun(test, stream)
      await assert.rejects(transfer(place, ledger, stream, 200_000), /the line broke/)
      await ledger.close()
      assert.deepEqual((await transfer(place, await readAgain(test, place.dataDir), stream)).index, wholeIndex(stream))
    })

    it(`${file}: are the same if only the rest is sent, twice`, async test => {
      const { place, ledger } = await begun(test, stream)
      await assert.rejects(transfer(place, ledger, stream, third), /the line broke/)
      const { safeBytes } = ledger
      await ledger.close()
      let now = await readAgain(test, place.dataDir)
      const rest = () => {
        const { point } = now.resumable() ?? assert.fail()
        return resumed(stream, BigInt(point.anchor.object), BigInt(point.anchor.offset))
      }
      await assert.rejects(transfer(place, now, rest(), third), /the line broke/)
      await now.close()
      now = await readAgain(test, place.dataDir)
      assert.ok(now.safeBytes > safeBytes)
      assert.deepEqual((await transfer(place, now, rest())).index, wholeIndex(stream))
    })
  }

  it('are not noted behind a first part that an older version has sent', async test => {
    const stream = fixture('res-full.zs')
    const { place, ledger } = await begun(test, stream)
    await assert.rejects(transfer(place, ledger, stream, 200_000), /the line broke/)
    for (const [part, note] of ledger.parts) {
      if (note.resume === null) continue
      const { anchor, tail } = note.resume
      ledger.parts.set(part, { ...note, resume: { anchor, tail } })
    }
    const { point } = ledger.resumable() ?? assert.fail()
    const rest = resumed(stream, BigInt(point.anchor.object), BigInt(point.anchor.offset))
    assert.equal((await transfer(place, ledger, rest)).index, null)
  })

  it('are not noted of what goes through a filter, or is a package', async test => {
    const stream = fixture('res-full.zs')
    const { place, ledger } = await begun(test, stream, { filter: 'cat' })
    assert.equal((await transfer(place, ledger, stream)).index, null)
    const several = await begun(test, fixture('plain-all-I.zs'))
    assert.equal((await transfer(several.place, several.ledger, fixture('plain-all-I.zs'))).index, null)
  })
})

describe('a stream in several volumes', () => {
  it('is continued from any position, across the volumes, as from its start', async test => {
    const stream = fixture('res-full.zs')
    const { place, ledger, begin } = await begun(test, stream, { partsPerVolume: 3 })
    const { index, parts } = await transfer(place, ledger, stream)
    const volumes = await completeUpload(place.bucket, ledger, parts, patience)
    assert.ok(volumes.length > 10)
    const snapshot = { name: begin.toname, guid: begin.toguid }
    const edge = edgeOf('a', { snapshot, provides: [snapshot], volumes, partSize, index })
    const found = await findVolumes(place.bucket, edge, patience.signal)
    const blocks = split(stream).filter(({ type }) => type === WRITE)
    for (const [at, block] of blocks.entries()) {
      if (at % 4 !== 0 && at !== blocks.length - 1) continue
      const { object, offset } = pointOf(block)
      const token = tokenFacts(begin, { object: String(object), offset: String(offset) }, 0)
      place.server.log.clear()
      const stretch = (of: { from: number; to: number | null }) =>
        readStretch(place.bucket, found, of, { ...patience, concurrency: 2, pieces: Pieces.anywhere(200_000) })
      const made = await bytesOf(continuedStream(stretch, positionsIn(edge.index), edge, token))
      assert.ok(made.equals(resumed(stream, object, offset)))
      const answers = place.server.log.entries({ operation: 'GetObject' }).map(each => each.responseBytes)
      const read = answers.reduce((sum, each) => sum + each, 0)
      if (at === blocks.length - 1) assert.ok(read < stream.length / 2, `${read} bytes`)
    }
  })
})
