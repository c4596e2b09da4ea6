/** Whether locks mean something (docs/design.md, Locks): all that a locked stream needs is to be locked at least as long. */
import type { Edge } from './edge.js'
import { graphOf, type Link, Walk } from './walk.js'

/** A locked edge that could become unrestorable while it is locked. */
export interface WeakLock {
  readonly edge: Edge
  /** On the best path to what the edge needs, the one whose lock ends first. */
  readonly weakest: Edge
}

/**
 * The locked edges to which no path leads that is locked at least as long.
 * @param until for each locked edge until when it is: UTC, RFC 3339, whole seconds, so that they compare as text
 */
export function weakLocks(edges: readonly Edge[], until: ReadonlyMap<Edge, string>): WeakLock[] {
  const endOf = (edge: Edge): string => until.get(edge) ?? ''
  const byEnd = new Map<string, Link[]>()
  for (const link of graphOf(edges).links) {
    const end = endOf(link.edge)
    const these = byEnd.get(end) ?? []
    these.push(link)
    byEnd.set(end, these)
  }
  const walk = new Walk()
  const weakest = new Map<Link, Link>()
  // From the latest end on: the path by which an edge is reached first is the one that is locked the longest.
  for (const end of [...byEnd.keys()].sort().reverse()) {
    const before = walk.order.length
    walk.admit(byEnd.get(end) ?? [])
    for (const link of walk.order.slice(before)) {
      if (endOf(link.edge) === end) continue
      // It could not be reached before; so what let it be reached was, now.
      const by = link.needs.map(({ first }) => first).find(first => first !== null && first.rank >= before)
      if (by != null) weakest.set(link, weakest.get(by) ?? by)
    }
  }
  const weak = [...weakest].sort(([a], [b]) => a.index - b.index)
  return weak.map(([link, by]) => ({ edge: link.edge, weakest: by.edge }))
}
