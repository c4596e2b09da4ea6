/**
 * Which edges to hold so that given snapshots stay restorable, with the fewest stored bytes.
 *
 * In general that is a Steiner tree in a directed graph, which is NP-hard. Here each snapshot in turn, from the oldest of the
 * history on, is joined to what is held already by what that costs least (Dijkstra, backward). The answer is exact
 * where no snapshot that need not stay has more than one edge going on from it, which is so for chains with bypasses
 * between kept snapshots; always it leaves nothing that could be left out. (test/chain/retain.test.ts compares with
 * brute force.)
 *
 * Packages can need several snapshots at once; what else they need then counts as what it cost the walk, and what that makes
 * unnecessary is left out at the end.
 */
import type { Edge } from './edge.js'
import { Heap } from './heap.js'
import { storedBytes } from './record.js'
import { removal } from './removal.js'
import { graphOf, isUsable, Walk, type Graph, type Link, type Place } from './walk.js'
import { fewestLinks, historyOrder, wayBack, type Way } from './ways.js'

/**
 * The links to hold, each with the first of `goals` that it was needed for. Of a walked graph, `goals` being reached in it.
 * Where stored edges lead to a goal by at most `maxLinks` of them, one after the other, the held ones do too.
 */
export function holding(graph: Graph, goals: ReadonlySet<Place>, maxLinks = Infinity): ReadonlyMap<Link, Place> {
  const held = new Holding(graph, maxLinks)
  for (const place of historyOrder(graph)) if (goals.has(place)) held.join(place)
  const links = supported(graph, held.links, goals)
  return maxLinks === Infinity ? withoutSpare(links, goals) : onlyFewest(links, goals)
}

/** One of the ways that are tried, from its goal backward. */
interface Step {
  /** The snapshot to come from, or the link to begin with. */
  readonly at: Place | Link
  /** What it costs from there to the goal. */
  readonly cost: Cost
  /** The link that goes on from there, and the step that it leads to; null at the goal. */
  readonly next: Link | null
  readonly after: Step | null
}

/** What is held so far. */
class Holding {
  readonly links = new Map<Link, Place>()
  /** How many links lead to a snapshot that is held. */
  readonly #depth = new Map<Place, number>()
  readonly #maxLinks: number
  readonly #costs: ReadonlyMap<Link, Cost>
  readonly #fewest: ReadonlyMap<Place, Way>

  constructor(graph: Graph, maxLinks: number) {
    this.#maxLinks = maxLinks
    this.#costs = costsFromNothing(graph)
    this.#fewest = maxLinks === Infinity ? new Map() : fewestLinks(graph.links)
  }

  /** Holds what leads to `goal`, and to what the packages on the way need besides. */
  join(goal: Place): void {
    const open = [goal]
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (this.#depth.has(place)) continue
      for (const link of this.#wayTo(place)) {
        open.push(...link.needs.filter(need => !this.#depth.has(need)))
        this.#hold(link, goal)
      }
    }
  }

  #hold(link: Link, goal: Place): void {
    if (!this.links.has(link)) this.links.set(link, goal)
    const depth = this.#depthBy(link)
    for (const place of link.provides) this.#depth.set(place, Math.min(depth, this.#depth.get(place) ?? Infinity))
  }

  /** How long the way by a link is, as far as what it needs is held already. */
  #depthBy(link: Link): number {
    return 1 + Math.max(0, ...link.needs.map(need => this.#depth.get(need) ?? 0))
  }

  /** The links to hold so that `goal` is, in receive order: the cheapest that are not too many. */
  #wayTo(goal: Place): Link[] {
    const way = this.#cheapestTo(goal)
    const isLong = way.slice(0, 1).some(link => this.#depthBy(link) + way.length - 1 > this.#maxLinks)
    return isLong && (this.#fewest.get(goal)?.depth ?? Infinity) <= this.#maxLinks ? this.#fewestTo(goal) : way
  }

  /** The fewest links that lead to `goal` from nothing, without those that are held, in receive order. */
  #fewestTo(goal: Place): Link[] {
    const isHeld = (place: Place): boolean => this.#depth.get(place) === this.#fewest.get(place)?.depth
    return wayBack([goal], place => (isHeld(place) ? undefined : this.#fewest.get(place)?.last)).reverse()
  }

  /** The cheapest links from what is held, or from nothing, to `goal`, in receive order. */
  #cheapestTo(goal: Place): Link[] {
    const ready = new Heap<Step>((a, b) => isLess(a.cost, b.cost))
    const done = new Set<Place>()
    ready.push({ at: goal, cost: nothing, next: null, after: null })
    for (let step = ready.pop(); step !== undefined; step = ready.pop()) {
      const { at, cost } = step
      if ('edge' in at) {
        const path = [at]
        for (let later: Step | null = step.after; later !== null; later = later.after) {
          if (later.next !== null) path.push(later.next)
        }
        return path
      }
      if (done.has(at)) continue
      done.add(at)
      for (const link of at.providers) {
        if (!isUsable(link)) continue
        const lacking = link.needs.filter(need => !this.#depth.has(need))
        const [need] = lacking
        const soFar = sum(cost, ownCost(link.edge))
        if (need !== undefined && lacking.length === 1) {
          if (!done.has(need)) ready.push({ at: need, cost: soFar, next: link, after: step })
          continue
        }
        const others = lacking.map(({ first }) => (first === null ? nothing : (this.#costs.get(first) ?? nothing)))
        ready.push({ at: link, cost: others.reduce(sum, soFar), next: null, after: step })
      }
    }
    return []
  }
}

/** Streams of unknown length, which weigh more than all that are known; bytes; links. */
type Cost = readonly [unknown: number, bytes: number, links: number]

const nothing: Cost = [0, 0, 0]
const sum = ([a, b, c]: Cost, [d, e, f]: Cost): Cost => [a + d, b + e, c + f]
const isLess = ([a, b, c]: Cost, [d, e, f]: Cost): boolean => a < d || (a === d && (b < e || (b === e && c < f)))

const compare = (a: Cost, b: Cost): number => (isLess(a, b) ? -1 : isLess(b, a) ? 1 : 0)

/** What it costs to hold an edge. */
function ownCost(edge: Edge): Cost {
  const bytes = storedBytes(edge)
  return [bytes === null ? 1 : 0, bytes ?? 0, 1]
}

const byRank = (links: Iterable<Link>): Link[] => [...links].filter(isUsable).sort((a, b) => a.rank - b.rank)

/** What each link costs with the way by which the walk came to it. */
function costsFromNothing({ links }: Graph): ReadonlyMap<Link, Cost> {
  const costs = new Map<Link, Cost>()
  // Only what packages need besides is estimated by it.
  if (links.every(link => link.needs.length < 2)) return costs
  for (const link of byRank(links)) {
    const before = link.needs.map(({ first }) => (first === null ? nothing : (costs.get(first) ?? nothing)))
    costs.set(link, before.reduce(sum, ownCost(link.edge)))
  }
  return costs
}

/** The same links, if they lead to all goals by themselves. Packages in cycles can be chosen so that they don't; then the walk's own way. */
function supported(graph: Graph, held: ReadonlyMap<Link, Place>, goals: ReadonlySet<Place>): ReadonlyMap<Link, Place> {
  const only = graphOf([...held.keys()].map(link => link.edge))
  new Walk().admit(only.links)
  const isGood = [...goals].every(({ guid }) => only.places.get(guid)?.reached) && only.links.every(isUsable)
  if (isGood) return held
  const way = new Map<Link, Place>()
  for (const goal of historyOrder(graph)) {
    if (!goals.has(goal)) continue
    for (const link of wayBack([goal], ({ first }) => (first === null || way.has(first) ? null : first)))
      way.set(link, goal)
  }
  return way
}

/** The links without those that can be left out, the costliest first. Only packages can make any unnecessary. */
function withoutSpare(held: ReadonlyMap<Link, Place>, goals: ReadonlySet<Place>): ReadonlyMap<Link, Place> {
  const ways = new Map<Place, number>()
  for (const place of [...held.keys()].flatMap(link => link.provides)) ways.set(place, (ways.get(place) ?? 0) + 1)
  const needed = new Set([...goals, ...[...held.keys()].flatMap(link => link.needs)])
  const maySpare = (link: Link): boolean =>
    link.provides.every(place => !needed.has(place) || (ways.get(place) ?? 0) > 1)
  const spare = [...held.keys()].filter(maySpare)
  if (spare.length === 0) return held
  spare.sort((a, b) => compare(ownCost(b.edge), ownCost(a.edge)))
  const left = new Map(held)
  const [{ edge }] = spare as [Link]
  // Something that stays and needs all goals, so that the rule of removal answers.
  const needs = [...goals].map(({ guid }) => ({ name: guid, guid }))
  const keeper: Edge = { ...edge, provides: [], needs, volumes: [{ ...edge.volumes[0], key: '' }] }
  const mayGo = (links: readonly Link[]): boolean =>
    removal(
      [...[...left.keys()].map(link => link.edge), keeper],
      links.map(link => link.edge),
    ).allowed
  // Halved until a part may go as a whole, so that many that may go take few questions.
  const parts = [spare]
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (part.length === 0) continue
    if (mayGo(part)) {
      for (const link of part) left.delete(link)
    } else if (part.length > 1) {
      const half = part.length >> 1
      parts.push(part.slice(half), part.slice(0, half))
    }
  }
  return left
}

/** Of several held links to a snapshot the one that makes its way shortest; without what led to the others. */
function onlyFewest(held: ReadonlyMap<Link, Place>, goals: ReadonlySet<Place>): ReadonlyMap<Link, Place> {
  const ways = fewestLinks(held.keys())
  const needed = new Set(wayBack(goals, place => ways.get(place)?.last))
  return new Map([...held].filter(([link]) => needed.has(link)))
}
