import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { annotate } from '#src/chain/annotate.js'
import type { Edge } from '#src/chain/edge.js'
import { removal } from '#src/chain/removal.js'
import { anyGraph, isSupported, restorableSlowly } from './brute-force.js'
import { edges } from './notation.js'

describe('what graph says of each edge', () => {
  const cases: [what: string, given: string[], dependents: number[]][] = [
    ['a lone full stream', ['a'], [0]],
    ['only what hangs on it directly counts', ['a', 'a>b', 'b>c', 'b>d'], [1, 2, 0, 0]],
    ['a bypass makes what it goes round removable, and is itself', ['a', 'a>b', 'b>c', 'c>d', 'a>c'], [2, 1, 0, 0, 0]],
    ['two full streams are each dispensable', ['a', 'a', 'a>b'], [0, 0, 0]],
    ['a way that leads through the snapshot itself is none', ['a', 'a>b', 'b>c', 'c>b'], [1, 1, 1, 0]],
    ['an increment that needs two things depends on both', ['a', 'b', 'a+b>c'], [1, 1, 0]],
    ['a package beside the single steps', ['a', 'a>b+c+d', 'a>b', 'b>c', 'c>d', 'd>e'], [2, 0, 0, 0, 0, 0]],
  ]
  for (const [what, given, dependents] of cases) {
    it(what, () => {
      const all = edges(...given)
      assert.deepEqual(
        annotate(all).map(one => one.dependents),
        dependents,
      )
    })
  }

  it('agrees with asking for each edge alone, in any graph', () => {
    fc.assert(
      fc.property(anyGraph, all => {
        const found = restorableSlowly(all)
        const expected = all.map(one => ({
          restorable: one.provides.every(({ guid }) => found.has(guid)),
          removable: removal(all, [one]).allowed,
          dependents: strandedDirectly(all, one).length,
        }))
        assert.deepEqual(annotate(all), expected)
      }),
      { numRuns: 3000 },
    )
  })
})

/** The edges that would be left without something that `one` itself provides. */
function strandedDirectly(all: readonly Edge[], one: Edge): Edge[] {
  const others = all.filter(other => other !== one)
  const left = restorableSlowly(others)
  const isLost = (guid: string, user: Edge): boolean =>
    isSupported(user, all) ? !left.has(guid) : !others.some(other => other.provides.some(end => end.guid === guid))
  return others.filter(user =>
    user.needs.some(({ guid }) => one.provides.some(end => end.guid === guid) && isLost(guid, user)),
  )
}

describe('30,000 edges take well under a second', () => {
  const size = 30_000
  const shapes: [what: string, edge: (n: number) => string][] = [
    ['one chain', n => (n === 0 ? 's0' : `s${n - 1}>s${n}`)],
    ['a chain with every link twice', n => (n < 2 ? 's0' : `s${(n >> 1) - 1}>s${n >> 1}`)],
    ['a full stream beside each link', n => (n < 2 ? 's0' : n % 2 ? `s${n >> 1}` : `s${(n >> 1) - 1}>s${n >> 1}`)],
    ['a bypass from the start beside each link', n => (n < 2 ? 's0' : `s${n % 2 ? 0 : (n >> 1) - 1}>s${n >> 1}`)],
    [
      'a chain with one bypass over all of it',
      n => (n === 0 ? 's0' : n + 1 < size ? `s${n - 1}>s${n}` : `s0>s${n - 1}`),
    ],
    ['months of 30 links and a bypass', n => (n === 0 ? 's0' : `s${n % 31 ? n - 1 : n - 31}>s${n % 31 ? n : n - 1}`)],
    ['packages over each two links', n => (n === 0 ? 's0' : packageOver(n))],
  ]
  for (const [what, shape] of shapes) {
    it(what, () => {
      const all = edges(...Array.from({ length: size }, (_, n) => shape(n)))
      for (const order of [all, [...all].reverse()]) {
        const start = performance.now()
        annotate(order)
        const tookMs = performance.now() - start
        assert.ok(tookMs < 2000, `${tookMs} ms`)
      }
    })
  }
})

/** Two steps and the package that brings both, again and again. */
function packageOver(n: number): string {
  const from = 2 * Math.floor((n - 1) / 3)
  const step = (n - 1) % 3
  return step === 0 ? `s${from}>s${from + 1}+s${from + 2}` : `s${from + step - 1}>s${from + step}`
}
