import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Preference } from '#src/chain/cheapest.js'
import type { Edge, Snapshot } from '#src/chain/edge.js'
import { plan, type PlanOptions } from '#src/chain/plan.js'
import { storedBytes } from '#src/chain/record.js'
import { Failure } from '#src/failure.js'
import { anyGraph, graphWithoutCycles } from './brute-force.js'
import { edge, snapshot, text } from './notation.js'

/** Edges in the notation with their lengths behind them: `a 100`, `a>b 3`; without one it isn't known. */
function sized(...texts: string[]): Edge[] {
  return texts.map((each, index) => {
    const [what = '', bytes] = each.split(' ')
    return withBytes(edge(what), bytes === undefined ? null : Number(bytes), index)
  })
}

const volume = (key: string, bytes: number | null) => ({ key, bytes, sha256: null, etag: null })

const withBytes = (made: Edge, bytes: number | null, index: number): Edge => ({
  ...made,
  volumes: [volume(`${index} ${made.volumes[0].key}`, bytes)],
})

/** What a target has, one string a dataset: `a b` has a, and b as its newest. */
const having = (...datasets: string[]): PlanOptions['have'] =>
  datasets.map(each => each.split(' ').map(label => snapshot(label).guid))

type Asked = Partial<PlanOptions>

function planned(edges: readonly Edge[], to: string, asked: Asked = {}): string {
  return plan(edges, snapshot(to), { have: [], prefer: 'bytes', mayRestart: true, ...asked })
    .map(text)
    .join(', ')
}

function refusal(edges: readonly Edge[], to: string, asked: Asked = {}): string {
  try {
    return `planned: ${planned(edges, to, asked)}`
  } catch (error) {
    assert.ok(error instanceof Failure)
    assert.equal(error.status, 3)
    return error.message
  }
}

const month = sized('a 100', 'a>b 10', 'b>c 10', 'c>d 10')
const bypass = (bytes: number): Edge[] => [...month, ...sized(`a>d ${bytes}`)]

describe('the cheapest path from nothing', () => {
  const twoVolumes: Edge = { ...edge('a'), volumes: [volume('1', 5), volume('2', 5)] }
  const cases: [what: string, edges: Edge[], to: string, path: string, asked?: Asked][] = [
    ['a full stream is a path', month, 'a', 'a'],
    ['a chain, in receive order', month, 'd', 'a, a>b, b>c, c>d'],
    ['whatever order the catalog is in', [...month].reverse(), 'd', 'a, a>b, b>c, c>d'],
    ['a bypass that is shorter', bypass(29), 'd', 'a, a>d'],
    ['not one that is longer', bypass(31), 'd', 'a, a>b, b>c, c>d'],
    ['of equally long ones the fewest links', bypass(30), 'd', 'a, a>d'],
    ['the fewest links, if they are preferred', bypass(31), 'd', 'a, a>d', { prefer: 'links' }],
    [
      'of equally many links the fewest bytes',
      sized('a 9', 'b 5', 'a>c 1', 'b>c 1'),
      'c',
      'b, b>c',
      { prefer: 'links' },
    ],
    ['of equal paths the first', sized('a 5', 'b 5', 'a>c 1', 'b>c 1'), 'c', 'a, a>c'],
    ['of several full streams the cheapest in the end', sized('a 100', 'a>c 1', 'b 50', 'b>c 60'), 'c', 'a, a>c'],
    ['the snapshot itself in full, if that is least', [...month, ...sized('d 120')], 'd', 'd'],
    ['only what it needs, nothing that goes on from there', month, 'b', 'a, a>b'],
    ['nothing of another chain', [...month, ...sized('x 1', 'x>y 1')], 'd', 'a, a>b, b>c, c>d'],
    ['an unknown length counts as nothing', [...month, ...sized('a>d')], 'd', 'a, a>d'],
    ['with no lengths at all, the fewest links', sized('a', 'a>b', 'b>c', 'a>c'), 'c', 'a, a>c'],
    ['all volumes of a long stream count', [twoVolumes, ...sized('x 4', 'x>a 5')], 'a', 'x, x>a'],
    ['a cycle leads nowhere', sized('a 9', 'b>c 0', 'c>b 0', 'a>b 1'), 'c', 'a, a>b, b>c'],
  ]
  for (const [what, edges, to, path, asked] of cases) it(what, () => assert.equal(planned(edges, to, asked), path))

  it('of one snapshot stored twice, the shorter stream', () => {
    const [long, short] = sized('a 10', 'a 9')
    assert.ok(long && short)
    const path = plan([long, short], snapshot('a'), { have: [], prefer: 'bytes', mayRestart: true })
    assert.deepEqual(path, [short])
  })
})

describe('the cheapest path from what the target has', () => {
  const cases: [what: string, edges: Edge[], to: string, have: string[], path: string][] = [
    ['nothing, if it has the snapshot', month, 'd', ['d'], ''],
    ['nothing, if it has the snapshot and newer ones', month, 'b', ['a b c'], ''],
    ['it goes on from there', month, 'd', ['b'], 'b>c, c>d'],
    ['it goes on from the newest, because zfs receive takes no other', month, 'd', ['a b c'], 'c>d'],
    ['not over a bypass that starts from an older one', bypass(1), 'd', ['a b'], 'b>c, c>d'],
    ['over a bypass that starts from the newest', bypass(1), 'd', ['a'], 'a>d'],
    ['not with a full stream, though that is shorter', [...month, ...sized('d 1')], 'd', ['c'], 'c>d'],
    ['from nothing, if nothing goes on from there', month, 'd', ['x'], 'a, a>b, b>c, c>d'],
    ['from nothing, if only an older one would do', bypass(1), 'd', ['a x'], 'a, a>d'],
    ['from a base that is no longer stored', sized('b>c 1'), 'c', ['b'], 'b>c'],
    ['from the one of several datasets that leads there', month, 'd', ['x y', 'a c'], 'c>d'],
    ['a package with an older base, if it brings the newest', sized('a 9', 'a>b+c+d 3'), 'd', ['a b'], 'a>b+c+d'],
    ['not a package with an older base otherwise', sized('a 9', 'a>c+d 3', 'b>d 5'), 'd', ['a b'], 'b>d'],
  ]
  for (const [what, edges, to, have, path] of cases) {
    it(what, () => assert.equal(planned(edges, to, { have: having(...have) }), path))
  }
})

describe('stream packages', () => {
  const cases: [what: string, edges: Edge[], to: string, path: string][] = [
    ['count once however much of them is used', sized('a+b 10', 'a+b>c 1', 'c 15'), 'c', 'a+b, a+b>c'],
    [
      'what several of its needs need counts once',
      sized('a 10', 'a>b 1', 'a>c 1', 'b+c>d 1', 'd 15'),
      'd',
      'a, a>b, a>c, b+c>d',
    ],
    ['are not taken where their parts are shorter', sized('a+b 10', 'a+b>c 1', 'a 4', 'b 4'), 'c', 'a, b, a+b>c'],
    ['bring what is in their middle', sized('a+b+c 10', 'b>x 1'), 'x', 'a+b+c, b>x'],
    ['what another one brings as well is left out', sized('a 1', 'a+b 10', 'a+b>c 1'), 'c', 'a+b, a+b>c'],
    ['and so is what only that needed', sized('x 1', 'x>a 1', 'a+b 10', 'a+b>c 1'), 'c', 'a+b, a+b>c'],
    ['a chain of them', sized('a+x 9', 'a+x>b+y 3', 'b+y>c+z 3'), 'c', 'a+x, a+x>b+y, b+y>c+z'],
  ]
  for (const [what, edges, to, path] of cases) it(what, () => assert.equal(planned(edges, to), path))
})

describe('no path', () => {
  const at = (label: string) => `tank/home@${label}`
  const missing = (lacking: string, needed: string) =>
    `: there is no stored stream of ${at(lacking)}, which ${needed} needs`
  const newest = { have: having('a x'), mayRestart: false }
  const cases: [what: string, edges: Edge[], to: string, why: string, asked?: Asked][] = [
    ['to what is not stored', month, 'x', `no stored stream leads to ${at('x')}`],
    ['in an empty catalog', [], 'a', `no stored stream leads to ${at('a')}`],
    [
      'without the full stream',
      month.slice(1),
      'd',
      `no path leads to ${at('d')}${missing('a', `${at('b')} <- ${at('a')}`)}`,
    ],
    [
      'without a link',
      sized('a', 'b>c', 'c>d'),
      'd',
      `no path leads to ${at('d')}${missing('b', `${at('c')} <- ${at('b')}`)}`,
    ],
    ['through a cycle', sized('b>c', 'c>b'), 'c', `only increments that need each other lead to ${at('c')}`],
    [
      'onto a newer snapshot',
      month,
      'd',
      `no stored stream on the way to ${at('d')} goes onto the newest snapshot that is there`,
      newest,
    ],
  ]
  for (const [what, edges, to, why, asked] of cases) it(what, () => assert.equal(refusal(edges, to, asked), why))
})

it('10,000 links, and as many packages that need two snapshots each, need no recursion', () => {
  const links = 10_000
  const chain = Array.from({ length: links }, (_, n) => (n === 0 ? 's0 5' : `s${n - 1}>s${n} 5`))
  assert.equal(planned(sized(...chain), `s${links - 1}`).split(', ').length, links)
  const packages = Array.from({ length: links }, (_, n) => (n === 0 ? 's0+t0 5' : `s${n - 1}+t${n - 1}>s${n}+t${n} 5`))
  assert.equal(planned(sized(...packages), `s${links - 1}`).split(', ').length, links)
})

interface Question {
  readonly edges: Edge[]
  readonly to: Snapshot
  readonly have: PlanOptions['have']
  readonly prefer: Preference
}

/** A graph with random lengths, one of its snapshots, and what the target has. */
const question = (graph: fc.Arbitrary<Edge[]>): fc.Arbitrary<Question> =>
  fc.record({
    edges: graph.chain(all =>
      fc
        .array(fc.option(fc.nat({ max: 9 }), { nil: null }), { minLength: all.length, maxLength: all.length })
        .map(sizes => all.map((one, index) => withBytes(one, sizes[index] ?? null, index))),
    ),
    to: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f').map(snapshot),
    have: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 2 }).map(labels => having(...labels)),
    prefer: fc.constantFrom<Preference>('bytes', 'links'),
  })

/** Both counts in one number: in graphs as small as these neither comes to 1000. */
function cost(edges: readonly Edge[], prefer: Preference): number {
  const bytes = edges.reduce((sum, one) => sum + (storedBytes(one) ?? 0), 0)
  return prefer === 'bytes' ? 1000 * bytes + edges.length : 1000 * edges.length + bytes
}

/** If these edges can be received one after the other onto what is there, and `to` is there then. */
function arrives(edges: readonly Edge[], to: Snapshot, there: readonly string[]): boolean {
  const has = new Set(there)
  for (const { needs, provides } of edges) {
    if (!needs.every(one => has.has(one.guid))) return false
    for (const one of provides) has.add(one.guid)
  }
  return has.has(to.guid)
}

/** As many of the edges as can be received, in an order in which they can. */
function inSomeOrder(edges: readonly Edge[], there: readonly string[]): Edge[] {
  const order: Edge[] = []
  const has = new Set(there)
  for (let before = -1; before < order.length;) {
    before = order.length
    for (const one of edges) {
      if (order.includes(one) || !one.needs.every(need => has.has(need.guid))) continue
      order.push(one)
      for (const { guid } of one.provides) has.add(guid)
    }
  }
  return order
}

/** The least that any set of edges costs that leads to `to`, by trying all of them. */
function leastSlowly(edges: readonly Edge[], to: Snapshot, there: readonly string[], prefer: Preference): number {
  let least = Infinity
  for (let chosen = 0; chosen < 2 ** edges.length; chosen++) {
    const some = edges.filter((_, index) => (chosen >> index) & 1)
    if (cost(some, prefer) < least && arrives(inSomeOrder(some, there), to, there)) least = cost(some, prefer)
  }
  return least
}

/** The plan, or null where it is refused; the least that there is; and what was there where that begins. */
function compared({ edges, to, have, prefer }: Question) {
  const increments = edges.filter(one => one.needs.length > 0)
  const onward = leastSlowly(increments, to, have.flat(), prefer)
  const there = onward < Infinity ? have.flat() : []
  const least = onward < Infinity ? onward : leastSlowly(edges, to, [], prefer)
  try {
    return { path: plan(edges, to, { have, prefer, mayRestart: true }), least, there }
  } catch (error) {
    assert.ok(error instanceof Failure)
    return { path: null, least, there }
  }
}

describe('compared with all sets of edges, tried one by one', () => {
  it('where no edge needs more than one snapshot, the plan is the least there is', () => {
    const single = anyGraph.map(all => all.filter(one => one.needs.length <= 1))
    fc.assert(
      fc.property(question(single), asked => {
        const { path, least, there } = compared(asked)
        if (path === null) return assert.equal(least, Infinity)
        assert.ok(arrives(path, asked.to, there))
        assert.equal(cost(path, asked.prefer), least)
      }),
      { numRuns: 500 },
    )
  })

  it('with packages that need several, it arrives wherever one can, and nothing in it can be left out', () => {
    for (const graph of [anyGraph, graphWithoutCycles]) {
      fc.assert(
        fc.property(question(graph), asked => {
          const { path, least, there } = compared(asked)
          if (path === null) return assert.equal(least, Infinity)
          assert.ok(arrives(path, asked.to, there))
          for (const one of path) {
            const rest = path.filter(other => other !== one)
            const order = inSomeOrder(rest, there)
            assert.ok(order.length < rest.length || !arrives(order, asked.to, there))
          }
        }),
        { numRuns: 300 },
      )
    }
  })

  it('with packages it never costs more than the cheapest ways to all that is needed, added up', () => {
    fc.assert(
      fc.property(question(anyGraph), ({ edges, to, prefer }) => {
        const bound = addedUp(edges, prefer).get(to.guid)
        if (bound === undefined) return
        assert.ok(cost(plan(edges, to, { have: [], prefer, mayRestart: true }), prefer) <= bound)
      }),
      { numRuns: 300 },
    )
  })
})

/** For each snapshot the least cost of an edge to it and of all that this needs, each counted by itself. */
function addedUp(edges: readonly Edge[], prefer: Preference): Map<string, number> {
  const least = new Map<string, number>()
  for (let changed = true; changed;) {
    changed = false
    for (const one of edges) {
      const sum = one.needs.reduce((total, need) => total + (least.get(need.guid) ?? Infinity), cost([one], prefer))
      for (const { guid } of one.provides) {
        if (sum >= (least.get(guid) ?? Infinity)) continue
        least.set(guid, sum)
        changed = true
      }
    }
  }
  return least
}
