/** What an object says of itself: all that is known when its upload begins, in 2 KB; and what is not believed. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Failure } from '#src/failure.js'
import { type Known, objectMetadata, readMetadata } from '#src/commands/put/metadata.js'

const plain: Known = {
  described: {
    snapshot: { name: 'tank/home@b', guid: '18446744073709551615' },
    base: { name: 'tank/home@a', guid: '1' },
    key: 'tank/home@b <- tank/home@a',
    created: '2026-11-24T11:51:02Z',
  },
  inner: null,
  check: 'none',
  filter: null,
  geometry: { partSize: 16_777_216, partsPerVolume: 10_000 },
}

const bytesOf = (metadata: Readonly<Record<string, string>>) =>
  Object.entries(metadata).reduce((sum, [name, value]) => sum + `x-amz-meta-${name}${value}`.length, 0)

describe('the metadata of an object', () => {
  it('is read as it was written', () => {
    const { described, geometry } = plain
    assert.deepEqual(readMetadata(objectMetadata({ ...plain, filter: ' zstd | age -r ü% ' })), {
      snapshot: described.snapshot,
      base: described.base,
      created: described.created,
      partSize: geometry.partSize,
      maxParts: geometry.partsPerVolume,
      check: 'none',
      features: null,
      toIvset: null,
      fromIvset: null,
      filter: ' zstd | age -r ü% ',
      upload: null,
      volume: null,
    })
  })

  it('fits into 2 KB with the longest names, whatever the filter is, and says that there is one', () => {
    const long = { name: `${'d'.repeat(200)}@${'s'.repeat(54)}`, guid: '18446744073709551615' }
    const described = { ...plain.described, snapshot: long, base: long }
    const upload = { 'zfs2s3-upload': 'd3b07384-d113-4ec5-a5d3-0123456789ab', 'zfs2s3-volume': '100000' }
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3000, size: 'max' }), filter => {
        const metadata = { ...objectMetadata({ ...plain, described, filter }), ...upload }
        assert.ok(bytesOf(metadata) <= 2048)
        for (const value of Object.values(metadata)) assert.match(value, /^(?! )[\x20-\x7e]*$/)
        const told = readMetadata(metadata)?.filter ?? ''
        assert.ok(told === filter || (told.endsWith(' ...') && filter.startsWith(told.slice(0, -4))))
      }),
    )
  })

  it('that has nothing of ours is nobody’s', () => assert.equal(readMetadata({ author: 'somebody' }), null))

  const good = objectMetadata(plain)
  const lies: [what: string, change: Record<string, string>, message: RegExp][] = [
    ['a GUID that is none', { 'zfs2s3-guid': '0' }, /"zfs2s3-guid" .*is not a GUID/],
    ['a GUID that is too large', { 'zfs2s3-guid': '18446744073709551616' }, /is not a GUID/],
    ['a snapshot that is none', { 'zfs2s3-snapshot': 'tank/home' }, /'tank\/home', which is not the name/],
    ['a snapshot out of its place', { 'zfs2s3-snapshot': '../../etc@passwd' }, /is not the name of a snapshot/],
    ['a name with a newline', { 'zfs2s3-snapshot': 'tank@a%0Ab' }, /is not the name of a snapshot/],
    ['a broken encoding', { 'zfs2s3-snapshot': 'tank@%E4' }, /zfs2s3-snapshot is not percent-encoded/],
    ['a time that is none', { 'zfs2s3-created': 'yesterday' }, /is not a UTC time/],
    ['a length that is none', { 'zfs2s3-part-size': '1e3' }, /'1e3' instead of a number/],
    ['a check that nobody makes', { 'zfs2s3-check': 'trust me' }, /zfs2s3-check is missing or unknown/],
  ]
  for (const [what, change, message] of lies) {
    it(`does not believe ${what}`, () => {
      assert.throws(
        () => readMetadata({ ...good, ...change }),
        error => error instanceof Failure && message.test(error.message),
      )
    })
  }
  for (const name of ['zfs2s3-snapshot', 'zfs2s3-base', 'zfs2s3-base-guid', 'zfs2s3-check']) {
    it(`is none without ${name}`, () => {
      const rest = Object.entries(good).filter(([other]) => other !== name)
      assert.throws(() => readMetadata(Object.fromEntries(rest)), Failure)
    })
  }
})
