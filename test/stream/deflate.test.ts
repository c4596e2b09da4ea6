import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { deflateAsZlib } from '#src/stream/deflate.js'

/** A long dataset name and more: enough letters for codes of its own. */
const text =
  'tank/backups/hosts/alpha/rpool/ROOT/debian-13/var/lib/postgresql/17/main@zfs-auto-snap_daily-2026-11-24-0625 ' +
  'pool/vm/disk-0@x rpool/USERDATA/root_8k3w1q tank/backups/hosts/beta/var/log/journal ' +
  'quick brown fox jumps over lazy dogs ZFS QWERTY'

describe('what zlib 1.2.13 makes of some bytes at level 6', () => {
  const cases: [what: string, bytes: string, hex: string][] = [
    ['nothing', '', '789c030000000001'],
    ['one byte', 'a', '789c4b040000620062'],
    ['a long run', 'a'.repeat(1000), '789c4b4c1c05a360140c770000f9d87af8'],
    ['a match that is put off', 'abcab'.repeat(7) + 'abcabcx', '789c4b4c4a4e4c4a244c2457000059431024'],
    [
      'a block with codes of its own',
      text,
      '789c658ecb6ec23010007f657fc0da3850da2348c015115255ed05ad4908c68ed7f1233cbebe088edc473393c819547430d9473c714c11c9fa' +
        '1361f0cc16abcda6c6a6559a9c90131c29a0d50afd03ec421b078bf2137bd26e7e3f464139b1888efcbe216d6fa22cca999052945351ccca0f' +
        '782ac71e1b1d8d28e6577845be77ab6ab9a8171898d3fecb4c2e7280f43ea6da44af05eef0cc3938b230647d30a0025f1c1cf90ae7dcfb083c' +
        'b6012cdd6fd07017e16fbd83edcfaaaa7fff01950353f3',
    ],
  ]
  for (const [what, bytes, hex] of cases) {
    it(`${what} is made here too`, () => assert.equal(deflateAsZlib(Buffer.from(bytes)).toString('hex'), hex))
  }

  it('inflates to what it was', () => {
    const skewed = fc.array(fc.integer({ min: 0, max: 30 }).map(step => (step * step * step) >> 7))
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2000, size: 'max' }),
      skewed.map(values => Uint8Array.from(values)),
      fc
        .tuple(skewed, fc.nat(60))
        .map(([values, times]) => Uint8Array.from(Array(times).fill(values).flat() as number[])),
    )
    const property = fc.property(bytes, bytes =>
      assert.deepEqual(inflateSync(deflateAsZlib(bytes)), Buffer.from(bytes)),
    )
    fc.assert(property, { numRuns: 300 })
  })

  it('has no more than one block', () => assert.throws(() => deflateAsZlib(new Uint8Array(16 * 1024 + 1)), RangeError))
})
