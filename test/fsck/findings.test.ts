/** What counts as a finding, and what would mend it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Snapshot } from '#src/chain/edge.js'
import { findings, type Pending, type Seen } from '#src/commands/fsck/findings.js'
import { localFindings } from '#src/commands/fsck/local.js'
import { edge, edges, snapshot } from '../chain/notation.js'

const nothing: Seen = {
  bucket: 'backups',
  edges: [],
  wrong: [],
  unlisted: [],
  troubles: [],
  removals: [],
  pending: [],
  unknownUploads: [],
}
const pending: Pending = {
  key: 'k',
  snapshot: 'tank/home@a',
  isStored: false,
  isComplete: false,
  isHeld: false,
  isLost: false,
}
const unknown = { key: "it's", uploadId: 'id', initiated: '2026-01-01T00:00:00Z', bytes: 5 }

const cases: [what: string, seen: Partial<Seen>, expected: string[]][] = [
  ['nothing', {}, []],
  ['a sound catalog', { edges: edges('a', 'a>b') }, []],
  [
    'an object that is gone',
    { edges: edges('a'), wrong: [{ edge: edge('a'), isMissing: true, why: 'it is not there' }] },
    ['missing-object: zfs2s3-rm --gone tank/home@a'],
  ],
  [
    'an object that differs is for people to look at',
    { edges: edges('a'), wrong: [{ edge: edge('a'), isMissing: false, why: 'it is too long' }] },
    ['object-differs: null'],
  ],
  ['an edge without its base', { edges: edges('a>b') }, ['base-missing: null']],
  ['an object to adopt', { edges: edges('a'), unlisted: edges('a>b') }, ['object-without-edge: zfs2s3-fsck --repair']],
  [
    'two that support each other',
    { unlisted: edges('a', 'a>b') },
    ['object-without-edge: zfs2s3-fsck --repair', 'object-without-edge: zfs2s3-fsck --repair'],
  ],
  ['one that nothing supports', { unlisted: edges('a>b') }, ['object-without-edge: null']],
  ['foreign objects', { troubles: [{ reason: 'foreign', key: 'x', why: '' }] }, []],
  ['objects of another prefix', { troubles: [{ reason: 'elsewhere', key: 'x', why: '' }] }, []],
  ['a damaged one', { troubles: [{ reason: 'damaged', key: 'x', why: 'lies' }] }, ['object-unclear: null']],
  ['a removal', { removals: edges('a') }, ['removal-unfinished: zfs2s3-fsck --repair']],
  ['an upload to go on with', { pending: [pending] }, []],
  ['a held one', { pending: [{ ...pending, isComplete: true, isHeld: true }] }, []],
  [
    'one that lacks the last step',
    { pending: [{ ...pending, isComplete: true }] },
    ['upload-unfinished: zfs2s3-fsck --repair'],
  ],
  [
    'one that is in the catalog',
    { pending: [{ ...pending, isStored: true }] },
    ['upload-unfinished: zfs2s3-fsck --repair'],
  ],
  [
    'one that S3 has lost',
    { pending: [{ ...pending, isComplete: true, isLost: true }] },
    ['upload-lost: zfs2s3-abort tank/home@a'],
  ],
  [
    'one that nobody knows',
    { unknownUploads: [unknown] },
    [`upload-unknown: aws s3api abort-multipart-upload --bucket backups --key 'it'\\''s' --upload-id id`],
  ],
]

describe('fsck', () => {
  for (const [what, seen, expected] of cases) {
    it(`${what}: ${expected.length === 0 ? 'no finding' : expected.join(', ')}`, () => {
      const found = findings({ ...nothing, ...seen }).map(({ finding, mend }) => `${finding}: ${mend ?? 'null'}`)
      assert.deepEqual(found, expected)
    })
  }

  const locals: [what: string, here: Snapshot[], expected: string[]][] = [
    ['the last stored snapshot is here', [snapshot('b')], []],
    ['it is gone', [snapshot('a')], ['base-not-local']],
    ['there is a bookmark of it', [{ name: 'tank/home#x', guid: snapshot('b').guid }], []],
    ['it was taken again', [{ name: snapshot('b').name, guid: '7' }], ['snapshot-replaced', 'base-not-local']],
  ]
  for (const [what, here, expected] of locals) {
    it(`${what}: ${expected.join(', ') || 'no finding'}`, () => {
      const found = localFindings(edges('a', 'a>b'), new Map([['tank/home', here]]))
      assert.deepEqual(
        found.map(({ finding }) => finding),
        expected,
      )
    })
  }
})
