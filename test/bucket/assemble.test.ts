/** What becomes of objects: an edge, a question to the stream, or the reason why not. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assemble, type SeenObject } from '#src/commands/bucket/assemble.js'
import { parseKey } from '#src/chain/names.js'

const described = {
  'zfs2s3-snapshot': 'tank/home@b',
  'zfs2s3-guid': '22',
  'zfs2s3-base': 'tank/home@a',
  'zfs2s3-base-guid': '11',
  'zfs2s3-check': 'records',
  'zfs2s3-part-size': '10',
  'zfs2s3-max-parts': '2',
  'zfs2s3-upload': 'one',
}

/** An object as S3 describes it. */
function seen(key: string, bytes: number, metadata: Record<string, string>): SeenObject {
  const name = parseKey(key, 'p/')
  assert.ok(name !== null, key)
  const archive = { state: 'online', readyUntil: null } as const
  const object = {
    bytes,
    etag: '"e"',
    sha256: null,
    storageClass: 'STANDARD',
    archive,
    metadata,
    lock: null,
    legalHold: false,
  }
  return { key, name, object, stored: '2026-11-24T11:51:02Z' }
}

const key = 'p/tank/home@b <- tank/home@a'
const volume = (number: number, bytes: number, change: Record<string, string> = {}) =>
  seen(number === 1 ? key : `${key}#${number}`, bytes, { ...described, 'zfs2s3-volume': String(number), ...change })

function outcome(...objects: SeenObject[]): string {
  const found = assemble(key, objects, 'p/')
  if ('edge' in found) return `${found.edge.base?.guid ?? ''}>${found.edge.snapshot.guid} ${found.edge.volumes.length}`
  if ('draft' in found) return found.draft.isPackage ? 'package' : 'read it'
  return found.trouble.reason
}

describe('objects put together', () => {
  const cases: [what: string, objects: SeenObject[], outcome: string][] = [
    ['one object', [volume(1, 19)], '11>22 1'],
    ['volumes in any order', [volume(2, 20), volume(3, 1), volume(1, 20)], '11>22 3'],
    ['the first volume is missing', [volume(2, 5)], 'incomplete'],
    ['one between is missing', [volume(1, 20), volume(3, 5)], 'incomplete'],
    ['the last one is missing', [volume(1, 20)], 'incomplete'],
    ['one was cut', [volume(1, 10), volume(2, 5)], 'incomplete'],
    ['two uploads', [volume(1, 20), volume(2, 5, { 'zfs2s3-upload': 'two' })], 'damaged'],
    ['one of them says nothing', [volume(1, 20), seen(`${key}#2`, 5, {})], 'damaged'],
    ['a volume in the place of another', [volume(1, 20), volume(2, 5, { 'zfs2s3-volume': '3' })], 'damaged'],
    ['no metadata', [seen(key, 5, {})], 'read it'],
    ['no metadata, several volumes', [seen(key, 5, {}), seen(`${key}#2`, 5, {})], 'damaged'],
    ['no GUID', [seen(key, 5, { 'zfs2s3-snapshot': 'tank/home@b', 'zfs2s3-check': 'records' })], 'elsewhere'],
    ['names of another key', [volume(1, 19, { 'zfs2s3-snapshot': 'tank/home@c' })], 'elsewhere'],
    ['a GUID that is none', [volume(1, 19, { 'zfs2s3-guid': '-1' })], 'damaged'],
  ]
  for (const [what, objects, expected] of cases)
    it(`${what}: ${expected}`, () => assert.equal(outcome(...objects), expected))

  it('a package is one even with a GUID: what it brings and needs is not in the metadata', () => {
    const packed = `${key}#package`
    const found = assemble(packed, [seen(packed, 5, { ...described, 'zfs2s3-volume': '1' })], 'p/')
    assert.ok('draft' in found && found.draft.isPackage)
  })
})
