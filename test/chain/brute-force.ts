/** The rule done the slow way, straight from its words, and random graphs to compare on. */
import fc from 'fast-check'
import type { Edge } from '#src/chain/edge.js'
import { edges } from './notation.js'

/** GUIDs of the restorable snapshots: go over all edges until nothing changes. */
export function restorableSlowly(all: readonly Edge[]): Set<string> {
  const found = new Set<string>()
  for (let before = -1; before < found.size;) {
    before = found.size
    for (const edge of all) {
      if (edge.needs.every(one => found.has(one.guid))) for (const one of edge.provides) found.add(one.guid)
    }
  }
  return found
}

export const isSupported = (edge: Edge, all: readonly Edge[]): boolean => {
  const found = restorableSlowly(all)
  return edge.needs.every(one => found.has(one.guid))
}

/** The edges that stay and would be worse off without `leaving`. */
export function strandedSlowly(all: readonly Edge[], leaving: readonly Edge[]): Edge[] {
  const staying = all.filter(edge => !leaving.includes(edge))
  const hasProvider = (guid: string, list: readonly Edge[]) => list.some(e => e.provides.some(one => one.guid === guid))
  return staying.filter(edge =>
    isSupported(edge, all)
      ? !isSupported(edge, staying)
      : edge.needs.some(one => hasProvider(one.guid, all) && !hasProvider(one.guid, staying)),
  )
}

const labels = ['a', 'b', 'c', 'd', 'e', 'f'] as const
const some = (min: number, max: number) =>
  fc.uniqueArray(fc.constantFrom(...labels), { minLength: min, maxLength: max })

/** Graphs with several full streams, several edges to one snapshot, the same edge twice, cycles, and stream packages. */
export const anyGraph: fc.Arbitrary<Edge[]> = fc
  .array(
    fc.oneof(
      { weight: 2, arbitrary: some(1, 1).map(([to]) => String(to)) },
      { weight: 6, arbitrary: some(2, 2).map(([from, to]) => `${from}>${to}`) },
      { weight: 3, arbitrary: fc.tuple(some(0, 2), some(1, 3)).map(([from, to]) => packageText(from, to)) },
    ),
    { minLength: 1, maxLength: 9 },
  )
  .map(texts => edges(...texts))

const packageText = (from: string[], to: string[]): string =>
  (from.length === 0 ? '' : `${from.join('+')}>`) + to.join('+')

/** Graphs as put leaves them: of any graph, the edges that it would have let in. */
export const soundGraph: fc.Arbitrary<Edge[]> = anyGraph.map(all => all.filter(edge => isSupported(edge, all)))

/** Graphs as ZFS makes them, where an increment leads to something later, with parts of them lost. */
export const graphWithoutCycles: fc.Arbitrary<Edge[]> = anyGraph.map(all =>
  all.filter(edge => edge.needs.every(need => edge.provides.every(one => need.name < one.name))),
)

/** A graph and some of its edges. */
export const withSubset = (graph: fc.Arbitrary<Edge[]>): fc.Arbitrary<[Edge[], Edge[]]> =>
  graph.chain(all => fc.tuple(fc.constant(all), fc.subarray(all)))
