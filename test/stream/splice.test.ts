import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exitStatus, Failure } from '#src/failure.js'
import type { Anchor } from '#src/stream/anchor.js'
import type { Begin } from '#src/stream/begin.js'
import { Splicer } from '#src/stream/splice.js'
import { fixture } from '../fixtures.js'
import { join, OBJECT_RANGE, pointOf, resumed, split, WRITE } from './reference.js'
import { cut, parsed, randomFrom, recorded } from './streams.js'

/** What is known of a stream of which the first `length` bytes are stored. */
function stored(stream: Buffer, length: number): { begin: Begin; anchor: Anchor } | null {
  const parser = parsed([stream.subarray(0, length)])
  const [begin] = parser.end().substreams
  const anchor = parser.anchor()
  return begin && anchor ? { begin, anchor } : null
}

/** What the splice makes of a resumed stream that comes in such chunks. */
function spliced(begin: Begin, anchor: Anchor, resumed: Buffer, lengths: readonly number[]): Buffer {
  const splicer = new Splicer(begin, anchor)
  const pieces: Uint8Array[] = []
  for (const chunk of cut(resumed, lengths)) pieces.push(...splicer.push(chunk))
  assert.equal(splicer.end().outcome, 'whole')
  return Buffer.concat(pieces)
}

const simple = recorded.filter(
  ({ kind, begin, bytes }) => begin.hdrtype === 1 && kind !== 'resumed' && kind !== 'saved' && bytes < 4_000_000,
)

describe('a resumed stream, spliced onto what was stored', () => {
  for (const { file } of simple) {
    it(`${file}: is byte for byte the stream that was interrupted, wherever it was cut`, () => {
      const stream = fixture(file)
      const random = randomFrom(stream.length)
      const records = split(stream)
      const edge = () => (records[random(records.length)]?.start ?? 0) + random(3) - 1
      let resumable = 0
      for (let turn = 0; turn < 24; turn++) {
        const length = turn % 2 ? 1 + random(stream.length) : Math.max(1, edge())
        const place = stored(stream, length)
        if (place === null) continue
        const { begin, anchor } = place
        resumable += 1
        const rest = resumed(stream, BigInt(anchor.object), BigInt(anchor.offset))
        const lengths = turn === 3 && rest.length < 100_000 ? [1] : [1 + random(300_000), 1 + random(300), 65536]
        assert.ok(spliced(begin, anchor, rest, lengths).equals(stream.subarray(anchor.start)), `cut at ${length}`)
      }
      assert.ok(resumable > 0 || records.length < 4)
    })
  }

  it('works on what ZFS itself sent for a token: res-full.zs and resumed-t.zs', () => {
    const stream = fixture('res-full.zs')
    const { object, offset } = { object: 2n, offset: 0x160000n }
    const block = split(stream).find(
      record => record.type === WRITE && pointOf(record).object === object && pointOf(record).offset === offset,
    )
    assert.ok(block)
    for (const length of [block.start + block.bytes.length, block.start + block.bytes.length + 311]) {
      const { begin, anchor } = stored(stream, length) ?? assert.fail()
      assert.deepEqual([anchor.type, anchor.object, anchor.offset], ['WRITE', '2', String(0x160000)])
      assert.ok(spliced(begin, anchor, fixture('resumed-t.zs'), [65536]).equals(stream.subarray(anchor.start)))
    }
  })

  it('can be interrupted again, any number of times', () => {
    const stream = fixture('zvol-full.zs')
    let length = 300_000
    const { begin, anchor: first } = stored(stream, length) ?? assert.fail()
    let anchor = first
    for (let turn = 0; turn < 4; turn++) {
      const rest = resumed(stream, BigInt(anchor.object), BigInt(anchor.offset))
      length += 300_000
      const made = Buffer.concat(new Splicer(begin, anchor).push(rest).map(piece => Buffer.from(piece)))
      const parser = parsed([made.subarray(0, length - anchor.start)], { from: { begin, anchor } })
      const all = Buffer.concat([stream.subarray(0, anchor.start), made])
      assert.ok(all.equals(stream))
      const next = parser.anchor() ?? assert.fail()
      assert.ok(next.start > anchor.start)
      anchor = next
    }
  })

  it('hands payloads on without copying them', () => {
    const stream = fixture('zstd-c-full.zs')
    const { begin, anchor } = stored(stream, 100_000) ?? assert.fail()
    const rest = resumed(stream, BigInt(anchor.object), BigInt(anchor.offset))
    const pieces = new Splicer(begin, anchor).push(rest)
    const long = pieces.filter(({ length }) => length > 1000)
    assert.ok(long.length > 3)
    for (const piece of long) assert.equal(piece.buffer, rest.buffer)
  })

  it('begins, where the stream is raw, behind the range that is sent again', () => {
    const stream = fixture('raw-w-full.zs')
    const { anchor } = stored(stream, 90_000) ?? assert.fail()
    const rest = resumed(stream, BigInt(anchor.object), BigInt(anchor.offset))
    assert.equal(split(rest)[1]?.type, OBJECT_RANGE)
  })
})

describe('what is not spliced', () => {
  const stream = fixture('res-full.zs')
  const full = stored(stream, 2_000_000) ?? assert.fail()
  const { anchor } = full
  const object = BigInt(anchor.object)
  const offset = BigInt(anchor.offset)
  const good = resumed(stream, object, offset)
  const flipped = Buffer.from(good)
  flipped.writeUInt8(flipped.readUInt8(200_000) ^ 1, 200_000)
  const records = split(good)
  const twin = records.findIndex(({ type }) => type === WRITE)
  const lacking = join(records.filter((_, index) => index !== twin).map(({ bytes }) => bytes))
  const cases: [what: string, begin: Begin, bytes: Buffer, why: RegExp][] = [
    ['a stream that was not resumed', full.begin, stream, /not a resumed stream/],
    [
      'one of another snapshot',
      { ...full.begin, toguid: '5' },
      good,
      /but the interrupted upload of tank\/res@one has GUID 5/,
    ],
    ['one from another base', { ...full.begin, fromguid: '5' }, good, /has no base, but .* has base GUID 5/],
    ['one with other features', { ...full.begin, features: ['sa_spill', 'compressed'] }, good, /other features/],
    ['one that starts elsewhere', full.begin, resumed(stream, object, offset + 131072n), /starts at object 2, offset/],
    ['one that is damaged', full.begin, flipped, /the resumed stream is damaged at byte \d+, record \d+: the checksum/],
    ['one without the record that it starts with', full.begin, lacking, /lacks the record it should begin with/],
    ['text', full.begin, Buffer.from('cannot resume send: token is corrupt\n'), /it is text/],
    ['one with something behind it', full.begin, Buffer.concat([good, good]), /more bytes follow/],
  ]
  for (const [what, begin, bytes, why] of cases) {
    it(what, () => {
      assert.throws(
        () => new Splicer(begin, anchor).push(bytes),
        error => error instanceof Failure && error.status === exitStatus.badStream && why.test(error.message),
      )
    })
  }

  it('a stream whose records came from another history: the twin is missing', () => {
    const elsewhere: Anchor = { ...anchor, type: 'WRITE_EMBEDDED' }
    assert.throws(() => new Splicer(full.begin, elsewhere).push(good), /lacks the record it should begin with/)
  })

  const none: [file: string, length: number, why: RegExp][] = [
    ['plain-full.zs', 100, /nothing of it has come yet/],
    ['plain-full.zs', 312, /no file or volume has come yet/],
    ['plain-all-I.zs', 100_000, /this is a package/],
    ['resumed-t.zs', 100_000, /resumed stream itself/],
    ['saved-S.zs', 1_000_000, /partly received/],
  ]
  for (const [file, length, why] of none) {
    it(`${file}, cut at ${length}: ${why.source}`, () => {
      const parser = parsed([fixture(file).subarray(0, length)])
      assert.equal(parser.anchor(), null)
      assert.match(parser.whyNoAnchor() ?? '', why)
    })
  }
})
