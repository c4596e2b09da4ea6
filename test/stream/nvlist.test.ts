import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeNvlist, encodeNvlist, type Nvlist, type NvValue, type PlainPair } from '#src/stream/nvlist.js'
import { Failure } from '#src/failure.js'
import { fixture } from '../fixtures.js'
import { split } from './reference.js'

const beginOf = (name: string) => (split(fixture(name))[0]?.bytes ?? Buffer.alloc(0)).subarray(312)
const hex = (digits: string) => Buffer.from(digits.replaceAll(/\s/g, ''), 'hex')

/** A value deep in a list. */
function at(value: NvValue | undefined, ...path: string[]): NvValue | undefined {
  const child = (list: NvValue | undefined, name: string) =>
    list instanceof Map ? (list as Nvlist).get(name) : undefined
  return path.reduce(child, value)
}

/** A native list of one pair, called `n`; `value` is padded. */
const native = (type: number, count: number, value: string) => {
  const pair = Buffer.concat([Buffer.alloc(16), Buffer.from('n\0\0\0\0\0\0\0'), hex(value)])
  pair.writeInt32LE(pair.length, 0)
  pair.writeInt16LE(2, 4)
  pair.writeInt32LE(count, 8)
  pair.writeInt32LE(type, 12)
  return Buffer.concat([hex('00010000 00000000 01000000'), pair, Buffer.alloc(4)])
}
/** The same as XDR. */
const xdr = (type: number, count: number, value: string) => {
  const pair = Buffer.concat([Buffer.alloc(8), hex('00000001 6e000000'), Buffer.alloc(8), hex(value)])
  pair.writeInt32BE(pair.length, 0)
  pair.writeInt32BE(type, 16)
  pair.writeInt32BE(count, 20)
  return Buffer.concat([hex('01010000 00000000 00000001'), pair, Buffer.alloc(8)])
}

describe('nvlists', () => {
  it('of the kernel are read: nested, with arrays of bytes', () => {
    const keydata = decodeNvlist(beginOf('raw-w-incr.zs')).get('crypt_keydata')
    assert.equal(at(keydata, 'DSL_CRYPTO_SUITE'), 8n)
    assert.equal(at(keydata, 'pbkdf2salt'), 0x3b8ed1ec15e878cfn)
    assert.deepEqual(at(keydata, 'DSL_CRYPTO_IV'), hex('37f3363e1e62dea70789a78b'))
    assert.equal(at(keydata, 'from_ivset_guid'), 0xd4638061227ebdn)
  })

  it('of the zfs command are read: XDR', () => {
    const list = decodeNvlist(beginOf('plain-props-p.zs'))
    assert.deepEqual([...list.keys()], ['tosnap', 'not_recursive', 'fss'])
    assert.equal(list.get('not_recursive'), true)
    assert.equal(at(list, 'fss', '0x6ee809d7144505ba', 'props', 'compression'), 2n)
    assert.equal(at(list, 'fss', '0x6ee809d7144505ba', 'snaps', 'one'), 0x1c665cc3265646a3n)
  })

  it('are read without what is not needed', () => {
    const list = decodeNvlist(beginOf('plain-props-p.zs'), new Set(['props', 'snapprops']))
    assert.equal(at(list, 'fss', '0x6ee809d7144505ba', 'props'), undefined)
    assert.equal(at(list, 'fss', '0x6ee809d7144505ba', 'snaps', 'one'), 0x1c665cc3265646a3n)
    assert.deepEqual([...decodeNvlist(beginOf('raw-w-incr.zs'), new Set(['crypt_keydata'])).keys()], [])
  })

  const types: [what: string, list: Buffer, value: NvValue | undefined][] = [
    ['int8', native(22, 1, 'ff00000000000000'), -1n],
    ['int32', native(5, 1, 'feffffff00000000'), -2n],
    ['uint64', native(8, 1, 'ffffffffffffffff'), 2n ** 64n - 1n],
    ['boolean value', native(21, 1, '0000000000000000'), false],
    ['string', native(9, 1, '6162000000000000'), 'ab'],
    ['uint16 array', native(12, 3, '0100020003000000'), [1n, 2n, 3n]],
    ['uint64 array', native(16, 2, '0100000000000000 0200000000000000'), [1n, 2n]],
    ['string array', native(17, 2, '00'.repeat(16) + '6100620000000000'), ['a', 'b']],
    ['double', native(27, 1, '0000000000000000'), undefined],
    ['XDR int8', xdr(22, 1, 'ffffffff'), -1n],
    ['XDR uint64', xdr(8, 1, 'ffffffffffffffff'), 2n ** 64n - 1n],
    ['XDR boolean value', xdr(21, 1, '00000001'), true],
    ['XDR string', xdr(9, 1, '00000002 61620000'), 'ab'],
    ['XDR uint8 array', xdr(26, 2, '00000002 00000001 00000002'), [1n, 2n]],
    ['XDR byte array', xdr(10, 3, '01020300'), hex('010203')],
    ['XDR uint64 array', xdr(16, 1, '00000001 0000000000000005'), [5n]],
    ['XDR string array', xdr(17, 2, '00000001 61000000 00000002 62630000'), ['a', 'bc']],
  ]
  for (const [what, list, value] of types) it(what, () => assert.deepEqual(decodeNvlist(list).get('n'), value))

  const inner = '00000000 01000000 0000000000000000 0000000000000000'
  it('arrays of lists', () => {
    const list = native(20, 2, '00'.repeat(16) + inner + inner)
    const both = decodeNvlist(Buffer.concat([list.subarray(0, -4), Buffer.alloc(12)])).get('n')
    assert.deepEqual(both, [new Map(), new Map()])
    const inXdr = decodeNvlist(xdr(20, 2, ('00000000 00000001' + '00'.repeat(8)).repeat(2))).get('n')
    assert.deepEqual(inXdr, [new Map(), new Map()])
  })

  const name = fc.string({ minLength: 1, maxLength: 20 }).filter(text => /^[a-z_]+$/.test(text))
  const value: fc.Arbitrary<PlainPair[1]> = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.string().filter(text => !text.includes('\0')),
    fc.constant<true>(true),
  )
  it('come back as they were packed', () => {
    const property = fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([name]) => name }), pairs =>
      assert.deepEqual([...decodeNvlist(encodeNvlist(pairs))], pairs),
    )
    fc.assert(property)
  })

  const deep = (depth: number): Buffer => {
    const list = native(19, 1, inner)
    const pair = list.subarray(12, -4)
    return Buffer.concat([
      list.subarray(0, 12),
      ...Array.from({ length: depth }, () => pair),
      Buffer.alloc(4 * depth + 4),
    ])
  }
  it('may be nested, but not without end', () => {
    assert.ok(decodeNvlist(deep(10)).get('n') instanceof Map)
    assert.throws(() => decodeNvlist(deep(1000)), /more than 16 lists deep/)
  })

  const good = beginOf('repl-R-incr.zs')
  it('that are damaged are refused or read as something else, and cost nothing', () => {
    for (const list of [good, beginOf('raw-w-full.zs')]) {
      for (let bit = 0; bit < list.length * 8; bit++) {
        const damaged = Buffer.from(list)
        damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        mayFail(() => decodeNvlist(damaged))
      }
    }
  })
  for (const [what, list] of [
    ['cut', good.subarray(0, 700)],
    ['empty', new Uint8Array()],
    ['of another encoding', hex('02010000 00000000 01000000 00000000')],
    ['an array of 4 billion lists', native(20, -1, '')],
    ['an array of 4 billion strings', native(17, -1, '')],
    ['a string without an end', native(9, 1, '6161616161616161')],
  ] as const) {
    it(`that are ${what} are refused`, () => assert.throws(() => decodeNvlist(list), /nvlist can't be read/))
  }
})

function mayFail(act: () => unknown): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
  }
}
