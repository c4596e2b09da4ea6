/** Streams that end early or were changed: none of them may pass for whole. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StreamParser } from '#src/stream/parser.js'
import { fixture } from '../fixtures.js'
import { END, join, OBJECT, split, WRITE, type PlainRecord } from './reference.js'
import { parsed, randomFrom, recorded, verdictOf } from './streams.js'
import { bytesOf, simpleStream } from './writer.js'

/** Checks a verdict on the first `length` bytes of a stream with these records. */
function isCut(verdict: ReturnType<StreamParser['end']>, length: number, records: readonly PlainRecord[]): void {
  const within = records.findLastIndex(({ start }) => start < length)
  const record = records[within]
  const complete = record && record.start + record.bytes.length === length
  assert.equal(verdict.outcome, 'truncated', `${length} bytes`)
  assert.equal(verdict.at, length)
  assert.equal(verdict.record, complete ? within + 2 : within + 1, `${length} bytes`)
}

describe('a stream that ends early', () => {
  for (const name of ['plain-empty-incr.zs', 'chain-2-3.zs', 'repl-R-incr.zs']) {
    it(`is reported so after every single byte of ${name}, with the place where it ends`, () => {
      const stream = fixture(name)
      const records = split(stream)
      const parser = new StreamParser()
      for (let length = 1; length < stream.length; length++) {
        parser.push(stream.subarray(length - 1, length))
        isCut(parser.end(), length, records)
      }
      parser.push(stream.subarray(-1))
      assert.equal(parser.end().outcome, 'whole')
    })
  }

  for (const { file, complete } of recorded.filter(({ bytes }) => bytes < 4_000_000)) {
    it(`is reported so around every record of ${file}, and at random places`, () => {
      const stream = fixture(file)
      const records = split(stream)
      const random = randomFrom(stream.length)
      const edges = records.flatMap(({ start }) => [start - 1, start, start + 1])
      const cuts = [...edges, stream.length - 1, ...Array.from({ length: 100 }, () => random(stream.length))]
      const lengths = [...new Set(cuts)].filter(length => length > 0).sort((one, other) => one - other)
      const parser = new StreamParser()
      for (const length of lengths) {
        parser.push(stream.subarray(parser.position, length))
        isCut(parser.end(), length, records)
      }
      assert.equal(complete, records.at(-1)?.type === END)
    })
  }

  const stream = fixture('chain-1.zs')
  const cases: [what: string, bytes: Uint8Array, why: string][] = [
    ['an empty one', new Uint8Array(), 'it is empty'],
    ['one byte', stream.subarray(0, 1), 'it ends within the header of a record'],
    ['just a BEGIN', stream.subarray(0, 312), 'it ends without END'],
    ['one cut in a block', stream.subarray(0, 20_000), 'it ends within the record'],
    ['a saved one', fixture('saved-S.zs'), 'it is of a partly received snapshot (zfs send -S), which has no END'],
    [
      'a package without its last END',
      fixture('plain-all-I.zs').subarray(0, -312),
      'it ends without the last END of a package',
    ],
  ]
  for (const [what, bytes, why] of cases) {
    it(`${what}: ${why}`, () => {
      const verdict = verdictOf(bytes)
      assert.equal(verdict.outcome, 'truncated')
      assert.equal(verdict.why, why)
    })
  }
})

describe('a changed stream', () => {
  it('is noticed whichever bit of a small one it is', () => {
    const stream = fixture('plain-empty-incr.zs')
    for (let bit = 0; bit < stream.length * 8; bit++) {
      const flipped = Buffer.from(stream)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      assert.notEqual(verdictOf(flipped).outcome, 'whole', `bit ${bit}`)
    }
  })

  it('is noticed in 2,000 bits of others, half of them in headers', () => {
    const names = [
      'chain-2-3.zs',
      'plain-all-I.zs',
      'repl-R-incr.zs',
      'raw-w-incr.zs',
      'zstd-c-incr.zs',
      'plain-props-p.zs',
    ]
    const random = randomFrom(4)
    const streams = names.map(name => ({ name, stream: fixture(name), records: split(fixture(name)) }))
    for (let turn = 0; turn < 2000; turn++) {
      const { name, stream, records } = streams[turn % streams.length] ?? assert.fail()
      const header = records[random(records.length)]?.start ?? 0
      const at = turn % 12 < 6 ? header + random(312) : random(stream.length)
      const mask = 1 << random(8)
      stream.writeUInt8(stream.readUInt8(at) ^ mask, at)
      assert.notEqual(verdictOf(stream).outcome, 'whole', `${name}, byte ${at}`)
      stream.writeUInt8(stream.readUInt8(at) ^ mask, at)
    }
  })

  it('is noticed in every bit of the two ENDs of a package that no checksum covers', () => {
    const stream = fixture('plain-all-I.zs').subarray(0)
    for (const end of [312, stream.length - 312]) {
      for (let bit = 0; bit < 312 * 8; bit++) {
        const at = end + (bit >> 3)
        stream.writeUInt8(stream.readUInt8(at) ^ (1 << (bit & 7)), at)
        assert.notEqual(verdictOf(stream).outcome, 'whole', `byte ${at}`)
        stream.writeUInt8(stream.readUInt8(at) ^ (1 << (bit & 7)), at)
      }
    }
  })

  const plain = fixture('chain-2-3.zs')
  const other = fixture('chain-3-4.zs')
  const records = split(plain).map(({ bytes }) => bytes)
  const change = (type: number, edit: (record: Buffer) => void) =>
    join(
      split(plain).map(record => {
        const bytes = Buffer.from(record.bytes)
        if (record.type === type) edit(bytes)
        return bytes
      }),
    )
  const end = records.at(-1) ?? assert.fail()
  const cases: [what: string, bytes: Uint8Array, why: RegExp][] = [
    ['text', Buffer.from('cannot open tank/home: dataset does not exist\n'), /^it is text, not a zfs send stream$/],
    ['little text', Buffer.from('no\n'), /^it is text/],
    ['zstd', Buffer.from('28b52ffd04588900aabbccddeeff0011', 'hex'), /^it is compressed \(zstd\)$/],
    ['a big-endian stream', bigEndian(plain), /big-endian machine, which is not supported$/],
    ['one byte behind END', Buffer.concat([plain, Buffer.alloc(1)]), /^more bytes follow its END$/],
    ['two streams in a row', Buffer.concat([plain, other]), /^more bytes follow its END$/],
    ['a BEGIN before END', Buffer.concat([plain.subarray(0, -312), other]), /^another BEGIN before END$/],
    [
      'a record left out',
      Buffer.concat([...records.slice(0, 5), ...records.slice(6)]),
      /^the checksum of what lies before/,
    ],
    ['an END of zeros', Buffer.concat([plain.subarray(0, -312), end.subarray(0, 8), Buffer.alloc(304)]), /checksum/],
    ['an unknown type', change(WRITE, record => record.writeUInt32LE(11)), /^its type 11 is unknown$/],
    ["another snapshot's END", change(END, record => record.writeUInt32LE(1, 40)), /names another snapshot/],
    ["another snapshot's record", change(WRITE, record => record.writeUInt32LE(1, 40)), /names another snapshot/],
    ['a block of 1 TiB', change(WRITE, record => record.writeUInt32LE(256, 36)), /payload can't be \d+ bytes long$/],
    [
      'a block of no whole words',
      change(WRITE, record => record.writeUInt8(1, 32)),
      /payload can't be 513 bytes long$/,
    ],
    ['a bonus of 4 GiB', change(OBJECT, record => record.writeUInt32LE(0xffffffff, 36)), /can't be 4294967295 bytes/],
  ]
  for (const [what, bytes, why] of cases) {
    it(`${what} is damage`, () => {
      const verdict = verdictOf(bytes)
      assert.equal(verdict.outcome, 'damaged')
      assert.match(verdict.why, why)
    })
  }

  it('says at which byte and in which record', () => {
    const flipped = Buffer.from(plain)
    const records = split(plain)
    const write = records.findIndex(({ type }) => type === WRITE)
    const [found, next] = [records[write], records[write + 1]]
    assert.ok(found && next)
    flipped.writeUInt8(flipped.readUInt8(found.start + 400) ^ 1, found.start + 400)
    const parser = parsed([flipped.subarray(0, next.start + 312)])
    assert.deepEqual([parser.damage?.at, parser.damage?.record], [next.start, write + 2])
  })

  it('takes no memory because a header announces much', () => {
    const begin = bytesOf(simpleStream({ toname: 'tank@1', toguid: 1n })).subarray(0, 312)
    begin.writeUInt32LE(64 * 2 ** 20, 4)
    const before = process.memoryUsage().arrayBuffers
    const parser = parsed([begin, Buffer.alloc(100_000)])
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20)
    assert.equal(parser.end().outcome, 'truncated')
    begin.writeUInt32LE(64 * 2 ** 20 + 4, 4)
    assert.match(verdictOf(begin).outcome === 'damaged' ? 'damaged' : '', /damaged/)
  })
})

/** The first 312 bytes as a machine of the other byte order writes them. */
function bigEndian(stream: Buffer): Buffer {
  const header = Buffer.from(stream.subarray(0, 312))
  header.subarray(8, 56).swap64()
  return header
}
