import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Edge } from '#src/chain/edge.js'
import { parseSpan } from '#src/chain/period.js'
import { isEmpty, keptBy, type Policy } from '#src/chain/policy.js'
import { walked } from '#src/chain/walk.js'
import { edge, snapshot } from './notation.js'
import { policy } from './policies.js'
import { zone } from './zones.js'

/** Full streams of snapshots that are called as they were taken, `2026-01-31` or `2026-01-31T12:30`, in UTC. */
const taken = (...times: string[]): Edge[] =>
  times.map(time => edge(time, { created: time.length > 10 ? `${time}:00Z` : `${time}T00:00:00Z` }))

/** What is kept, as `LABEL: reasons`, in the order of the edges. */
function kept(all: readonly Edge[], asked: Partial<Policy>): string[] {
  const { reasons } = keptBy(walked(all), policy(asked))
  return all.flatMap(({ snapshot: { name, guid } }) => {
    const why = reasons.get(guid)
    return why === undefined ? [] : [`${name.slice('tank/home@'.length)}: ${why.join(', ')}`]
  })
}

describe('what a policy keeps', () => {
  const days = taken('2026-01-29', '2026-01-30', '2026-01-31', '2026-02-01', '2026-02-02')
  const twice = taken('2026-01-01T01:00', '2026-01-01T13:00', '2026-01-02T01:00', '2026-01-02T13:00')
  const unlimited = Infinity
  const within = (text: string) => ({ within: parseSpan(text) })
  const cases: [what: string, all: Edge[], asked: Partial<Policy>, kept: string[]][] = [
    ['nothing, of nothing', [], { daily: 7 }, []],
    ['the newest', days, { last: 2 }, ['2026-02-01: last', '2026-02-02: last']],
    ['whatever order they come in', [...days].reverse(), { last: 1 }, ['2026-02-02: last']],
    ['no more than there are', taken('2026-01-01'), { last: 3 }, ['2026-01-01: last']],
    [
      'of each day the newest',
      twice,
      { daily: 2 },
      ['2026-01-01T13:00: daily 2026-01-01', '2026-01-02T13:00: daily 2026-01-02'],
    ],
    [
      'the oldest too, while there are not enough days',
      twice,
      { daily: 3 },
      ['2026-01-01T01:00: oldest daily', '2026-01-01T13:00: daily 2026-01-01', '2026-01-02T13:00: daily 2026-01-02'],
    ],
    ['not the oldest, once there are', days, { monthly: 1 }, ['2026-02-02: monthly 2026-02']],
    [
      'the last of a month stands for it, and the oldest for those that are not there',
      days,
      { monthly: 12 },
      ['2026-01-29: oldest monthly', '2026-01-31: monthly 2026-01', '2026-02-02: monthly 2026-02'],
    ],
    [
      'days without a snapshot do not count',
      taken('2025-01-01', '2025-06-01', '2026-01-01'),
      { daily: 2 },
      ['2025-06-01: daily 2025-06-01', '2026-01-01: daily 2026-01-01'],
    ],
    [
      'what any of several rules keeps, with all the reasons',
      days,
      { last: 1, weekly: 2 },
      ['2026-02-01: weekly 2026-W05', '2026-02-02: last, weekly 2026-W06'],
    ],
    ['all of a kind, if its number is unlimited', twice, { hourly: unlimited }, twice.map(hourly)],
    [
      'what is within a span of the newest, but not what is as old',
      days,
      within('2d'),
      ['2026-02-01: within', '2026-02-02: within'],
    ],
    ['what has a name', days, { names: ['*-01-3?'] }, ['2026-01-30: name', '2026-01-31: name']],
    ['a pattern with an @ is for the whole name', days, { names: ['tank/*@*01'] }, ['2026-02-01: name']],
    ['a pattern is for all of the name, and has no other signs', days, { names: ['2026', '2026-01-..', '[0-9]*'] }, []],
    [
      'what nobody knows the time of, which takes no place of others',
      [...taken('2026-01-01', '2026-01-02'), edge('b')],
      { last: 1 },
      ['2026-01-02: last', 'b: no time'],
    ],
    [
      'not what could not be restored, nor in the place of others',
      [...days, dated('x>y')],
      { last: 1 },
      ['2026-02-02: last'],
    ],
    [
      'of a package the snapshot that it is named after',
      [dated('a'), dated('a>b+c', '2026-03-03')],
      { last: 1 },
      ['c: last'],
    ],
    [
      'the time that any edge to a snapshot has',
      [edge('a'), dated('a>b'), edge('b')],
      { last: 1 },
      ['a: no time', 'b: last', 'b: last'],
    ],
    [
      'of two that were taken in the same second the one that comes after the other',
      [dated('a', '2026-01-01'), dated('a>b', '2026-01-01')],
      { last: 1 },
      ['b: last'],
    ],
  ]
  for (const [what, all, asked, expected] of cases) it(what, () => assert.deepEqual(kept(all, asked), expected))

  it('each dataset has its own', () => {
    const other = { name: 'tank/mail@2020', guid: '77' }
    const all = [...days, dated('2020', '2020-01-01', other)]
    const { reasons } = keptBy(walked(all), policy({ last: 1, ...within('1d') }))
    assert.deepEqual([...reasons.keys()].sort(), ['77', snapshot('2026-02-02').guid].sort())
  })

  it('those without a time are listed', () => {
    const { undated } = keptBy(walked([edge('a'), dated('a>b')]), policy({ last: 1 }))
    assert.deepEqual(undated, [snapshot('a')])
  })

  it('days are those of the time zone', () => {
    const nights = taken('2026-01-01T22:30', '2026-01-01T23:30', '2026-01-02T12:00')
    assert.equal(kept(nights, { daily: 2 })[0], '2026-01-01T23:30: daily 2026-01-01')
    assert.equal(kept(nights, { daily: 2, offsetOf: zone('Europe/Berlin') })[0], '2026-01-01T22:30: daily 2026-01-01')
  })

  it('both hours are kept that look alike when clocks are set back', () => {
    const night = taken('2026-10-25T00:30', '2026-10-25T01:30')
    assert.equal(kept(night, { hourly: 2, offsetOf: zone('Europe/Berlin') }).length, 2)
    assert.equal(kept(night, { daily: 1, offsetOf: zone('Europe/Berlin') }).length, 1)
  })
})

function dated(text: string, day = '2026-03-01', named?: Edge['snapshot']): Edge {
  const facts = named === undefined ? {} : { snapshot: named, provides: [named] }
  return edge(text, { created: `${day}T00:00:00Z`, ...facts })
}

function hourly({ snapshot: { name } }: Edge): string {
  const label = name.slice('tank/home@'.length)
  return `${label}: hourly ${label.slice(0, 13)}Z`
}

describe('a policy that keeps nothing', () => {
  it('is one without any number, span or name', () => {
    assert.equal(isEmpty(policy({})), true)
    assert.equal(isEmpty(policy({ yearly: 1 })), false)
    assert.equal(isEmpty(policy({ last: 1 })), false)
    assert.equal(isEmpty(policy({ within: parseSpan('1d') })), false)
    assert.equal(isEmpty(policy({ names: ['x'] })), false)
  })
})
