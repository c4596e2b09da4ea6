/** What put sees of a stream before and while it sends it: the same however it is cut, and the end only if it is whole. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Failure } from '#src/failure.js'
import { insideInspection, inspected, readHead, recordInspection } from '#src/commands/put/look.js'
import { isHopeless } from '#src/commands/verdict.js'
import type { Verdict } from '#src/stream/facts.js'
import { StreamParser } from '#src/stream/parser.js'
import { fixture } from '../fixtures.js'

const incremental = fixture('plain-empty-incr.zs')
const full = fixture('chain-1.zs')

async function* chunksOf(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield await Promise.resolve(bytes.subarray(at, at + length))
}

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

const isBadStream = (hopeless: boolean, what: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error))
  assert.equal(error.status, 4)
  assert.match(error.message, what)
  assert.equal(isHopeless(error), hopeless, `${error.message} is ${hopeless ? '' : 'not '}hopeless`)
  return true
}

describe('the head of a stream', () => {
  const compressed = gzipSync(incremental)
  for (const length of [1, 15, 16, 17, 311, 312, 313, 100_000]) {
    it(`is known, and still there, when it comes in chunks of ${length} bytes`, async () => {
      const head = await readHead(chunksOf(incremental, length), false)
      assert.equal(head.check, 'records')
      assert.equal(head.begin?.toname, 'tank/plain@three')
      assert.equal(head.inner, head.begin)
      assert.ok((await joined(head.chunks)).equals(incremental))
    })

    it(`is known inside gzip, which passes as it is, in chunks of ${length} bytes`, async () => {
      const head = await readHead(chunksOf(compressed, length), false)
      assert.equal(head.check, 'inside')
      assert.equal(head.begin?.toname, 'tank/plain@three')
      assert.ok((await joined(head.chunks)).equals(compressed))
    })
  }

  it('of a package is its own BEGIN and the first one that brings something', async () => {
    const head = await readHead(chunksOf(fixture('plain-all-I.zs'), 100), false)
    assert.deepEqual([head.begin?.compound, head.inner?.compound], [true, false])
    assert.equal(head.inner?.toname, 'tank/plain@two')
  })

  const bad: [what: string, bytes: Uint8Array, why: RegExp][] = [
    ['no bytes', Buffer.alloc(0), /empty/],
    ['one byte', full.subarray(0, 1), /ends after 1 bytes/],
    ['all of a BEGIN record but its last byte', full.subarray(0, 311), /ends after 311 bytes/],
    ['gzip of no bytes', gzipSync(''), /ends after 0 bytes/],
    ['gzip of a cut BEGIN record', gzipSync(full.subarray(0, 311)), /ends after 311 bytes/],
    ['gzip cut off within its header', compressed.subarray(0, 5), /cut off or damaged/],
    ['one line of text', Buffer.from('cannot open: dataset does not exist\n'), /this is text/],
    ['age', Buffer.from('age-encryption.org/v1\n-> X25519 abcdef\n'), /encrypted \(age\)/],
    ['bytes without meaning', Buffer.alloc(100, 0xfe), /not a zfs send stream/],
  ]
  for (const [what, bytes, why] of bad) {
    it(`that is ${what} is refused`, async () => {
      await assert.rejects(readHead(chunksOf(bytes, 64), false), isBadStream(false, why))
    })
  }

  it('that can not be read passes if that is meant', async () => {
    const age = Buffer.from('age-encryption.org/v1\n-> X25519 abcdef\n')
    const head = await readHead(chunksOf(age, 1), true)
    assert.deepEqual([head.format, head.check, head.begin], ['age', 'none', null])
    assert.ok((await joined(head.chunks)).equals(age))
  })
})

describe('a stream that is looked at', () => {
  it('comes in pieces that never cross the end of a part, with the parser exactly there', async () => {
    const parser = new StreamParser()
    let length = 0
    for await (const piece of inspected(chunksOf(full, 1000), recordInspection(parser), 300, () => undefined)) {
      length += piece.length
      assert.ok(Math.floor((length - piece.length) / 300) === Math.floor((length - 1) / 300))
      assert.equal(parser.position, length)
    }
    assert.equal(length, full.length)
  })

  const end = full.length
  const flipped = (at: number) => {
    const bytes = Buffer.from(full)
    bytes[at] = (bytes[at] ?? 0) ^ 16
    return bytes
  }
  const variants: [what: string, bytes: Uint8Array, hopeless: boolean, plain: RegExp][] = [
    ['without its last byte', full.subarray(0, end - 1), false, /without its END/],
    ['without its END record', full.subarray(0, end - 312), false, /without its END/],
    ['with a byte more', Buffer.concat([full, Buffer.alloc(1)]), true, /more bytes follow/],
    ['followed by itself', Buffer.concat([full, full]), true, /more bytes follow/],
    ['with a bit flipped in its middle', flipped(end / 2), true, /checksum/],
    ['with a bit flipped in END', flipped(end - 100), true, /damaged/],
  ]
  for (const [what, bytes, hopeless, why] of variants) {
    it(`and is ${what} ends with an error, plain`, async () => {
      let verdict: Verdict | null = null
      const look = inspected(chunksOf(bytes, 4096), recordInspection(new StreamParser()), 5000, v => (verdict = v))
      await assert.rejects(joined(look), isBadStream(hopeless, why))
      assert.equal(verdict, null)
    })

    it(`and is ${what} ends with an error, inside gzip`, async () => {
      const inspection = insideInspection('gzip', () => undefined)
      const look = inspected(chunksOf(gzipSync(bytes), 999), inspection, 5000, () => assert.fail('it looked whole'))
      await assert.rejects(joined(look), isBadStream(hopeless, why))
      await inspection.close()
    })
  }

  const compressed = gzipSync(full)
  const wrong: [what: string, bytes: Uint8Array, hopeless: boolean][] = [
    ['cut off in the middle', compressed.subarray(0, compressed.length / 2), false],
    ['without its last byte', compressed.subarray(0, -1), true],
    ['with a wrong checksum', Buffer.concat([compressed.subarray(0, -8), Buffer.alloc(8)]), true],
    ['followed by something else', Buffer.concat([compressed, Buffer.from('more')]), true],
    ['followed by another one', Buffer.concat([compressed, compressed]), true],
  ]
  for (const [what, bytes, hopeless] of wrong) {
    it(`inside gzip that is ${what} ends with an error`, async () => {
      const inspection = insideInspection('gzip', () => undefined)
      const look = inspected(chunksOf(bytes, 999), inspection, 5000, () => assert.fail('it looked whole'))
      await assert.rejects(joined(look), isBadStream(hopeless, /damaged/))
      await inspection.close()
    })
  }

  it('inside gzip gives its verdict at its end', async () => {
    const verdicts: (Verdict | null)[] = []
    const inspection = insideInspection('gzip', () => undefined)
    const look = inspected(chunksOf(compressed, 1), inspection, 5000, verdict => verdicts.push(verdict))
    assert.ok((await joined(look)).equals(compressed))
    assert.deepEqual(
      verdicts.map(verdict => [verdict?.outcome, verdict?.bytes]),
      [['whole', full.length]],
    )
    await inspection.close()
  })
})
