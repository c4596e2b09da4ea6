/**
 * May these edges be removed, in what order, and if not, why not.
 *
 * A set may go if every edge that stays and was supported is still supported: then the only snapshots that become
 * unrestorable are ones that the set names. For a sound catalog that is the rule of docs/design.md word for word.
 *
 * A catalog that is not sound (damaged by hand, or rebuilt from a bucket that lacks objects) must not block removals that
 * have nothing to do with the damage, and must not let go what a repair would rely on. So there, an edge that already lacks
 * support counts as well: nothing may take the last provider of a snapshot that it needs.
 */
import type { Failure } from '../failure.js'
import { refused } from '../failure.js'
import type { Edge, Snapshot } from './edge.js'
import { edgeTitle, listed } from './names.js'
import { graphOf, isUsable, missing, Walk, type Graph, type Link } from './walk.js'

/** A snapshot that would become unrestorable though nobody asked for that. */
export interface Abandoned {
  readonly snapshot: Snapshot
  /** The edges to it that would be left without what they need. */
  readonly through: readonly Edge[]
}

export type Removal =
  | {
      readonly allowed: true
      /**
       * The edges to remove, each of which may go by itself once those before it have gone. (Only a cycle of
       * increments, which `zfs send` can't make, may have no such order; its edges come first.)
       */
      readonly order: readonly Edge[]
    }
  | {
      readonly allowed: false
      /** The edges that would stay without what they need. */
      readonly stranded: readonly Edge[]
      /** Can be empty: a stranded edge's snapshot may be restorable in another way, or be one that is to be removed. */
      readonly abandoned: readonly Abandoned[]
    }

/**
 * Whether `toRemove` may be removed from `edges`. Edges are told apart by the key of their first object, which a
 * catalog has only once. Throws a refusal where one of them is not among `edges`.
 */
export function removal(edges: readonly Edge[], toRemove: readonly Edge[]): Removal {
  const graph = graphOf(edges)
  const leaving = linksOf(graph, toRemove)
  const staying = graph.links.filter(link => !leaving.has(link))

  const walk = new Walk()
  walk.admit(staying)
  const supportedWithout = walk.order.length
  walk.admit(leaving)

  const losesSupport = (link: Link): boolean => isUsable(link) && link.rank >= supportedWithout
  const losesProvider = (link: Link): boolean =>
    link.needs.some(({ providers }) => providers.length > 0 && providers.every(one => leaving.has(one)))
  const stranded = staying.filter(link => losesSupport(link) || (!isUsable(link) && losesProvider(link)))
  if (stranded.length > 0) {
    const stillReached = (first: Link | null): boolean => first === null || first.rank < supportedWithout
    return {
      allowed: false,
      stranded: stranded.map(link => link.edge),
      abandoned: abandonedBy(stranded, toRemove, guid => stillReached(graph.places.get(guid)?.first ?? null)),
    }
  }

  walk.give(missing(graph))
  const outward = [...leaving].sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank))
  return { allowed: true, order: outward.reverse().map(link => link.edge) }
}

function linksOf(graph: Graph, edges: readonly Edge[]): Set<Link> {
  const byKey = new Map(graph.links.map(link => [link.edge.volumes[0].key, link]))
  return new Set(
    edges.map(edge => {
      const link = byKey.get(edge.volumes[0].key)
      if (link === undefined) throw refused(`${edgeTitle(edge)} is not stored`, 'see zfs2s3-graph for what is')
      return link
    }),
  )
}

function abandonedBy(
  stranded: readonly Link[],
  named: readonly Edge[],
  unchanged: (guid: string) => boolean,
): Abandoned[] {
  const namedGuids = new Set(named.flatMap(edge => edge.provides.map(one => one.guid)))
  const abandoned = new Map<string, { snapshot: Snapshot; through: Edge[] }>()
  for (const { edge } of stranded) {
    for (const snapshot of edge.provides) {
      if (namedGuids.has(snapshot.guid) || unchanged(snapshot.guid)) continue
      const entry = abandoned.get(snapshot.guid) ?? { snapshot, through: [] }
      entry.through.push(edge)
      abandoned.set(snapshot.guid, entry)
    }
  }
  return [...abandoned.values()]
}

/** The refusal that says why `toRemove` may not be removed. */
export function removalRefused(toRemove: readonly Edge[], answer: Removal & { readonly allowed: false }): Failure {
  const what = `removing ${listed(toRemove.map(edgeTitle))} would`
  const through = `through ${listed(answer.stranded.map(edgeTitle))}`
  if (answer.abandoned.length > 0) {
    const names = answer.abandoned.map(({ snapshot }) => snapshot.name)
    return refused(`${what} abandon ${listed(names)} (${through})`, 'remove those as well, or store a bypass first')
  }
  return refused(
    `${what} leave without what they need: ${listed(answer.stranded.map(edgeTitle))}`,
    'remove those as well',
  )
}
