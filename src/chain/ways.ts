/** In which order a history went, and the ways through it that have the fewest links. */
import { Heap } from './heap.js'
import { isUsable, type Graph, type Link, type Place } from './walk.js'

/** The reached snapshots, each behind all that a stored edge leads from to it; those in cycles as the walk came to them. */
export function historyOrder({ links, places }: Graph): Place[] {
  const order = new Set<Place>()
  const unmet = new Map<Link, number>()
  const unprovided = new Map<Place, number>()
  for (const link of links) {
    if (!isUsable(link)) continue
    unmet.set(link, link.needs.length)
    for (const place of link.provides) unprovided.set(place, (unprovided.get(place) ?? 0) + 1)
  }
  const ready = new Heap<Link>((a, b) => a.rank < b.rank)
  for (const link of unmet.keys()) if (link.needs.length === 0) ready.push(link)
  for (let link = ready.pop(); link !== undefined; link = ready.pop()) {
    for (const place of link.provides) {
      const left = (unprovided.get(place) ?? 0) - 1
      unprovided.set(place, left)
      if (left > 0) continue
      order.add(place)
      for (const user of place.users) {
        const lacking = (unmet.get(user) ?? 0) - 1
        unmet.set(user, lacking)
        if (lacking === 0) ready.push(user)
      }
    }
  }
  const cycles = [...places.values()].filter(place => place.reached && !order.has(place))
  return [...order, ...cycles.sort((a, b) => (a.first?.rank ?? 0) - (b.first?.rank ?? 0))]
}

/** A way from nothing to a snapshot: how many links it has, one after the other, and the last of them. */
export interface Way {
  readonly depth: number
  readonly last: Link
}

/** For each snapshot that these links lead to, the way with the fewest of them. */
export function fewestLinks(links: Iterable<Link>): ReadonlyMap<Place, Way> {
  const ways = new Map<Place, Way>()
  const unmet = new Map([...links].map(link => [link, link.needs.length]))
  let ready = [...unmet.keys()].filter(link => link.needs.length === 0)
  for (let depth = 1; ready.length > 0; depth++) {
    const next: Link[] = []
    for (const last of ready) {
      for (const place of last.provides) {
        if (ways.has(place)) continue
        ways.set(place, { depth, last })
        for (const user of place.users) {
          const lacking = (unmet.get(user) ?? Infinity) - 1
          unmet.set(user, lacking)
          if (lacking === 0) next.push(user)
        }
      }
    }
    ready = next
  }
  return ways
}

/** The links by which `lastTo` says that one comes to these snapshots, and to what those need, from the last to the first. */
export function wayBack(goals: Iterable<Place>, lastTo: (place: Place) => Link | null | undefined): Link[] {
  const way = new Set<Link>()
  const back = new Set(goals)
  // A set's iteration includes what is added meanwhile.
  for (const place of back) {
    const last = lastTo(place)
    if (last == null || way.has(last)) continue
    way.add(last)
    for (const need of last.needs) back.add(need)
  }
  return [...way]
}
