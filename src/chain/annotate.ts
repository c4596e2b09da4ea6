/** What `zfs2s3-graph` computes beside each edge, so that scripts need not walk chains. */
import type { Edge } from './edge.js'
import { isUsable, walked, type Link, type Place } from './walk.js'

export interface Annotation {
  /** Whether all snapshots that the edge provides are restorable, by this edge or by another. */
  readonly restorable: boolean
  /** Whether the edge may be removed by itself (chain/removal.ts). */
  readonly removable: boolean
  /**
   * How many stored edges need something that only this edge leads to: those that its removal would leave without their
   * base. Only what hangs on it directly is counted. 0 exactly where the edge is removable.
   */
  readonly dependents: number
}

/**
 * One annotation an edge, in the same order.
 *
 * A snapshot is lost with the edge that reached it first, unless another one leads to it that doesn't rely on that
 * edge. To find out, `reliesOn` goes back from the other edge only until it is before the first one in the walk's order,
 * which in catalogs that ZFS made is at once or after the links that a bypass spans. Only where that finds nothing (stream
 * packages that bring a whole chain, cycles) is the stretch behind the edge walked again without it.
 */
export function annotate(edges: readonly Edge[]): Annotation[] {
  return walked(edges).links.map(link => {
    const dependents = dependentsOf(link)
    return { restorable: link.provides.every(place => place.reached), removable: dependents === 0, dependents }
  })
}

function dependentsOf(link: Link): number {
  const lost = lostWithout(link)
  const dependents = new Set<Link>()
  for (const place of link.provides) {
    const onlyProvider = place.providers.length === 1
    for (const user of place.users) {
      if (user !== link && (isUsable(user) ? lost.has(place) : onlyProvider)) dependents.add(user)
    }
  }
  return dependents.size
}

/** Of the snapshots that `link` provides and usable edges need: those that can't be restored without it. */
function lostWithout(link: Link): ReadonlySet<Place> {
  const needed = link.provides.filter(place => place.first === link && place.users.some(isUsable))
  const lost = new Set<Place>()
  const unsure: Place[] = []
  for (const place of needed) {
    const others = place.providers.filter(other => other !== link && isUsable(other))
    if (others.length === 0) lost.add(place)
    else if (others.every(other => reliesOn(other, link))) unsure.push(place)
  }
  if (unsure.length > 0) {
    const reached = reachedWithout(link, unsure)
    for (const place of unsure) if (!reached.has(place)) lost.add(place)
  }
  return lost
}

/** If `link` is on the way by which the walk came to `other`. (There may be another way.) */
function reliesOn(other: Link, link: Link): boolean {
  const seen = new Set<Link>([other])
  for (const at of seen) {
    if (at === link) return true
    // Whatever the walk came to before `link` doesn't rely on it. A set's iteration includes what is added meanwhile.
    for (const { first } of at.needs) if (first !== null && first.rank >= link.rank) seen.add(first)
  }
  return false
}

/** Which of `places` can be restored without `link`: a walk of all that lies between the two. */
function reachedWithout(link: Link, places: readonly Place[]): ReadonlySet<Place> {
  const isBefore = (place: Place): boolean => place.first !== null && place.first.rank < link.rank
  const between = new Set(places)
  const unmet = new Map<Link, number>()
  for (const place of between) {
    for (const provider of place.providers) {
      if (provider === link || !isUsable(provider) || unmet.has(provider)) continue
      const open = provider.needs.filter(need => !isBefore(need))
      unmet.set(provider, open.length)
      for (const need of open) between.add(need)
    }
  }
  const reached = new Set<Place>()
  const ready = [...unmet].filter(([, open]) => open === 0).map(([provider]) => provider)
  for (let provider = ready.pop(); provider !== undefined; provider = ready.pop()) {
    for (const place of provider.provides) {
      if (reached.has(place) || !between.has(place)) continue
      reached.add(place)
      for (const user of place.users) {
        const open = unmet.get(user)
        if (open === undefined) continue
        unmet.set(user, open - 1)
        if (open === 1) ready.push(user)
      }
    }
  }
  return reached
}
