import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Edge } from '#src/chain/edge.js'
import type { Policy } from '#src/chain/policy.js'
import { storedBytes } from '#src/chain/record.js'
import { removal } from '#src/chain/removal.js'
import { retain } from '#src/chain/retain.js'
import { anyGraph, graphWithoutCycles, isSupported, restorableSlowly } from './brute-force.js'
import { text } from './notation.js'
import { only, sized, withBytes } from './policies.js'

const gone = (all: readonly Edge[], policy: Policy, maxLinks?: number): string[] =>
  retain(all, policy, maxLinks).goes.map(text)

describe('what can go while kept snapshots stay restorable', () => {
  const month = ['a 100', 'a>b 10', 'b>c 10', 'c>d 10']
  const cases: [what: string, all: string[], kept: string[], goes: string[]][] = [
    ['all, where nothing is kept', ['a', 'a>b'], [], ['a>b', 'a']],
    ['nothing that the last one needs', month, ['d'], []],
    ['the end of a chain, from its end', month, ['b'], ['c>d', 'b>c']],
    ['what a bypass goes round', [...month, 'a>d 29'], ['a', 'd'], ['c>d', 'b>c', 'a>b']],
    ['the bypass, where it is longer', [...month, 'a>d 31'], ['a', 'd'], ['a>d']],
    ['the bypass, where what it goes round is kept', [...month, 'a>d 9'], ['a', 'b', 'c', 'd'], ['c>d']],
    ['of ways that are equally long the one with more links', [...month, 'a>d 30'], ['d'], ['c>d', 'b>c', 'a>b']],
    ['the longer of two to the same snapshot', ['a 5', 'a>b 3', 'b 9'], ['a', 'b'], ['b']],
    ['a full stream that is cheaper than the chain stays', ['a 5', 'a>b 3', 'b 7'], ['b'], ['a>b', 'a']],
    ['what is of unknown length rather than what is known', ['a', 'a>b ?', 'b>c ?', 'a>c 9'], ['c'], ['b>c', 'a>b']],
    [
      'what serves two counts once',
      ['a 9', 'a>b 5', 'b>c 1', 'b>d 1', 'a>c 4', 'a>d 4'],
      ['b', 'c', 'd'],
      ['a>c', 'a>d'],
    ],
    ['a package, where single steps are held anyway', ['a', 'a>b', 'b>c', 'a>b+c 9'], ['b', 'c'], ['a>b+c']],
    ['single steps, where a package brings what they do', ['a', 'a>b 5', 'b>c 5', 'a>b+c 9'], ['c'], ['b>c', 'a>b']],
    ['a step that a package makes unnecessary later', ['a', 'a>b', 'b>c 9', 'a>b+c 3'], ['b', 'c'], ['b>c', 'a>b']],
    ['not what a package needs besides', ['a', 'x', 'a+x>b', 'a>c'], ['b'], ['a>c']],
    ['nothing of damage, nor what it needs', ['a', 'a>b', 'a>c', 'y>z', 'b+y>x'], [], ['a>c']],
  ]
  for (const [what, all, kept, goes] of cases) {
    it(what, () => assert.deepEqual(gone(sized(...all), only(...kept)).sort(), [...goes].sort()))
  }

  it('says which edges are held only for a kept snapshot, and for which', () => {
    const { held } = retain(sized('a', 'a>b', 'b>c', 'c>d', 'c>e'), only('a', 'd', 'e'))
    assert.deepEqual(
      [...held].map(([one, { name }]) => `${text(one)} for ${name}`),
      ['a>b for tank/home@d', 'b>c for tank/home@d'],
    )
  })

  it('a limit of links keeps a bypass that is not the cheapest', () => {
    const all = sized('a', 'a>b', 'b>c', 'c>d', 'd>e', 'a>d 9')
    const every = only('*')
    assert.deepEqual(gone(all, every), ['a>d'])
    assert.deepEqual(gone(all, every, 3), ['c>d'])
    assert.deepEqual(gone(all, every, 2), ['c>d'], 'd can be reached in 2, e can not')
    assert.deepEqual(gone(all, every, 4), ['c>d'], 'd is the fourth anyway, but e needs the bypass')
    assert.deepEqual(gone(all, every, 5), ['a>d'])
  })
})

/** Any graph with lengths, and some of its snapshots to keep. */
const withKept = (graph: fc.Arbitrary<Edge[]>): fc.Arbitrary<[Edge[], string[]]> =>
  graph.chain(all =>
    fc.tuple(
      fc
        .array(fc.integer({ min: 1, max: 9 }), { minLength: all.length, maxLength: all.length })
        .map(lengths => all.map((one, index) => withBytes(one, lengths[index] ?? 1, index))),
      fc.subarray([...new Set(all.map(one => one.snapshot.name.slice('tank/home@'.length)))]),
    ),
  )

const bytesOf = (all: readonly Edge[]): number => all.reduce((total, one) => total + (storedBytes(one) ?? 0), 0)

const subsets = <T>(all: readonly T[]): T[][] =>
  all.reduce<T[][]>((sets, one) => [...sets, ...sets.map(set => [...set, one])], [[]])

/** The fewest bytes that keep all of these restorable, by trying everything. */
function leastSlowly(all: readonly Edge[], goals: readonly string[]): number {
  const enough = (some: readonly Edge[]): boolean => {
    const found = restorableSlowly(some)
    return goals.every(guid => found.has(guid))
  }
  return Math.min(...subsets(all).filter(enough).map(bytesOf))
}

/** What can be reached by at most so many links. */
function reachedIn(all: readonly Edge[], links: number): Set<string> {
  const found = new Set<string>()
  for (let depth = 0; depth < links; depth++) {
    const next = all.filter(one => one.needs.every(({ guid }) => found.has(guid)))
    for (const one of next) for (const { guid } of one.provides) found.add(guid)
  }
  return found
}

describe('in any graph', () => {
  it('what goes may go, every kept snapshot stays restorable, and nothing that stays could go as well', () => {
    fc.assert(
      fc.property(withKept(anyGraph), fc.constantFrom(1, 2, 3, Infinity), ([all, labels], maxLinks) => {
        const { goes, unsupported, kept } = retain(all, only(...labels), maxLinks)
        assert.ok(removal(all, goes).allowed)
        const stays = all.filter(one => !goes.includes(one))
        const before = restorableSlowly(all)
        const after = restorableSlowly(stays)
        const isNamed = (one: Edge) => labels.includes(one.snapshot.name.slice('tank/home@'.length))
        const goals = all.filter(one => before.has(one.snapshot.guid) && isNamed(one)).map(one => one.snapshot.guid)
        assert.deepEqual([...kept.keys()].sort(), [...new Set(goals)].sort())
        assert.ok(goals.every(guid => after.has(guid)))
        assert.deepEqual(
          unsupported,
          all.filter(one => !isSupported(one, all)),
        )
        if (maxLinks < Infinity || unsupported.length > 0) return
        for (const one of stays) {
          const without = restorableSlowly(stays.filter(other => other !== one))
          const isNeeded = !goals.every(guid => without.has(guid)) || !removal(stays, [one]).allowed
          assert.ok(isNeeded, `${text(one)} could go`)
        }
      }),
    )
  })

  const plain = graphWithoutCycles.map(all => all.filter(one => one.provides.length === 1 && one.needs.length < 2))

  it('a limit of links is kept where it can be', () => {
    fc.assert(
      fc.property(withKept(plain), fc.integer({ min: 1, max: 4 }), ([all, labels], maxLinks) => {
        const { goes, kept } = retain(all, only(...labels), maxLinks)
        const before = reachedIn(all, maxLinks)
        const after = reachedIn(
          all.filter(one => !goes.includes(one)),
          maxLinks,
        )
        for (const guid of kept.keys()) assert.equal(after.has(guid), before.has(guid))
      }),
    )
  })

  it('of a history that does not fork at what is not kept, the fewest bytes stay', () => {
    fc.assert(
      fc.property(withKept(plain), ([all, labels]) => {
        const { goes, kept, unsupported } = retain(all, only(...labels))
        const forks = (guid: string): boolean => all.filter(one => one.base?.guid === guid).length > 1
        fc.pre(unsupported.length === 0 && all.every(({ snapshot: { guid } }) => kept.has(guid) || !forks(guid)))
        const stays = all.filter(one => !goes.includes(one))
        assert.equal(bytesOf(stays), leastSlowly(all, [...kept.keys()]))
      }),
    )
  })
})
