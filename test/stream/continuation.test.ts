import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Continuation } from '#src/stream/continuation.js'
import { decodeToken, tokenFacts, type TokenFacts } from '#src/stream/token.js'
import { fixture } from '../fixtures.js'
import { OBJECT, pointOf, resumed, split, WRITE, WRITE_EMBEDDED } from './reference.js'
import { cut, randomFrom, recorded, verdictOf } from './streams.js'

function continued(token: TokenFacts, stream: Buffer, lengths: readonly number[]): Buffer {
  const continuation = new Continuation(token)
  const pieces: Uint8Array[] = []
  for (const chunk of cut(stream, lengths)) pieces.push(...continuation.push(chunk))
  return Buffer.concat(pieces)
}

const tokenAt = (stream: Buffer, object: bigint, offset: bigint): TokenFacts =>
  tokenFacts(
    verdictOf(stream).substreams[0] ?? assert.fail(),
    { object: object.toString(), offset: offset.toString() },
    0,
  )

const simple = recorded.filter(
  ({ kind, begin, bytes }) => begin.hdrtype === 1 && kind !== 'resumed' && kind !== 'saved' && bytes < 4_000_000,
)

describe('a stored stream, from where an interrupted receive stopped', () => {
  it('is byte for byte what zfs send -t sends for the same token: res-full.zs and resumed-t.zs', () => {
    const token = decodeToken(fixture('resumed-t.token').toString())
    assert.ok(continued(token, fixture('res-full.zs'), [65536]).equals(fixture('resumed-t.zs')))
  })

  for (const { file } of simple) {
    it(`${file}: is a whole resumed stream from any block on`, () => {
      const stream = fixture(file)
      const random = randomFrom(stream.length)
      const points = split(stream)
        .filter(({ type }) => type === WRITE || type === WRITE_EMBEDDED || type === OBJECT)
        .map(pointOf)
      for (let turn = 0; turn < 8 && points.length > 0; turn++) {
        const { object, offset } = points[random(points.length)] ?? assert.fail()
        if (object === 1n && offset === 0n) continue
        const made = continued(tokenAt(stream, object, offset), stream, [1 + random(100_000), 1 + random(500)])
        assert.ok(made.equals(resumed(stream, object, offset)))
        const verdict = verdictOf(made)
        assert.equal(verdict.outcome, 'whole')
        assert.equal(verdict.kind, 'resumed')
        assert.deepEqual(verdict.substreams[0]?.resume, { object: object.toString(), offset: offset.toString() })
      }
    })
  }

  it('keeps what BEGIN says besides: the keys of a raw stream', () => {
    const stream = fixture('raw-w-incr.zs')
    const [made] = verdictOf(continued(tokenAt(stream, 2n, 0n), stream, [65536])).substreams
    const [original] = verdictOf(stream).substreams
    assert.equal(made?.toIvset, original?.toIvset)
    assert.equal(made?.fromIvset, original?.fromIvset)
  })

  it('is all of an increment, also without an object 1, if the receiver stopped before the first block', () => {
    const stream = fixture('chain-2-3.zs')
    assert.ok(!split(stream).some(record => record.type === OBJECT && pointOf(record).object === 1n))
    const [, ...records] = split(stream)
    const made = continued(tokenAt(stream, 1n, 0n), stream, [65536])
    const [, ...others] = split(made)
    assert.equal(verdictOf(made).outcome, 'whole')
    assert.deepEqual(
      others.map(({ type, bytes }) => [type, bytes.length]),
      records.map(({ type, bytes }) => [type, bytes.length]),
    )
  })

  const stream = fixture('chain-1.zs')
  const token = tokenAt(stream, 2n, 0n)
  const records = split(stream).map(({ bytes }) => bytes)
  const shortened = Buffer.concat([...records.slice(0, 12), ...records.slice(-1)])
  const cases: [what: string, token: TokenFacts, stream: Buffer, why: RegExp][] = [
    ['a token of another snapshot', { ...token, toguid: '7' }, stream, /the token is for tank\/chain@day1 \(GUID 7/],
    ['a token of another base', { ...token, fromguid: '7' }, stream, /base GUID 7\), but the stored stream is/],
    ['a token of a raw receive', { ...token, raw: true }, stream, /other features/],
    ['an object that is not in the stream', { ...token, object: '99' }, stream, /has no object 99/],
    ['a package', token, fixture('plain-all-I.zs'), /only streams of one snapshot/],
    ['a resumed stream', token, fixture('resumed-t.zs'), /only streams of one snapshot/],
    ['a stream cut short and then ended', token, shortened, /the stored stream is damaged at byte/],
  ]
  for (const [what, token, stream, why] of cases) {
    it(`refuses ${what}`, () => assert.throws(() => new Continuation(token).push(stream), why))
  }
})
