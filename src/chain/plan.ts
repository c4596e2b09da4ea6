/**
 * The cheapest way to a snapshot: which edges to receive, in which order, from nothing or from what is there.
 *
 * Dijkstra's search from what is there outward, as Knuth generalised it to edges that need several snapshots: an edge
 * costs itself and all that it needs. That is exact where every edge needs one snapshot at most. Where a stream package
 * needs several whose ways share edges, those are counted for each, so that another way may be taken though that one
 * would be cheaper; in the plan itself every edge is there once.
 */
import { refused } from '../failure.js'
import type { Edge } from './edge.js'
import { Heap } from './heap.js'
import { edgeTitle, listed } from './names.js'
import { storedBytes } from './record.js'
import { graphOf, type Graph, type Link, type Place } from './walk.js'

/** What is to be small: the bytes that are read, or the number of streams; the other decides between equals. */
export type Preference = 'bytes' | 'links'

interface Cost {
  readonly bytes: number
  readonly links: number
}

interface Step {
  readonly link: Link
  readonly cost: Cost
}

/**
 * The edges to receive in turn to come to the snapshot `target` (a GUID) from the snapshots `have` (GUIDs); none where it
 * is there already. Edges whose size isn't known count as if they were empty. Throws a refusal where no way leads there.
 */
export function plan(
  edges: readonly Edge[],
  target: string,
  have: ReadonlySet<string>,
  prefer: Preference,
): readonly Edge[] {
  if (have.has(target)) return []
  const graph = graphOf(edges)
  const search = new Search(prefer)
  search.start(graph, have)
  const goal = graph.places.get(target)
  if (goal === undefined || !search.reach(goal)) throw noWay(goal, target, search)
  return search.stepsTo(goal)
}

class Search {
  readonly #prefer: Preference
  readonly #next: Heap<Step>
  /** What it costs to have a snapshot, and the step that brings it; null for what was there. */
  readonly #reached = new Map<Place, { readonly cost: Cost; readonly by: Step | null }>()
  readonly #needed = new Map<Link, Cost>()
  /** The steps in the order in which they were taken, which is one to receive them in. */
  readonly #taken: Step[] = []

  constructor(prefer: Preference) {
    this.#prefer = prefer
    this.#next = new Heap<Step>((a, b) => this.#isBefore(a, b))
  }

  start(graph: Graph, have: ReadonlySet<string>): void {
    for (const link of graph.links) if (link.unmet === 0) this.#consider(link)
    for (const guid of have) {
      const place = graph.places.get(guid)
      if (place !== undefined) this.#reach(place, { bytes: 0, links: 0 }, null)
    }
  }

  /** Searches until it has come to `goal`; false if it can't. */
  reach(goal: Place): boolean {
    for (let step = this.#next.pop(); step !== undefined && !this.#reached.has(goal); step = this.#next.pop()) {
      const brings = step.link.provides.filter(place => !this.#reached.has(place))
      if (brings.length === 0) continue
      this.#taken.push(step)
      for (const place of brings) this.#reach(place, step.cost, step)
    }
    return this.#reached.has(goal)
  }

  has(place: Place): boolean {
    return this.#reached.has(place)
  }

  /** The edges on the way to a snapshot that was reached. */
  stepsTo(goal: Place): Edge[] {
    const needed = new Set<Step>()
    const wanted = new Set([goal])
    // The set grows while it is walked: behind each snapshot, what the step that brings it needs.
    for (const place of wanted) {
      const by = this.#reached.get(place)?.by
      if (by == null) continue
      needed.add(by)
      for (const need of by.link.needs) wanted.add(need)
    }
    return this.#taken.filter(step => needed.has(step)).map(step => step.link.edge)
  }

  #reach(place: Place, cost: Cost, by: Step | null): void {
    this.#reached.set(place, { cost, by })
    for (const link of place.users) {
      this.#needed.set(link, sum(this.#needed.get(link) ?? { bytes: 0, links: 0 }, cost))
      link.unmet -= 1
      if (link.unmet === 0) this.#consider(link)
    }
  }

  #consider(link: Link): void {
    const own = { bytes: storedBytes(link.edge) ?? 0, links: 1 }
    this.#next.push({ link, cost: sum(this.#needed.get(link) ?? { bytes: 0, links: 0 }, own) })
  }

  #isBefore(a: Step, b: Step): boolean {
    const { bytes, links } = { bytes: a.cost.bytes - b.cost.bytes, links: a.cost.links - b.cost.links }
    const [first, second] = this.#prefer === 'bytes' ? [bytes, links] : [links, bytes]
    if (first !== 0) return first < 0
    return second === 0 ? a.link.index < b.link.index : second < 0
  }
}

const sum = (a: Cost, b: Cost): Cost => ({ bytes: a.bytes + b.bytes, links: a.links + b.links })

/** Why there is no way: nothing brings the snapshot, or what would bring it lacks something. */
function noWay(goal: Place | undefined, target: string, search: Search) {
  const fromThere = 'store it, or say what the target has with --have'
  if (goal === undefined || goal.providers.length === 0)
    return refused(`no stored stream brings GUID ${target}`, fromThere)
  const wanted = new Set([goal])
  const lacking = new Map<string, string>()
  for (const place of wanted) {
    for (const { edge, needs } of place.providers) {
      for (const need of needs) {
        if (search.has(need)) continue
        wanted.add(need)
        const name = edge.needs.find(({ guid }) => guid === need.guid)?.name ?? need.guid
        if (need.providers.length === 0)
          lacking.set(need.guid, `${name} (GUID ${need.guid}), the base of ${edgeTitle(edge)}`)
      }
    }
  }
  const what = lacking.size === 0 ? 'its increments need each other' : `missing is ${listed([...lacking.values()])}`
  return refused(`no way leads to the snapshot with GUID ${target}: ${what}`, fromThere)
}
