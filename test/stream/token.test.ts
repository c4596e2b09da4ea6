import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { exitStatus, Failure } from '#src/failure.js'
import { decodeToken, encodeToken, tokenFacts, type TokenFacts } from '#src/stream/token.js'
import { fixture } from '../fixtures.js'
import { ReferenceFletcher4 } from './reference.js'
import { verdictOf } from './streams.js'

const token = fixture('resumed-t.token').toString().trim()
/** What ZFS itself says that it means: test/fixtures/resumed-t.token.txt. */
const facts: TokenFacts = {
  toguid: BigInt('0x5f28009d2ca7e20c').toString(),
  fromguid: null,
  toname: 'tank/res@one',
  object: '2',
  offset: String(0x160000),
  bytes: String(0x1818a0),
  largeBlocks: false,
  embedData: false,
  compressed: false,
  raw: false,
}

/** A token of these bytes, with a right checksum unless another is given. */
function tokenOf(nvlist: Buffer, length = nvlist.length, sum?: string): string {
  const compressed = deflateSync(nvlist)
  const sums = new ReferenceFletcher4()
  sums.update(compressed)
  return ['1', sum ?? BigInt(sums.checksum[0]).toString(16), length.toString(16), compressed.toString('hex')].join('-')
}

describe('a resume token', () => {
  it('that ZFS made is read', () => assert.deepEqual(decodeToken(`${token}\n`), facts))
  it('is made bit by bit as ZFS makes it', () => assert.equal(encodeToken(facts), token))

  it('says of a stream what is needed to go on with it', () => {
    const begin = verdictOf(fixture('raw-w-incr.zs')).substreams[0] ?? assert.fail()
    const made = decodeToken(encodeToken(tokenFacts(begin, { object: '5', offset: '131072' }, 7)))
    assert.deepEqual([made.toguid, made.fromguid, made.toname], [begin.toguid, begin.fromguid, 'tank/secret@two'])
    assert.deepEqual([made.raw, made.compressed, made.largeBlocks, made.embedData], [true, true, false, false])
    assert.deepEqual([made.object, made.offset, made.bytes], ['5', '131072', '7'])
    const lz4 = verdictOf(fixture('lz4-Lec-full.zs')).substreams[0] ?? assert.fail()
    const { largeBlocks, embedData, raw } = tokenFacts(lz4, { object: '5', offset: '0' }, 0)
    assert.deepEqual([largeBlocks, embedData, raw], [true, true, false])
  })

  it('comes back as it was made', () => {
    const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)
    const property = fc.property(
      fc.record<TokenFacts>(
        {
          toguid: u64,
          fromguid: fc.option(u64),
          toname: fc.string({ maxLength: 200 }).filter(name => !name.includes('\0')),
          object: u64,
          offset: u64,
          bytes: u64,
          largeBlocks: fc.boolean(),
          embedData: fc.boolean(),
          compressed: fc.boolean(),
          raw: fc.boolean(),
        },
        { noNullPrototype: true },
      ),
      facts => assert.deepEqual(decodeToken(encodeToken(facts)), facts),
    )
    fc.assert(property)
  })

  it('with a changed digit is refused', () => {
    for (let at = 0; at < token.length; at++) {
      if (token[at] === '-') continue
      const changed = `${token.slice(0, at)}${token[at] === '0' ? '1' : '0'}${token.slice(at + 1)}`
      assert.throws(() => decodeToken(changed), Failure, changed)
    }
  })

  const cases: [what: string, token: string, why: RegExp][] = [
    ['nothing', '', /not four hexadecimal numbers/],
    ['a name', 'tank/home@a', /not four hexadecimal numbers/],
    ['one cut short', token.slice(0, 101), /checksum does not hold/],
    ['one of another version', token.replace('1-', '2-'), /version 2/],
    ['one that inflates to more than it says', tokenOf(Buffer.alloc(5_000_000), 100), /can not be inflated/],
    ['one that says it is huge', tokenOf(Buffer.alloc(10), 2 ** 40), /claims to hold 1099511627776 bytes/],
    ['one of less than it says', tokenOf(Buffer.alloc(10), 11), /holds 10 bytes instead of 11/],
    ['one of something else', tokenOf(Buffer.from('00010000000000000100000000000000', 'hex')), /has no toguid/],
    ['one that holds no nvlist', tokenOf(Buffer.from('hello')), /nvlist/],
  ]
  for (const [what, token, why] of cases) {
    it(`is not ${what}`, () => {
      assert.throws(
        () => decodeToken(token),
        error => error instanceof Failure && error.status === exitStatus.usage && why.test(error.message),
      )
    })
  }
})
