/**
 * Which edge each edge hangs on when they are drawn: the one that stands for the latest snapshot it needs. What stands for a
 * snapshot is, of all edges that bring it, the one from the latest base: the small steps of a chain, and not the bypasses.
 */
import { Heap } from './heap.js'
import { datasetOf } from './names.js'
import type { Graph, Link, Place } from './walk.js'

export class Forest {
  readonly #positions: ReadonlyMap<Place, number>
  readonly #mains: ReadonlyMap<Place, Link | null>
  readonly #depths: ReadonlyMap<Link, number>
  readonly #chained = new Set<Link>()

  constructor({ links, places }: Graph) {
    this.#positions = positionsOf(places)
    this.#depths = new Map(links.map(link => [link, this.#latest(link.needs)]))
    this.#mains = new Map([...places.values()].map(place => [place, this.#chooseMain(place)]))
    for (const main of this.#mains.values()) if (main !== null) this.#chained.add(main)
    for (const link of links) if (this.mainOf(link) === null) this.#chained.add(link)
  }

  /** Where the latest that an edge needs is; -1 for full streams. */
  depthOf = (link: Link): number => this.#depths.get(link) ?? -1

  /** Where the latest that an edge brings is. */
  endOf = (link: Link): number => this.#latest(link.provides)

  /**
   * The edge of the same dataset that brings the snapshot which `link` ends at; null where that is brought together with
   * another dataset's, or in cycles.
   */
  mainOf(link: Link): Link | null {
    const end = link.provides.find(place => place.guid === link.edge.snapshot.guid)
    return end === undefined ? null : this.#inDatasetOf(link, end)
  }

  isBypass = (link: Link): boolean => !this.#chained.has(link)

  /** The edge that `link` hangs on; null where there is none of its dataset. */
  parentOf(link: Link): Link | null {
    const depth = this.depthOf(link)
    const need = link.needs.find(place => this.#positions.get(place) === depth)
    const parent = need === undefined ? null : this.#inDatasetOf(link, need)
    // Otherwise a cycle would hang on itself.
    return parent !== null && this.depthOf(parent) < depth ? parent : null
  }

  #inDatasetOf(link: Link, place: Place): Link | null {
    const main = this.#mains.get(place) ?? null
    return main !== null && datasetOf(main.edge.snapshot) === datasetOf(link.edge.snapshot) ? main : null
  }

  #latest(places: readonly Place[]): number {
    return places.reduce((latest, place) => Math.max(latest, this.#positions.get(place) ?? -1), -1)
  }

  /** Of the edges that bring a snapshot, that from the latest base; of several the one that brings the least. */
  #chooseMain(place: Place): Link | null {
    const fromAbove = place.providers.filter(link => this.depthOf(link) < (this.#positions.get(place) ?? -1))
    return largest(fromAbove, (a, b) => this.depthOf(a) - this.depthOf(b) || b.provides.length - a.provides.length)
  }
}

/** The first of the largest; null of none. */
export function largest<T>(items: readonly T[], compare: (a: T, b: T) => number): T | null {
  return items.reduce<T | null>((best, item) => (best === null || compare(item, best) > 0 ? item : best), null)
}

/**
 * All snapshots in an order in which each comes behind all that any edge to it needs, by the time they were made as far
 * as that allows. Where cycles allow none, the rest in the order of the edges.
 */
function positionsOf(places: ReadonlyMap<string, Place>): Map<Place, number> {
  const found = new Map<Place, number>()
  const unmetNeeds = new Map<Link, number>()
  const unmetWays = new Map<Place, number>()
  const madeAt = (place: Place): string => place.providers[0]?.edge.created ?? ''
  const order = new Map([...places.values()].map((place, index) => [place, index]))
  const ready = new Heap<Place>((a, b) =>
    madeAt(a) === madeAt(b) ? (order.get(a) ?? 0) < (order.get(b) ?? 0) : madeAt(a) < madeAt(b),
  )
  const arrive = (link: Link): void => {
    for (const place of link.provides) {
      const left = (unmetWays.get(place) ?? 0) - 1
      unmetWays.set(place, left)
      if (left === 0) ready.push(place)
    }
  }
  const put = (place: Place): void => {
    if (found.has(place)) return
    found.set(place, found.size)
    for (const link of place.users) {
      const left = (unmetNeeds.get(link) ?? 0) - 1
      unmetNeeds.set(link, left)
      if (left === 0) arrive(link)
    }
  }
  for (const place of places.values()) {
    unmetWays.set(place, place.providers.length)
    for (const link of place.providers) unmetNeeds.set(link, link.needs.length)
    for (const link of place.users) unmetNeeds.set(link, link.needs.length)
    if (place.providers.length === 0) ready.push(place)
  }
  for (const [link, unmet] of unmetNeeds) if (unmet === 0) arrive(link)
  for (const fallback of places.values()) {
    for (let place = ready.pop(); place !== undefined; place = ready.pop()) put(place)
    put(fallback)
  }
  return found
}
