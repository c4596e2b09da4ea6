/**
 * THE RULE (docs/design.md, The safety rule). A snapshot is restorable if some edge that provides it needs nothing, or needs
 * only restorable snapshots. Edges are sound if all that every one of them needs is restorable. A cycle of increments
 * supports nothing.
 */
import type { Edge } from './edge.js'
import { graphOf, isUsable, missing, Walk, walked } from './walk.js'

/** The GUIDs of all restorable snapshots. */
export function restorable(edges: readonly Edge[]): ReadonlySet<string> {
  const reached = new Set<string>()
  for (const place of walked(edges).places.values()) if (place.reached) reached.add(place.guid)
  return reached
}

/** If everything that any edge needs is restorable. */
export function isSound(edges: readonly Edge[]): boolean {
  return walked(edges).links.every(isUsable)
}

/** The edges that need something which isn't restorable. None of a sound catalog's. */
export function unsupported(edges: readonly Edge[]): Edge[] {
  return walked(edges)
    .links.filter(link => !isUsable(link))
    .map(link => link.edge)
}

/**
 * The same edges in an order in which each can be received after those before it: by the time they were stored (else
 * made; unknown times first), as far as that allows, else as they were. Unsupported ones follow at the end, a base
 * before what needs it as far as there is such an order; those in cycles come last.
 */
export function receiveOrder(edges: readonly Edge[]): Edge[] {
  const graph = graphOf(byTime(edges))
  const walk = new Walk()
  walk.admit(graph.links)
  walk.give(missing(graph))
  const cycles = graph.links.filter(link => !isUsable(link))
  return [...walk.order, ...cycles].map(link => link.edge)
}

function byTime(edges: readonly Edge[]): Edge[] {
  const timeOf = (edge: Edge): string => edge.stored ?? edge.created ?? ''
  return [...edges].sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : timeOf(a) > timeOf(b) ? 1 : 0))
}
