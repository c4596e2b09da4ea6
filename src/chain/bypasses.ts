/**
 * Which new streams would let more go: bypasses (`zfs send -i`) round what stays only because a kept snapshot needs it, and
 * such as shorten long chains.
 *
 * A kept snapshot needs one if no stored edges lead to it through kept snapshots alone, and none to it from another kept one
 * that will have its own. So no fewer would do. Each begins at the newest kept snapshot of the same dataset that stored edges
 * lead on from to it: then ZFS has made an increment between the two before, if in steps. Where there is no such, it
 * begins where the chain does, in the same dataset, and the chain's beginning is all that stays besides.
 */
import type { Edge, Snapshot } from './edge.js'
import { datasetOf } from './names.js'
import { knownBytes, snapshotOf, type Retention } from './retain.js'
import { isUsable, type Link, type Place } from './walk.js'
import { fewestLinks, historyOrder } from './ways.js'

export interface Bypass {
  readonly base: Snapshot
  readonly snapshot: Snapshot
  /** An edge that leads to the snapshot now: the new stream must be of its kind. */
  readonly like: Edge
  /** What could go if all that are proposed were stored. What several free together is with the last of them. */
  readonly frees: readonly Edge[]
  /** How many streams have to be received for the snapshot, one after the other: now, and then. */
  readonly linksBefore: number
  readonly linksAfter: number
}

export interface Proposals {
  /** What frees the most bytes first. */
  readonly bypasses: readonly Bypass[]
  /** Kept snapshots that would need a bypass, and that none can be made for: not from snapshots that may be used. */
  readonly without: readonly Snapshot[]
}

export interface BypassOptions {
  /** Whether a snapshot can be sent, and sent from. */
  readonly mayUse: (snapshot: Snapshot) => boolean
  /** Longest chain to a kept snapshot, in links. */
  readonly maxLinks: number
}

/** What to store after `retention` so that more can go. */
export function bypasses(retention: Retention, { mayUse, maxLinks }: BypassOptions): Proposals {
  const { graph, holds, goals } = retention
  const order = historyOrder(graph)
  const ways = fewestLinks(holds)
  const snapshots = new Map(order.map(place => [place, snapshotOf(place)]))
  const nameOf = (place: Place): Snapshot => snapshots.get(place) ?? snapshotOf(place)
  const usable = new Set(order.filter(place => mayUse(nameOf(place))))
  const inSameDataset = (a: Place, b: Place): boolean => datasetOf(nameOf(a)) === datasetOf(nameOf(b))

  const needy = needBypass(graph.links, goals)
  const nearest = nearestBases(order, place => goals.has(place) && usable.has(place), inSameDataset)
  const bases = new Map<Place, Place>()
  const without = new Set<Place>()
  /** Of each held snapshot, the first of its chain within its dataset that may be used; and how long its chain is then. */
  const origins = new Map<Place, Place>()
  const depths = new Map<Place, number>()
  const depthOf = (place: Place): number => depths.get(place) ?? Infinity

  for (const place of order) {
    const last = ways.get(place)?.last
    if (last === undefined) continue
    const before = last.needs.find(need => inSameDataset(need, place))
    const origin = before === undefined ? undefined : (origins.get(before) ?? (usable.has(before) ? before : undefined))
    if (origin !== undefined) origins.set(place, origin)
    depths.set(place, 1 + Math.max(0, ...last.needs.map(depthOf)))
    const propose = (base: Place): void => {
      bases.set(place, base)
      depths.set(place, 1 + depthOf(base))
    }
    const base = nearest.get(place) ?? origin
    if (needy.has(place)) {
      if (base === undefined || !usable.has(place)) without.add(place)
      // From where its one stream begins already nothing is gained.
      else if (!last.needs.includes(base)) propose(base)
    }
    if (!goals.has(place) || depthOf(place) <= maxLinks) continue
    if (origin !== undefined && usable.has(place) && depthOf(origin) < maxLinks) propose(origin)
    else without.add(place)
  }

  const freed = freedBy(bases, holds, goals)
  const found = [...bases].flatMap(([place, base]): Bypass[] => {
    const way = ways.get(place)
    if (way === undefined) return []
    const [from, to] = [nameOf(base), nameOf(place)]
    const frees = freed.get(place) ?? []
    return [
      { base: from, snapshot: to, like: way.last.edge, frees, linksBefore: way.depth, linksAfter: depthOf(place) },
    ]
  })
  const worth = new Map(found.map(one => [one, knownBytes(one.frees)]))
  found.sort((a, b) => (worth.get(b) ?? 0) - (worth.get(a) ?? 0) || b.frees.length - a.frees.length)
  return { bypasses: found, without: [...without].map(nameOf) }
}

/** The goals that no stored edge leads to from nothing or from goals alone. */
function needBypass(links: readonly Link[], goals: ReadonlySet<Place>): ReadonlySet<Place> {
  const needy = new Set(goals)
  for (const link of links) {
    if (!isUsable(link) || !link.needs.every(need => goals.has(need))) continue
    for (const place of link.provides) needy.delete(place)
  }
  return needy
}

/**
 * For each snapshot the newest that `isBase` and that stored edges lead on from to it, within its dataset. Goes out from each
 * base, the newest first, as far as the next ones, so that each snapshot is come to once.
 */
function nearestBases(
  history: readonly Place[],
  isBase: (place: Place) => boolean,
  inSameDataset: (a: Place, b: Place) => boolean,
): ReadonlyMap<Place, Place> {
  const nearest = new Map<Place, Place>()
  for (const base of history.filter(isBase).reverse()) {
    const open = [base]
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      for (const link of place.users) {
        if (!isUsable(link)) continue
        for (const next of link.provides) {
          if (next === base || nearest.has(next) || !inSameDataset(base, next)) continue
          nearest.set(next, base)
          if (!isBase(next)) open.push(next)
        }
      }
    }
  }
  return nearest
}

/** What could go besides with each bypass, in the order of the history. */
function freedBy(
  bases: ReadonlyMap<Place, Place>,
  holds: ReadonlySet<Link>,
  goals: ReadonlySet<Place>,
): ReadonlyMap<Place, readonly Edge[]> {
  /** By how many a snapshot is needed: links that stay, the policy, and bypasses. */
  const needed = new Map<Place, number>()
  const change = (place: Place, by: number): number => {
    const count = (needed.get(place) ?? 0) + by
    needed.set(place, count)
    return count
  }
  for (const place of [...[...holds].flatMap(link => link.needs), ...goals, ...bases.values()]) change(place, 1)

  const bypassed = new Set<Place>()
  const gone = new Set<Link>()
  const freed = new Map<Place, Edge[]>()
  for (const goal of bases.keys()) {
    bypassed.add(goal)
    const edges: Edge[] = []
    const open = [...goal.providers]
    for (let link = open.pop(); link !== undefined; link = open.pop()) {
      if (!holds.has(link) || gone.has(link)) continue
      if (!link.provides.every(place => bypassed.has(place) || change(place, 0) === 0)) continue
      gone.add(link)
      edges.push(link.edge)
      for (const need of link.needs) if (change(need, -1) === 0) open.push(...need.providers)
    }
    freed.set(goal, edges)
  }
  return freed
}
