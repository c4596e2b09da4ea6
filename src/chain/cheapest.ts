/**
 * The search for the cheapest edges that lead to a snapshot.
 *
 * Where edges need one snapshot or none, that is a shortest path, and the answer is exact (Dijkstra). Stream packages can
 * need several at once (`zfs send -R -i`), and then finding the least is NP-hard. There each need is met by what is
 * cheapest for it alone, what serves several counts once, and no edge stays that could be left out: so it never costs
 * more than the cheapest paths to all needs added up.
 */
import type { Edge, Snapshot } from './edge.js'
import { Heap } from './heap.js'
import { storedBytes } from './record.js'
import { graphOf, isUsable, Walk, type Link, type Place } from './walk.js'

/** What counts first; the other decides between equals, and then the order of the edges. */
export type Preference = 'bytes' | 'links'

/** The cheapest edges, in receive order, that lead to `target` from nothing and from the GUIDs that are there; or null. */
export function cheapest(
  edges: readonly Edge[],
  target: Snapshot,
  there: ReadonlySet<string>,
  prefer: Preference,
): readonly Edge[] | null {
  const { links, places } = graphOf(edges)
  const goal = places.get(target.guid)
  if (goal === undefined) return null
  const costs = new Costs(prefer)
  const ready = new Heap<Link>((a, b) => costs.isBefore(a, b))
  const makeReady = (link: Link): void => {
    costs.reckon(link)
    ready.push(link)
  }
  const reach = (place: Place): void => {
    place.reached = true
    for (const link of place.users) {
      link.unmet -= 1
      if (link.unmet === 0) makeReady(link)
    }
  }
  for (const link of links) if (link.needs.length === 0) makeReady(link)
  for (const place of places.values()) if (there.has(place.guid)) reach(place)
  let rank = 0
  for (let link = ready.pop(); link !== undefined && !goal.reached; link = ready.pop()) {
    link.rank = rank++
    for (const place of link.provides) {
      if (place.reached) continue
      place.first = link
      reach(place)
    }
  }
  if (goal.first === null) return null
  const path = [...pathTo([goal.first])].sort((a, b) => a.rank - b.rank).map(link => link.edge)
  return withoutSpare(path, target, there, prefer)
}

/** What counts first, and what counts then. */
type Cost = readonly [number, number]

const isLess = ([a, b]: Cost, [c, d]: Cost): boolean => a < c || (a === c && b < d)

/** A length that isn't on record counts as nothing. */
function ownCost(edge: Edge, prefer: Preference): Cost {
  const bytes = storedBytes(edge) ?? 0
  return prefer === 'bytes' ? [bytes, 1] : [1, bytes]
}

/** What it costs to have received an edge, with all that it needs. */
class Costs {
  readonly #prefer: Preference
  readonly #known = new Map<Link, Cost>()

  constructor(prefer: Preference) {
    this.#prefer = prefer
  }

  /** To be called once all that the edge needs is reached. */
  reckon(link: Link): void {
    const before = bringersOf(link)
    // What only one edge brings is known already; what several bring may have something in common, which counts once.
    const parts =
      before.length > 1
        ? [...pathTo(before)].map(one => ownCost(one.edge, this.#prefer))
        : before.map(one => this.#of(one))
    let [first, second] = ownCost(link.edge, this.#prefer)
    for (const part of parts) {
      first += part[0]
      second += part[1]
    }
    this.#known.set(link, [first, second])
  }

  isBefore(a: Link, b: Link): boolean {
    const [one, other] = [this.#of(a), this.#of(b)]
    return isLess(one, other) || (!isLess(other, one) && a.index < b.index)
  }

  #of(link: Link): Cost {
    return this.#known.get(link) ?? [0, 0]
  }
}

/** The edges by which the search came to what `link` needs. */
const bringersOf = (link: Link): Link[] => [
  ...new Set(link.needs.flatMap(({ first }) => (first === null ? [] : [first]))),
]

/** These edges and all by which the search came to them. */
function pathTo(ends: readonly Link[]): ReadonlySet<Link> {
  const path = new Set(ends)
  // A set's iteration includes what is added meanwhile.
  for (const link of path) for (const before of bringersOf(link)) path.add(before)
  return path
}

/** The path without edges that can be left out, because packages bring the same; the costliest are left out first. */
function withoutSpare(
  path: readonly Edge[],
  target: Snapshot,
  there: ReadonlySet<string>,
  prefer: Preference,
): readonly Edge[] {
  const costlierFirst = (a: Edge, b: Edge): number => (isLess(ownCost(b, prefer), ownCost(a, prefer)) ? -1 : 1)
  let kept = path
  for (let fewer: readonly Edge[] | undefined = path; fewer !== undefined;) {
    kept = fewer
    fewer = maySpare(kept, target, there)
      .sort(costlierFirst)
      .map(edge => receivable(without(kept, edge), target, there))
      .find(left => left !== null)
  }
  return kept
}

const without = (path: readonly Edge[], edge: Edge): Edge[] => path.filter(one => one !== edge)

/** The edges of which all that is needed of them comes in other ways too. None of a path without packages. */
function maySpare(path: readonly Edge[], target: Snapshot, there: ReadonlySet<string>): Edge[] {
  const ways = new Map([...there].map(guid => [guid, 1]))
  for (const { guid } of path.flatMap(edge => edge.provides)) ways.set(guid, (ways.get(guid) ?? 0) + 1)
  const needed = new Set([target.guid, ...path.flatMap(edge => edge.needs.map(({ guid }) => guid))])
  return path.filter(edge => edge.provides.every(({ guid }) => !needed.has(guid) || (ways.get(guid) ?? 0) > 1))
}

/** All of these edges in an order in which they can be received and lead to `target`, or null if there is none. */
function receivable(edges: readonly Edge[], target: Snapshot, there: ReadonlySet<string>): Edge[] | null {
  const graph = graphOf(edges)
  const walk = new Walk()
  walk.admit(graph.links)
  walk.give([...graph.places.values()].filter(place => there.has(place.guid)))
  const isPath = graph.links.every(isUsable) && graph.places.get(target.guid)?.reached === true
  return isPath ? walk.order.map(link => link.edge) : null
}
