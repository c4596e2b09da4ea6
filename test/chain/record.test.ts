import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isGuid } from '#src/chain/guid.js'
import { edgeToRecord, recordToEdge } from '#src/chain/record.js'
import { anyEdge } from './any-edge.js'
import { edge } from './notation.js'

/** A record with all its fields (man/zfs2s3-format.5). */
const line = `{"snapshot":"tank/home@b","guid":"11016576939197236312","base":"tank/home@a","base_guid":"12169268280325133658",
  "key":"tank/home@b <- tank/home@a","bytes":3184424,"storage_class":"STANDARD",
  "created":"2026-11-24T11:51:02Z","stored":"2026-11-24T11:53:40Z",
  "sha256":"kVJ0=-1","filter":null,"verified":true,"verified_at":null,
  "stream":{"bytes":3184424,"raw":true,"compressed":true,"large_blocks":false,"features":["lz4","compressed","raw"]},
  "restorable":true,"removable":true,"dependents":0}`
const record = (): Record<string, unknown> => Object.fromEntries(Object.entries(JSON.parse(line) as object))

describe('the record of an edge', () => {
  it('is read from a line that has all fields', () => {
    const read = recordToEdge(record())
    const base = { name: 'tank/home@a', guid: '12169268280325133658' }
    assert.deepEqual(read.snapshot, { name: 'tank/home@b', guid: '11016576939197236312' })
    assert.deepEqual(read.base, base)
    assert.deepEqual([read.provides, read.needs], [[read.snapshot], [base]])
    assert.deepEqual(read.volumes, [
      { key: 'tank/home@b <- tank/home@a', bytes: 3184424, sha256: 'kVJ0=-1', etag: null },
    ])
    assert.equal(read.stream?.toIvset, null)
  })
  it('comes back the same through JSON, whatever the edge', () => {
    fc.assert(
      fc.property(anyEdge, one => {
        assert.deepEqual(recordToEdge(JSON.parse(JSON.stringify(edgeToRecord(one)))), one)
      }),
    )
  })
  it('lists what it provides and needs only for a package, volumes only where there are several', () => {
    const [volume] = edge('a>b').volumes
    assert.deepEqual(Object.keys(edgeToRecord(edge('a>b'))).slice(-4), ['filter', 'verified', 'verified_at', 'stream'])
    assert.deepEqual(edgeToRecord(edge('a>b+c')).needs, [{ snapshot: 'tank/home@a', guid: edge('a').snapshot.guid }])
    const two = edge('a', {
      volumes: [
        { ...volume, bytes: 10 },
        { ...volume, key: 'second', bytes: 5 },
      ],
    })
    assert.equal(edgeToRecord(two).bytes, 15)
    assert.equal(edgeToRecord(two).volumes?.[1]?.key, 'second')
  })

  const broken: [what: string, change: Record<string, unknown>, message: RegExp][] = [
    ['a GUID that is a number', { guid: Number('11016576939197236312') }, /"guid" of tank\/home@b is a number.* 2\^53/],
    ['a base GUID that is a number', { base_guid: 5 }, /"base_guid".*2\^53/],
    ['a GUID with a leading zero', { guid: '011' }, /"guid".* not a GUID/],
    ['a GUID over 64 bits', { guid: '18446744073709551616' }, /"guid".* not a GUID/],
    ['no snapshot', { snapshot: undefined }, /"snapshot" is missing/],
    ['no key', { key: null }, /"key" of tank\/home@b is not a string/],
    ['a base without its GUID', { base_guid: null }, /only one of "base" and "base_guid"/],
    ['a size that is not whole', { bytes: 1.5 }, /"bytes".* whole number/],
    ['a negative size', { bytes: -1 }, /"bytes".* whole number/],
    ['a time of another form', { stored: '2026-11-24' }, /"stored".* UTC time/],
    ['a time that never was', { stored: '2026-13-24T00:00:00Z' }, /"stored".* UTC time/],
    ['stream facts of another kind', { stream: 'raw' }, /stream of an edge is not a JSON object/],
    [
      'a feature that is not a name',
      { stream: { raw: true, compressed: true, large_blocks: true, features: [1] } },
      /"feature"/,
    ],
    ['a package without its own snapshot', { provides: [{ snapshot: 't@x', guid: '1' }] }, /leaves out one of its own/],
    ['a package that needs less than its base', { needs: [] }, /leaves out one of its own/],
  ]
  for (const [what, change, message] of broken) {
    it(`${what} is refused`, () => {
      assert.throws(() => recordToEdge({ ...record(), ...change }), { status: 2, message })
    })
  }
  for (const value of [null, 1, 'x', []]) {
    it(`${JSON.stringify(value)} is none`, () => assert.throws(() => recordToEdge(value), { status: 2 }))
  }
})

it('a GUID is an unsigned 64-bit number in decimal', () => {
  for (const good of ['1', '9007199254740993', '18446744073709551615', '9999999999999999999']) assert.ok(isGuid(good))
  for (const bad of ['', '0', '-1', '+1', '1.0', '1e3', '0x1', ' 1', '1\n', '18446744073709551616', 1, null]) {
    assert.ok(!isGuid(bad))
  }
})
