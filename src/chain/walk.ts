/**
 * The walk outward from the full streams that all questions about chains are answered by. A snapshot is reached when an
 * edge that can be received provides it; an edge can be received when all that it needs has been reached.
 * Linear but for the queue's logarithm, and without recursion: a chain may have 100,000 links.
 */
import type { Edge } from './edge.js'
import { Heap } from './heap.js'

/** An edge within a graph. */
export interface Link {
  readonly edge: Edge
  /** Its place in the list that the graph was made of. */
  readonly index: number
  readonly needs: readonly Place[]
  readonly provides: readonly Place[]
  /** How many of its needs haven't been reached. */
  unmet: number
  /** Whether the walk may use it. */
  admitted: boolean
  /** When the walk came to it: a number smaller than that of everything it reached later; Infinity while it didn't. */
  rank: number
}

/** A snapshot within a graph. */
export interface Place {
  readonly guid: string
  readonly providers: Link[]
  readonly users: Link[]
  reached: boolean
  /** The edge that reached it; null where none did. */
  first: Link | null
}

export interface Graph {
  /** In the order of the edges. */
  readonly links: readonly Link[]
  readonly places: ReadonlyMap<string, Place>
}

export function graphOf(edges: readonly Edge[]): Graph {
  const places = new Map<string, Place>()
  const placeOf = ({ guid }: { readonly guid: string }): Place => {
    const known = places.get(guid)
    if (known !== undefined) return known
    const place: Place = { guid, providers: [], users: [], reached: false, first: null }
    places.set(guid, place)
    return place
  }
  const placesOf = (snapshots: Edge['needs']): Place[] => {
    const found = snapshots.map(placeOf)
    return found.length > 1 ? [...new Set(found)] : found
  }
  const links = edges.map((edge, index): Link => {
    const needs = placesOf(edge.needs)
    const provides = placesOf(edge.provides)
    const link = { edge, index, needs, provides, unmet: needs.length, admitted: false, rank: Infinity }
    for (const place of needs) place.users.push(link)
    for (const place of provides) place.providers.push(link)
    return link
  })
  return { links, places }
}

/** A walk that goes as far as it can, and further each time that it may use more. Of several edges the earlier in the list goes first. */
export class Walk {
  /** The edges that can be received, each behind those that it can rely on. Its indexes are the ranks. */
  readonly order: Link[] = []
  readonly #ready = new Heap<Link>((a, b) => a.index < b.index)

  /** Lets the walk use these edges from now on. */
  admit(links: Iterable<Link>): void {
    for (const link of links) {
      link.admitted = true
      if (link.unmet === 0) this.#ready.push(link)
    }
    this.#goOn()
  }

  /** Takes it that these snapshots are there already. */
  give(places: Iterable<Place>): void {
    for (const place of places) this.#reach(place)
    this.#goOn()
  }

  #goOn(): void {
    for (let link = this.#ready.pop(); link !== undefined; link = this.#ready.pop()) {
      link.rank = this.order.length
      this.order.push(link)
      for (const place of link.provides) {
        if (!place.reached) place.first = link
        this.#reach(place)
      }
    }
  }

  #reach(place: Place): void {
    if (place.reached) return
    place.reached = true
    for (const link of place.users) {
      link.unmet -= 1
      if (link.unmet === 0 && link.admitted) this.#ready.push(link)
    }
  }
}

/** A graph that has been walked as far as its own edges go. */
export function walked(edges: readonly Edge[]): Graph {
  const graph = graphOf(edges)
  new Walk().admit(graph.links)
  return graph
}

/** If the walk came to this edge: all that it needs is restorable. */
export const isUsable = (link: Link): boolean => link.rank < Infinity

/** The snapshots that edges need and none provides: what a damaged catalog lacks. */
export function missing(graph: Graph): Place[] {
  return [...graph.places.values()].filter(place => place.providers.length === 0)
}
