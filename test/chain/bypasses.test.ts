import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Bypass, type BypassOptions, bypasses } from '#src/chain/bypasses.js'
import type { Edge, Snapshot } from '#src/chain/edge.js'
import { retain } from '#src/chain/retain.js'
import { graphWithoutCycles, restorableSlowly } from './brute-force.js'
import { edge, text } from './notation.js'
import { only, sized, withBytes } from './policies.js'

const all: BypassOptions = { mayUse: () => true, maxLinks: Infinity }

const labelOf = ({ name }: Snapshot): string => name.slice(name.indexOf('@') + 1)

/** The proposals as `a>d frees b>c+c>d`, and after them the snapshots that none can be made to. */
function proposed(edges: readonly Edge[], kept: string[], options: Partial<BypassOptions> = {}): string[] {
  const asked = { ...all, ...options }
  const found = bypasses(retain(edges, only(...kept), asked.maxLinks), asked)
  const line = ({ base, snapshot, frees }: Bypass): string =>
    `${labelOf(base)}>${labelOf(snapshot)} frees ${frees.map(text).reverse().join(' ')}`
  return [...found.bypasses.map(line), ...found.without.map(one => `none to ${labelOf(one)}`)]
}

describe('which bypasses let more go', () => {
  const chain = sized('a 9', 'a>b', 'b>c', 'c>d', 'd>e')
  const without = (...labels: string[]): Partial<BypassOptions> => ({ mayUse: one => !labels.includes(labelOf(one)) })
  const cases: [what: string, all: Edge[], kept: string[], proposed: string[], options?: Partial<BypassOptions>][] = [
    ['none, where all is kept', chain, ['*'], []],
    ['none, where nothing is', chain, [], []],
    ['one round what is not kept', chain, ['a', 'd', 'e'], ['a>d frees a>b b>c c>d']],
    ['one for each gap, what frees most first', chain, ['a', 'c', 'e'], ['a>c frees a>b b>c', 'c>e frees c>d d>e']],
    ['from where the chain begins, if nothing older is kept', chain, ['d'], ['a>d frees a>b b>c c>d']],
    ['none where only the beginning is not kept', chain, ['b', 'c'], []],
    ['none where a stored one does, even a longer one', [...chain, ...sized('a>d 99')], ['a', 'd'], []],
    ['the full stream of a kept one needs none', [...chain, ...sized('d 2')], ['a', 'd', 'e'], []],
    ['one for each branch', sized('a', 'a>b', 'b>c', 'b>d'), ['a', 'c', 'd'], ['a>d frees a>b b>d', 'a>c frees b>c']],
    [
      'from the newest kept one, over what is stored but not held',
      sized('a 9', 'b 1', 'a>b 5', 'b>c', 'c>d'),
      ['a', 'd'],
      ['a>d frees b b>c c>d'],
    ],
    ['from the newest of several', sized('a 9', 'a>b', 'a>x', 'b>x 5', 'x>d'), ['a', 'b', 'd'], ['b>d frees a>x x>d']],
    ['not to what may not be used', chain, ['a', 'c', 'e'], ['a>c frees a>b b>c', 'none to e'], without('e')],
    [
      'not from what may not be used, but from an older one',
      chain,
      ['a', 'c', 'e'],
      ['a>e frees c>d d>e', 'none to c'],
      without('c'),
    ],
    ['none, where nothing older may be used', chain, ['a', 'c'], ['none to c'], without('a', 'b')],
    ['round a package, if that is not kept', sized('a', 'a>b+c', 'c>d'), ['a', 'd'], ['a>d frees a>b+c c>d']],
    ['nothing for damage', sized('a', 'x>y', 'y>z'), ['a', 'z'], []],
  ]
  for (const [what, edges, kept, expected, options] of cases) {
    it(what, () => assert.deepEqual(proposed(edges, kept, options), expected))
  }

  it('never between datasets: a clone begins where its own chain does', () => {
    const clone = (made: Edge, from: Snapshot | null, to: string): Edge => {
      const snapshot = { name: `tank/clone@${to}`, guid: `${to.charCodeAt(0)}` }
      return { ...made, snapshot, provides: [snapshot], base: from, needs: from === null ? [] : [from] }
    }
    const [a, b] = sized('a', 'a>b')
    assert.ok(a !== undefined && b !== undefined)
    const own: Edge[] = []
    for (const [index, label] of ['x', 'y', 'z'].entries()) {
      own.push(clone(withBytes(edge(`b>${label}`), 1, index + 2), own.at(-1)?.snapshot ?? b.snapshot, label))
    }
    const found = bypasses(retain([a, b, ...own], only('a', 'z')), all).bypasses
    assert.deepEqual(
      found.map(({ base, snapshot }) => `${base.name} ${snapshot.name}`),
      ['tank/clone@x tank/clone@z'],
    )
  })
})

describe('which bypasses shorten chains', () => {
  const chain = sized('a 9', 'a>b', 'b>c', 'c>d', 'd>e', 'e>f')
  const cases: [maxLinks: number, proposed: string[]][] = [
    [6, []],
    [5, ['a>f frees e>f']],
    [4, ['a>e frees d>e']],
    [3, ['a>d frees c>d', 'a>f frees e>f']],
    [2, ['a>c frees b>c', 'a>d frees c>d', 'a>e frees d>e', 'a>f frees e>f']],
    [1, ['none to b', 'none to c', 'none to d', 'none to e', 'none to f']],
  ]
  for (const [maxLinks, expected] of cases) {
    it(`at most ${maxLinks}`, () => assert.deepEqual(proposed(chain, ['*'], { maxLinks }), expected))
  }

  it('says how long chains are and will be', () => {
    const [one] = bypasses(retain(chain, only('*'), 5), { ...all, maxLinks: 5 }).bypasses
    assert.deepEqual([one?.linksBefore, one?.linksAfter], [6, 2])
  })

  it('one round what is not kept serves for both', () => {
    assert.deepEqual(proposed(chain, ['a', 'e', 'f'], { maxLinks: 3 }), ['a>e frees a>b b>c c>d d>e'])
  })

  it('once stored they stay, and what they replace goes, with the same limit', () => {
    const stored = [...chain, ...sized('x', 'a>d 7', 'a>f 7').slice(1)]
    assert.deepEqual(retain(stored, only('*'), 3).goes.map(text), ['e>f', 'c>d'])
    assert.deepEqual(proposed(stored, ['*'], { maxLinks: 3 }), [])
  })
})

const plain = graphWithoutCycles.map(given => given.filter(one => one.provides.length === 1 && one.needs.length < 2))
const someKept = plain.chain(given =>
  fc.tuple(
    fc.constant(given.map((one, index) => withBytes(one, 5, index))),
    fc.subarray(['a', 'b', 'c', 'd', 'e', 'f']),
  ),
)

describe('in any history', () => {
  it('each is an increment that ZFS could make, and after them less is held, never more', () => {
    fc.assert(
      fc.property(someKept, ([edges, labels]) => {
        const before = retain(edges, only(...labels))
        const found = bypasses(before, all)
        for (const { base, snapshot } of found.bypasses) assert.ok(leadsTo(edges, base, snapshot))
        // Shorter than all others, so that only whether they help counts.
        const stored = found.bypasses.map(({ base, snapshot }, index) =>
          withBytes({ ...edge(`${labelOf(base)}>${labelOf(snapshot)}`) }, 0, 100 + index),
        )
        const after = retain([...edges, ...stored], only(...labels))
        const freed = found.bypasses.flatMap(one => one.frees)
        for (const one of freed) assert.ok(after.goes.includes(one), `${text(one)} should go`)
        for (const one of before.goes) assert.ok(after.goes.includes(one), `${text(one)} should still go`)
      }),
    )
  })

  it('no fewer new streams would do for all that stays to be kept', () => {
    fc.assert(
      fc.property(someKept, ([edges, labels]) => {
        const retention = retain(edges, only(...labels))
        const found = bypasses(retention, all)
        const isKept = ({ guid }: Snapshot) => retention.kept.has(guid)
        // Where a chain begins with something that isn't kept, that stays in any case.
        fc.pre(retention.unsupported.length === 0 && found.bypasses.every(one => isKept(one.base)))
        const keptOnly = edges.filter(one => isKept(one.snapshot) && one.needs.every(isKept))
        const reached = (more: readonly Edge[]) => restorableSlowly([...keptOnly, ...more])
        const isEnough = (more: readonly Edge[]) => [...retention.kept.keys()].every(guid => reached(more).has(guid))
        const stored = found.bypasses.map(({ base, snapshot }) => edge(`${labelOf(base)}>${labelOf(snapshot)}`))
        fc.pre(isEnough(stored))
        for (const fewer of stored) assert.ok(!isEnough(stored.filter(one => one !== fewer)))
        const lacking = [...retention.kept.keys()].filter(
          guid => !keptOnly.some(one => one.snapshot.guid === guid && one.needs.every(isKept)),
        )
        // Each new stream brings one snapshot, so at least as many are needed as there are that nothing leads to.
        assert.equal(stored.length, lacking.length)
      }),
    )
  })
})

/** If stored edges lead on from one snapshot to another. */
function leadsTo(edges: readonly Edge[], from: Snapshot, to: Snapshot): boolean {
  const found = new Set([from.guid])
  for (let before = 0; before < found.size;) {
    before = found.size
    for (const one of edges) if (one.base !== null && found.has(one.base.guid)) found.add(one.snapshot.guid)
  }
  return found.has(to.guid)
}
