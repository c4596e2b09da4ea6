/**
 * Edges laid out for the eye, whatever draws them: a list of rows for each dataset, one row an edge, in which a chain goes
 * straight down, only branches are indented, and bypasses are rails beside the chain.
 *
 * Each edge hangs on the one that brings the latest snapshot it needs. So where daily steps and a bypass lead to the same
 * snapshot, the daily ones are the chain, and the bypass is a row above that snapshot, with a rail from where it starts.
 * Of several edges that hang on one, that with the most below it goes on straight: an edge is never indented more than the
 * logarithm of all.
 */
import type { Edge } from './edge.js'
import { Forest, largest } from './forest.js'
import { grouped } from './grouped.js'
import { datasetOf } from './names.js'
import { railsOf, type Rail } from './rails.js'
import { graphOf, type Link } from './walk.js'

export interface Row {
  readonly edge: Edge
  /** The edge's place in the list that was laid out. */
  readonly index: number
  /** `root`: hangs on no row of its dataset. `bypass`: another row brings all that it brings. */
  readonly kind: 'root' | 'link' | 'bypass'
  /** How often it is indented. To the left of it the line of every lesser column goes on. */
  readonly column: number
  /** If a branch begins here, off the line one column to the left. */
  readonly forks: boolean
  /** If its base is what is just above it on its line, and need not be said. */
  readonly followsBase: boolean
}

export interface Drawing {
  readonly dataset: string
  readonly rows: readonly Row[]
  readonly rails: readonly Rail[]
}

/** One drawing a dataset, by name. An edge belongs to the dataset of its snapshot. Linear but for sorting; no recursion. */
export function layout(edges: readonly Edge[]): Drawing[] {
  const graph = graphOf(edges)
  const forest = new Forest(graph)
  const datasets = grouped(graph.links, link => datasetOf(link.edge.snapshot))
  return [...datasets]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([dataset, links]) => ({ dataset, ...drawn(links, forest) }))
}

/** The rows of one dataset, and the rails beside them. */
function drawn(links: readonly Link[], forest: Forest): Pick<Drawing, 'rows' | 'rails'> {
  const byDepth = [...links].sort((a, b) => forest.depthOf(a) - forest.depthOf(b) || a.index - b.index)
  const children = grouped(
    byDepth.filter(link => !forest.isBypass(link)),
    link => forest.parentOf(link),
  )
  const bypasses = grouped(byDepth.filter(forest.isBypass), link => forest.mainOf(link))
  const sizes = sizesOf(byDepth, forest)
  const byEnd = (a: Link, b: Link): number => forest.endOf(a) - forest.endOf(b)

  const rows: Row[] = []
  const rowOf = new Map<Link, number>()
  const add = (link: Link, how: Omit<Row, 'edge' | 'index'>): void => {
    rowOf.set(link, rows.length)
    rows.push({ edge: link.edge, index: link.index, ...how })
  }
  const roots = [...(children.get(null) ?? [])].sort(byEnd).reverse()
  const toDraw = roots.map(link => ({ link, column: 0, forks: false }))
  for (let next = toDraw.pop(); next !== undefined; next = toDraw.pop()) {
    const { link, column, forks } = next
    // The shortest comes first, and is nearest to the chain: so no rail crosses another one's end.
    for (const bypass of (bypasses.get(link) ?? []).toReversed()) {
      add(bypass, { kind: 'bypass', column, forks: false, followsBase: false })
    }
    const parent = forest.parentOf(link)
    const followsBase = parent !== null && parent.edge.snapshot.guid === link.edge.base?.guid
    add(link, { kind: parent === null ? 'root' : 'link', column, forks, followsBase })
    const below = [...(children.get(link) ?? [])].sort(byEnd).reverse()
    const straight = largest(below, (a, b) => (sizes.get(a) ?? 0) - (sizes.get(b) ?? 0))
    if (straight !== null) toDraw.push({ link: straight, column, forks: false })
    for (const branch of below) if (branch !== straight) toDraw.push({ link: branch, column: column + 1, forks: true })
  }

  const ends = links.filter(forest.isBypass).flatMap(link => {
    const base = forest.parentOf(link)
    const [from, to] = [base === null ? undefined : rowOf.get(base), rowOf.get(link)]
    return from === undefined || to === undefined ? [] : [{ from, to }]
  })
  return { rows, rails: railsOf(ends) }
}

/** How many edges hang on each, itself included. */
function sizesOf(byDepth: readonly Link[], forest: Forest): ReadonlyMap<Link, number> {
  const sizes = new Map<Link, number>()
  // What hangs on an edge is always deeper than that.
  for (const link of byDepth.toReversed()) {
    const parent = forest.isBypass(link) ? null : forest.parentOf(link)
    const size = (sizes.get(link) ?? 0) + 1
    sizes.set(link, size)
    if (parent !== null) sizes.set(parent, (sizes.get(parent) ?? 0) + size)
  }
  return sizes
}
