/** What fsck says of the catalog's copy in the bucket, and when it may be replaced. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CopyDifference } from '#src/catalog/copy.js'
import { copyFinding } from '#src/commands/fsck/copy.js'
import { edge, edges } from '../chain/notation.js'

const other = (isOurs: boolean, ...unknown: string[]): CopyDifference => ({
  is: 'other',
  isOurs,
  unknown: edges(...unknown),
})
const away =
  'aws s3 mv s3://backups/a/zfs2s3-catalog.yml s3://backups/a/damaged-zfs2s3-catalog.yml && zfs2s3-fsck --repair'

const cases: [what: string, copy: CopyDifference, unlisted: string[], expected: string][] = [
  ['none is made', { is: 'missing' }, [], 'copy-missing: zfs2s3-fsck --repair'],
  ['one that knows less is brought up to date', other(false), ['x'], 'copy-behind: zfs2s3-fsck --repair'],
  ['our own with what was removed too', other(true, 'a'), ['x'], 'copy-behind: zfs2s3-fsck --repair'],
  [
    'our own with what is still in the bucket has to be imported',
    other(true, 'a', 'a>b'),
    ['a', 'a>b'],
    'copy-foreign: zfs2s3-graph --from copy | zfs2s3-import',
  ],
  ['so has one of another machine', other(false, 'a'), ['a'], 'copy-foreign: zfs2s3-graph --from copy | zfs2s3-import'],
  ['of what is not in the bucket nobody knows whether it is gone', other(false, 'a'), [], 'copy-foreign: null'],
  ['nor what to do with half of it', other(true, 'a', 'a>b'), ['a'], 'copy-foreign: null'],
  ['a shared catalog is none', { is: 'shared' }, [], 'copy-foreign: null'],
  [
    'a damaged one is moved away by people',
    { is: 'unreadable', why: '', isNewer: false },
    [],
    `copy-unreadable: ${away}`,
  ],
  ["a newer version's is not", { is: 'unreadable', why: '', isNewer: true }, [], 'copy-unreadable: null'],
]

describe('the copy of the catalog', () => {
  for (const [what, copy, unlisted, expected] of cases) {
    it(what, () => {
      const seen = { bucket: 'backups', unlisted: edges(...unlisted), troubles: [] }
      const { finding, mend, key } = copyFinding(copy, seen, 'a/zfs2s3-catalog.yml')
      assert.equal(`${finding}: ${mend}`, expected)
      assert.equal(key, 'a/zfs2s3-catalog.yml')
    })
  }

  it('an object that can not be told counts as still in the bucket', () => {
    const troubles = [{ reason: 'damaged' as const, key: edge('a').volumes[0].key, why: '' }]
    const { finding } = copyFinding(other(true, 'a'), { bucket: 'b', unlisted: [], troubles }, 'zfs2s3-catalog.yml')
    assert.equal(finding, 'copy-foreign')
  })
})
