import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Backups, lifecycleFindings } from '#src/commands/doctor/lifecycle.js'
import type { LifecycleRule } from '#src/store/lifecycle.js'
import { rule } from './rules.js'

const now = new Date('2026-06-10T00:00:00Z')
const backups: Backups = {
  prefix: 'zfs/',
  objects: [{ key: 'zfs/tank/home@a', bytes: 1_000_000 }],
  catalogCopy: { key: 'zfs/zfs2s3-catalog.yml', bytes: 5000 },
  uploads: [{ key: 'zfs/tank/home@b', started: '2026-06-01T00:00:00Z' }],
}
/** What there should be, so that only the rule in question is heard of. */
const good = rule({
  abortsUploadsAfterDays: 30,
  noncurrentExpiration: { days: 90, keeps: 0 },
  cleansMarkers: true,
})
const find = (
  rules: readonly LifecycleRule[],
  { smallOnesToo = false, keepsVersions = false, protect = backups } = {},
) => lifecycleFindings({ rules, smallOnesToo }, protect, keepsVersions, now)
const codes = (...given: Parameters<typeof find>) =>
  find(...given).map(({ finding, severity }) => `${severity}: ${finding}`)

describe('what a lifecycle rule does to backups', () => {
  const expiration = { days: 30 }
  const to = (storageClass: string, days: number) => [{ storageClass, days }]
  const cases: [what: string, facts: Partial<LifecycleRule>, expected: string[]][] = [
    ['nothing', {}, []],
    ['expire all', { expiration }, ['danger: expiration']],
    ['expire all on a day', { expiration: { date: '2027-01-01T00:00:00Z' } }, ['danger: expiration']],
    ['expire some that are stored', { expiration, prefix: 'zfs/tank/home' }, ['danger: expiration']],
    ["expire the catalog's copy", { expiration, prefix: 'zfs/zfs2s3' }, ['danger: expiration']],
    ['expire what may be stored some day', { expiration, prefix: 'zfs/pool' }, ['note: expiration']],
    ["expire somebody else's objects", { expiration, prefix: 'logs/' }, []],
    ['expire tagged ones', { expiration, isForTagged: true }, []],
    ['expire small ones, which increments can be', { expiration, smallerThan: 1000 }, ['danger: expiration']],
    [
      'expire small ones of those that are stored',
      { expiration, prefix: 'zfs/tank', smallerThan: 10 },
      ['note: expiration'],
    ],
    ['archive all at once', { transitions: to('DEEP_ARCHIVE', 0) }, ['warning: archived-early']],
    ['archive all after a week', { transitions: to('GLACIER', 7) }, ['note: archived-early']],
    [
      "archive small ones as well, and so the catalog's copy",
      { transitions: to('GLACIER', 30), largerThan: 1 },
      ['danger: catalog-archived', 'note: archived-early'],
    ],
    ['archive large ones only', { transitions: to('GLACIER', 30), largerThan: 2 ** 20 }, ['note: archived-early']],
    ['move to what can be read at once', { transitions: to('GLACIER_IR', 0) }, []],
    ['move to one place', { transitions: to('ONEZONE_IA', 30) }, ['warning: one-zone']],
    [
      'abort uploads soon',
      { prefix: 'zfs/tank/', abortsUploadsAfterDays: 1 },
      ['danger: upload-expires', 'warning: abort-early'],
    ],
    ['abort the one that is pending within a day', { abortsUploadsAfterDays: 9 }, ['danger: upload-expires']],
    ['abort it later', { abortsUploadsAfterDays: 10 }, []],
    ['abort uploads of others', { prefix: 'logs/', abortsUploadsAfterDays: 1 }, []],
  ]
  for (const [what, facts, expected] of cases) {
    it(what, () => assert.deepEqual(codes([good, rule(facts)]), expected))
  }

  it('is said with the name of the rule, what it is for, and when', () => {
    const [finding] = find([good, rule({ id: 'clean up', expiration, prefix: 'zfs/tank/home@' })])
    assert.equal(finding?.what, "lifecycle rule 'clean up' expires 'zfs/tank/home@a' after 30 days")
  })

  it("archives the catalog's copy where small objects are moved as well", () =>
    assert.deepEqual(codes([good, rule({ transitions: to('GLACIER', 90) })], { smallOnesToo: true }), [
      'danger: catalog-archived',
      'note: archived-early',
    ]))

  it("archives the catalog's copy if that has grown, or isn't there yet", () => {
    for (const bytes of [200_000, null]) {
      const protect = { ...backups, catalogCopy: { ...backups.catalogCopy, bytes } }
      assert.equal(codes([good, rule({ transitions: to('GLACIER', 90) })], { protect })[0], 'danger: catalog-archived')
    }
  })
})

describe('where old versions are kept, a rule', () => {
  const noncurrent = (days: number, keeps = 0) =>
    codes([rule({ ...good, noncurrentExpiration: { days, keeps } })], { keepsVersions: true })
  it('that deletes them soon leaves no time to notice', () => {
    assert.deepEqual(noncurrent(13), ['warning: noncurrent-expiration'])
    assert.deepEqual(noncurrent(14), ['note: noncurrent-expiration'])
  })
  it('that keeps some of them is no worry', () => assert.deepEqual(noncurrent(1, 3), ['note: noncurrent-expiration']))
  it('does nothing where they are not kept', () => assert.deepEqual(codes([good]), []))
})

describe('a rule that is missing', () => {
  const cases: [what: string, rules: LifecycleRule[], keepsVersions: boolean, expected: string[]][] = [
    ['is only the one for uploads', [], false, ['warning: no-abort-rule']],
    [
      'may be those for old versions and delete markers',
      [],
      true,
      ['warning: no-abort-rule', 'note: old-versions-stay', 'note: delete-markers-stay'],
    ],
    [
      'is not replaced by one for another prefix',
      [rule({ ...good, prefix: 'logs/' })],
      false,
      ['warning: no-abort-rule'],
    ],
    ['nor by one for a part of ours', [rule({ ...good, prefix: 'zfs/tank' })], false, ['warning: no-abort-rule']],
    ['is none where all are there', [good], true, ['note: noncurrent-expiration']],
  ]
  for (const [what, rules, keepsVersions, expected] of cases) {
    it(what, () => assert.deepEqual(codes(rules, { keepsVersions }), expected))
  }
})
