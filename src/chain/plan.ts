/** What to receive, and in which order, to get a snapshot: from nothing, or from what the target has. */
import { refused, type Failure } from '../failure.js'
import { cheapest, type Preference } from './cheapest.js'
import type { Edge, Snapshot } from './edge.js'
import { edgeTitle, listed } from './names.js'
import { graphOf, Walk } from './walk.js'

export interface PlanOptions {
  readonly prefer: Preference
  /**
   * What the target has: for each of its datasets the GUIDs of its snapshots, oldest first. `zfs receive` takes an
   * increment only onto the newest of them; of a package it passes over what is there.
   */
  readonly have: readonly (readonly string[])[]
  /** Whether, where nothing leads on from what the target has, it may be a path from nothing: into a new dataset. */
  readonly mayRestart: boolean
}

/**
 * The edges to receive, in order; none if the target has the snapshot. What leads on from there is preferred to what
 * begins with a full stream, even if that is longer. Throws a refusal where no path leads to the snapshot.
 */
export function plan(edges: readonly Edge[], target: Snapshot, options: PlanOptions): readonly Edge[] {
  const { have, prefer, mayRestart } = options
  const there = new Set(have.flat())
  if (there.has(target.guid)) return []
  const onward = edges.filter(edge => edge.needs.length > 0 && have.every(dataset => takes(dataset, edge)))
  const path = cheapest(onward, target, there, prefer)
  const anew = path === null && mayRestart ? cheapest(edges, target, new Set(), prefer) : path
  if (anew === null) throw noPath(edges, target, there)
  return anew
}

/** If `zfs receive` takes the edge into a dataset with these snapshots, as far as it needs any of them. */
function takes(dataset: readonly string[], { needs, provides }: Edge): boolean {
  const newest = dataset.at(-1)
  const isNewest = ({ guid }: Snapshot): boolean => guid === newest
  return needs.some(isNewest) || provides.some(isNewest) || !needs.some(({ guid }) => dataset.includes(guid))
}

/** The refusal that says what a path to `target` lacks. */
function noPath(edges: readonly Edge[], target: Snapshot, there: ReadonlySet<string>): Failure {
  const { name } = target
  const graph = graphOf(edges)
  const walk = new Walk()
  walk.admit(graph.links)
  walk.give([...graph.places.values()].filter(place => there.has(place.guid)))
  const goal = graph.places.get(target.guid)
  if (goal === undefined || goal.providers.length === 0) {
    return refused(`no stored stream leads to ${name}`, 'see zfs2s3-graph for what is stored')
  }
  if (goal.reached) {
    return refused(
      `no stored stream on the way to ${name} goes onto the newest snapshot that is there`,
      'restore it into a new dataset',
    )
  }
  // Back from the goal over all that can't be reached, to what nothing leads to.
  const lacking: string[] = []
  const back = new Set([goal])
  for (const place of back) {
    for (const need of place.providers.flatMap(link => link.needs)) if (!need.reached) back.add(need)
    const [user] = place.users
    if (place.providers.length > 0 || user === undefined) continue
    const snapshot = user.edge.needs.find(({ guid }) => guid === place.guid)
    lacking.push(`${snapshot?.name ?? place.guid}, which ${edgeTitle(user.edge)} needs`)
  }
  if (lacking.length === 0)
    return refused(`only increments that need each other lead to ${name}`, 'store a full stream')
  return refused(
    `no path leads to ${name}: there is no stored stream of ${listed(lacking)}`,
    'begin from a snapshot that the target has (--have), or store what is missing',
  )
}
