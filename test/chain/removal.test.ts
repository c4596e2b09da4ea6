import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isSound } from '#src/chain/chain.js'
import type { Edge } from '#src/chain/edge.js'
import { removal, removalRefused } from '#src/chain/removal.js'
import {
  anyGraph,
  graphWithoutCycles,
  restorableSlowly,
  soundGraph,
  strandedSlowly,
  withSubset,
} from './brute-force.js'
import { edge, edges, text } from './notation.js'

/** The edges of `all` that are written so. */
const pick = (all: readonly Edge[], ...texts: string[]): Edge[] => {
  const picked = all.filter(one => texts.includes(text(one)))
  assert.equal(picked.length, texts.length)
  return picked
}

/** The order as texts where it is allowed; else what would be abandoned, as `d through c>d`. */
function answer(all: readonly Edge[], ...texts: string[]): string[] {
  const result = removal(all, pick(all, ...texts))
  if (result.allowed) return result.order.map(text)
  const label = (name: string) => name.slice('tank/home@'.length)
  return [
    'no',
    ...result.abandoned.map(one => `${label(one.snapshot.name)} through ${one.through.map(text).join(', ')}`),
  ]
}

describe("the README's first example: A -> B -> C -> D", () => {
  const chain = edges('A', 'A>B', 'B>C', 'C>D')
  it('D may go: nothing else is lost', () => assert.deepEqual(answer(chain, 'C>D'), ['C>D']))
  it('C may not: it would abandon D', () => assert.deepEqual(answer(chain, 'B>C'), ['no', 'D through C>D']))
  it('C may go once D has', () => assert.deepEqual(answer(chain.slice(0, 3), 'B>C'), ['B>C']))
  it('both may go at once, D first', () => assert.deepEqual(answer(chain, 'B>C', 'C>D'), ['C>D', 'B>C']))
  it('B would abandon C and D', () => {
    assert.deepEqual(answer(chain, 'A>B'), ['no', 'C through B>C', 'D through C>D'])
  })
})

describe("the README's second example: a month of daily backups", () => {
  const days = [...Array.from({ length: 31 }, (_, day) => `Jan ${day + 1}`), 'Feb 1', 'Feb 2']
  const daily = days.map((day, n) => (n === 0 ? day : `${String(days[n - 1])}>${day}`))
  const before = edges(...daily)
  const after = edges(...daily, 'Jan 1>Feb 1')
  const inside = daily.slice(1, -1)

  it('before the bypass none of the month may go, alone or as one set', () => {
    for (const link of inside) assert.equal(answer(before, link)[0], 'no')
    assert.deepEqual(answer(before, 'Jan 31>Feb 1'), ['no', 'Feb 2 through Feb 1>Feb 2'])
    assert.equal(answer(before, ...inside)[0], 'no')
  })
  it('with it, Jan 31 -> Feb 1 may go', () => {
    assert.deepEqual(answer(after, 'Jan 31>Feb 1'), ['Jan 31>Feb 1'])
  })
  it('with it, the bypass may go as well as what it goes round, but not both', () => {
    assert.deepEqual(answer(after, 'Jan 1>Feb 1'), ['Jan 1>Feb 1'])
    assert.deepEqual(answer(after, 'Jan 1>Feb 1', 'Jan 31>Feb 1'), ['no', 'Feb 2 through Feb 1>Feb 2'])
  })
  it('the whole inside may go edge by edge, from its end', () => {
    let left = after
    for (const link of [...inside].reverse()) {
      assert.deepEqual(answer(left, link), [link])
      left = left.filter(one => text(one) !== link)
    }
    assert.deepEqual(left.map(text), ['Jan 1', 'Feb 1>Feb 2', 'Jan 1>Feb 1'])
  })
  it('the whole inside may go as one set, and the order is from its end', () => {
    assert.deepEqual(answer(after, ...inside), [...inside].reverse())
  })
  it('one from the middle may not: it would abandon the days behind it, but not Feb 1', () => {
    const [no, ...abandoned] = answer(after, 'Jan 29>Jan 30')
    assert.deepEqual([no, ...abandoned], ['no', 'Jan 31 through Jan 30>Jan 31'])
  })
})

describe('what may be removed', () => {
  const cases: [what: string, all: string[], remove: string[], answer: string[]][] = [
    ['nothing, always', ['a', 'a>b'], [], []],
    ['the only edge', ['a'], ['a'], ['a']],
    ['all there is', ['a', 'a>b', 'a>c'], ['a', 'a>b', 'a>c'], ['a>c', 'a>b', 'a']],
    ['not a full stream while an increment needs it', ['a', 'a>b'], ['a'], ['no', 'b through a>b']],
    ['not an increment that a cycle seems to replace', ['a', 'a>b', 'b>c', 'c>b'], ['a>b'], ['no', 'c through b>c']],
    ['not a base, even if its increment is restorable otherwise', ['a', 'a>b', 'b'], ['a'], ['no']],
    ['a package, if nothing needs what it brings', ['a', 'a>b+c', 'a>b', 'b>d'], ['a>b+c'], ['a>b+c']],
    ['not a package that brings a base', ['a', 'a>b+c', 'b>d'], ['a>b+c'], ['no', 'd through b>d']],
    ['damage elsewhere does not block', ['a', 'a>b', 'x>y', 'y>z'], ['a>b'], ['a>b']],
    ['the end of a damaged chain', ['x>y', 'y>z'], ['y>z'], ['y>z']],
    ['not the middle of a damaged chain: a repair would rely on it', ['x>y', 'y>z'], ['x>y'], ['no']],
    ['a whole damaged chain, from its end', ['x>y', 'y>z'], ['x>y', 'y>z'], ['y>z', 'x>y']],
    ['a whole damaged chain, however it is listed', ['y>z', 'x>y'], ['y>z', 'x>y'], ['y>z', 'x>y']],
    ['a whole cycle', ['a', 'x>y', 'y>x'], ['x>y', 'y>x'], ['y>x', 'x>y']],
  ]
  for (const [what, all, remove, expected] of cases) {
    it(what, () => assert.deepEqual(answer(edges(...all), ...remove), expected))
  }

  it('either of two full streams, but not both', () => {
    const all = edges('a', 'a', 'a>b')
    const [one, other] = all
    assert.ok(one !== undefined && other !== undefined)
    assert.equal(removal(all, [one]).allowed, true)
    assert.equal(removal(all, [other]).allowed, true)
    assert.equal(removal(all, [one, other]).allowed, false)
  })
  it('an edge that is not stored is refused', () => {
    assert.throws(() => removal(edges('a'), [edge('b')]), { status: 3, message: 'tank/home@b (full) is not stored' })
  })
})

it('a refusal says what would be abandoned and through what', () => {
  const all = edges('a', 'a>b', 'b>c')
  const toRemove = pick(all, 'a>b')
  const result = removal(all, toRemove)
  assert.ok(!result.allowed)
  const failure = removalRefused(toRemove, result)
  assert.equal(failure.status, 3)
  assert.equal(
    failure.message,
    'removing tank/home@b <- tank/home@a would abandon tank/home@c (through tank/home@c <- tank/home@b)',
  )
})

describe('the rule agrees with its words', () => {
  it('in a sound catalog: allowed exactly if what stays is sound, and then only what was named is lost', () => {
    fc.assert(
      fc.property(withSubset(soundGraph), ([all, leaving]) => {
        const staying = all.filter(one => !leaving.includes(one))
        const result = removal(all, leaving)
        assert.equal(result.allowed, isSound(staying))
        if (!result.allowed) return
        const left = restorableSlowly(staying)
        const named = new Set(leaving.flatMap(one => one.provides.map(({ guid }) => guid)))
        for (const guid of restorableSlowly(all)) assert.ok(left.has(guid) || named.has(guid))
      }),
      { numRuns: 1000 },
    )
  })

  it('in any catalog: allowed exactly if nothing that stays is worse off', () => {
    fc.assert(
      fc.property(withSubset(anyGraph), ([all, leaving]) => {
        const stranded = strandedSlowly(all, leaving)
        const result = removal(all, leaving)
        assert.equal(result.allowed, stranded.length === 0)
        if (!result.allowed) assert.deepEqual(result.stranded, stranded)
      }),
      { numRuns: 1000 },
    )
  })

  for (const [what, graph] of [
    ['a sound catalog', soundGraph],
    ['a damaged one without cycles', graphWithoutCycles],
  ] as const) {
    it(`in ${what} an allowed set has an order in which each single removal is allowed`, () => {
      fc.assert(
        fc.property(withSubset(graph), ([all, leaving]) => {
          const result = removal(all, leaving)
          if (!result.allowed) return
          assert.deepEqual(new Set(result.order), new Set(leaving))
          let left = all
          for (const one of result.order) {
            assert.deepEqual(strandedSlowly(left, [one]), [])
            left = left.filter(other => other !== one)
          }
        }),
        { numRuns: 1000 },
      )
    })
  }

  it('stopping halfway never leaves a restorable snapshot abandoned, even in a damaged catalog', () => {
    fc.assert(
      fc.property(withSubset(anyGraph), ([all, leaving]) => {
        const result = removal(all, leaving)
        if (!result.allowed) return
        result.order.forEach((_, count) => {
          const gone = result.order.slice(0, count + 1)
          const rest = result.order.slice(count + 1)
          const stranded = strandedSlowly(all, gone).filter(one => !rest.includes(one) || restorableNeeds(one, all))
          assert.deepEqual(stranded, [])
        })
      }),
      { numRuns: 1000 },
    )
  })

  it('the abandoned are those that were restorable, are not named, and no longer are', () => {
    fc.assert(
      fc.property(withSubset(anyGraph), ([all, leaving]) => {
        const result = removal(all, leaving)
        if (result.allowed) return
        const left = restorableSlowly(all.filter(one => !leaving.includes(one)))
        const named = new Set(leaving.flatMap(one => one.provides.map(({ guid }) => guid)))
        const lost = [...restorableSlowly(all)].filter(guid => !left.has(guid) && !named.has(guid))
        assert.deepEqual(new Set(result.abandoned.map(one => one.snapshot.guid)), new Set(lost))
        for (const { through } of result.abandoned) assert.ok(through.length > 0)
      }),
      { numRuns: 1000 },
    )
  })
})

function restorableNeeds(one: Edge, all: readonly Edge[]): boolean {
  const found = restorableSlowly(all)
  return one.needs.every(({ guid }) => found.has(guid))
}
