/** What a retention policy lets go: as much as possible, while every snapshot that it keeps stays restorable. */
import type { Edge, Snapshot } from './edge.js'
import { holding } from './holding.js'
import { keptBy, type Policy } from './policy.js'
import { storedBytes } from './record.js'
import { removal } from './removal.js'
import { graphOf, isUsable, Walk, type Graph, type Link, type Place } from './walk.js'

export interface Retention {
  /** By GUID, for each snapshot that the policy keeps: why. */
  readonly kept: ReadonlyMap<string, readonly string[]>
  /** Those among them that are kept only because nobody knows when they were taken. */
  readonly undated: readonly Snapshot[]
  /** The edges that can go, in an order in which each may go by itself once those before it have gone. */
  readonly goes: readonly Edge[]
  /** The edges that lead to snapshots which the policy doesn't keep, each with a kept one that needs it. */
  readonly held: ReadonlyMap<Edge, Snapshot>
  /** The edges that lack something they need. They stay, with what they would need of what is there. */
  readonly unsupported: readonly Edge[]
  /** For chain/bypasses.ts: the walked graph, what stays of it but for the unsupported, and the snapshots that must. */
  readonly graph: Graph
  readonly holds: ReadonlySet<Link>
  readonly goals: ReadonlySet<Place>
}

/**
 * What `policy` lets go of `edges`. Where there are several ways to a kept snapshot, those stay that have the fewest bytes
 * together (chain/holding.ts says how sure that is), of which all lengths are known if possible. Of the ways of at
 * most `maxLinks` links to a snapshot one stays, where there is any.
 */
export function retain(edges: readonly Edge[], policy: Policy, maxLinks = Infinity): Retention {
  const graph = graphOf(edges)
  new Walk().admit(graph.links)
  const { reasons: kept, undated } = keptBy(graph, policy)
  const unsupported = graph.links.filter(link => !isUsable(link))
  const goals = new Set<Place>()
  for (const place of graph.places.values()) if (kept.has(place.guid)) goals.add(place)
  // Damage is mended by whoever looks at it, not by letting go what the repair would need.
  for (const need of unsupported.flatMap(link => link.needs)) if (need.reached) goals.add(need)

  const holds = holding(graph, goals, maxLinks)
  const stays = new Set([...unsupported, ...holds.keys()])
  const answer = removal(
    edges,
    graph.links.filter(link => !stays.has(link)).map(link => link.edge),
  )
  if (!answer.allowed) throw new Error('what stays needs what goes')

  const held = new Map<Edge, Snapshot>()
  for (const [{ edge }, goal] of holds) {
    if (!kept.has(edge.snapshot.guid)) held.set(edge, snapshotOf(goal))
  }
  return {
    kept,
    undated,
    goes: answer.order,
    held,
    unsupported: unsupported.map(link => link.edge),
    graph,
    holds: new Set(holds.keys()),
    goals,
  }
}

/** Stored bytes of edges together, as far as lengths are known. */
export const knownBytes = (edges: Iterable<Edge>): number =>
  [...edges].reduce((sum, edge) => sum + (storedBytes(edge) ?? 0), 0)

/** A snapshot as one of its edges calls it. */
export function snapshotOf({ guid, providers, users }: Place): Snapshot {
  const all = [...providers.flatMap(({ edge }) => edge.provides), ...users.flatMap(({ edge }) => edge.needs)]
  return all.find(one => one.guid === guid) ?? { name: guid, guid }
}
