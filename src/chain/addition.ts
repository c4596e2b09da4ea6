/** May these edges be added. */
import { refused } from '../failure.js'
import type { Edge } from './edge.js'
import { edgeTitle, listed } from './names.js'
import { graphOf, isUsable, Walk } from './walk.js'

/** Why an edge may not be added. */
export interface Objection {
  readonly edge: Edge
  /**
   * duplicate: a stream between the same snapshots is stored. name: a snapshot's name is that of another one.
   * key: another edge has an object of that key. base: something that it needs is not restorable.
   */
  readonly reason: 'duplicate' | 'name' | 'key' | 'base'
  /** What is wrong and what to do, as in a Failure. */
  readonly what: string
  readonly remedy: string
  /** The stored edge that is in the way; null where something is missing instead. */
  readonly other: Edge | null
}

/**
 * What speaks against adding `added`, all at once, to `edges`: nothing if the list is empty. They may support each other.
 * A damaged catalog's own unsupported edges are no objection.
 */
export function addition(edges: readonly Edge[], added: readonly Edge[]): Objection[] {
  const byEnds = new Map(edges.map(edge => [ends(edge), edge]))
  const byKey = new Map(edges.flatMap(edge => edge.volumes.map(({ key }) => [key, edge])))
  const byName = new Map(edges.flatMap(edge => snapshotsOf(edge).map(({ name, guid }) => [name, { guid, edge }])))
  const graph = graphOf([...edges, ...added])
  new Walk().admit(graph.links)

  const objections: Objection[] = []
  added.forEach((edge, index) => {
    const objection =
      duplicate(edge, byEnds.get(ends(edge))) ??
      nameTaken(edge, byName) ??
      keyTaken(edge, byKey) ??
      baseMissing(edge, guid => graph.places.get(guid)?.reached === true, graph.links[edges.length + index])
    if (objection !== null) {
      objections.push(objection)
      return
    }
    byEnds.set(ends(edge), edge)
    for (const { key } of edge.volumes) byKey.set(key, edge)
    for (const { name, guid } of snapshotsOf(edge)) byName.set(name, { guid, edge })
  })
  return objections
}

/** `edges` and one more. Throws a refusal where something speaks against it. */
export function withEdge(edges: readonly Edge[], edge: Edge): Edge[] {
  const [objection] = addition(edges, [edge])
  if (objection !== undefined) throw refused(objection.what, objection.remedy)
  return [...edges, edge]
}

const snapshotsOf = (edge: Edge): Edge['provides'] => [...edge.provides, ...edge.needs]

function ends(edge: Edge): string {
  const guids = (list: Edge['provides']): string => [...new Set(list.map(({ guid }) => guid))].sort().join(' ')
  return `${guids(edge.needs)}>${guids(edge.provides)}`
}

function duplicate(edge: Edge, other: Edge | undefined): Objection | null {
  if (other === undefined) return null
  const what = `${edgeTitle(edge)} is stored already, as '${other.volumes[0].key}'`
  return { edge, reason: 'duplicate', what, remedy: 'remove that first if it is to be replaced', other }
}

function nameTaken(edge: Edge, byName: ReadonlyMap<string, { guid: string; edge: Edge }>): Objection | null {
  for (const { name, guid } of snapshotsOf(edge)) {
    const taken = byName.get(name)
    if (taken === undefined || taken.guid === guid) continue
    return {
      edge,
      reason: 'name',
      what: `${name} has the GUID ${guid}, but the stored snapshot of that name has ${taken.guid}: it was destroyed and taken again`,
      remedy: `rename the new one with 'zfs rename', or remove the stored ${edgeTitle(taken.edge)}`,
      other: taken.edge,
    }
  }
  return null
}

function keyTaken(edge: Edge, byKey: ReadonlyMap<string, Edge>): Objection | null {
  for (const { key } of edge.volumes) {
    const other = byKey.get(key)
    if (other === undefined) continue
    const what = `the key '${key}' is that of ${edgeTitle(other)} (GUID ${other.snapshot.guid})`
    return { edge, reason: 'key', what, remedy: 'remove that first, or use another ZFS2S3_PREFIX', other }
  }
  return null
}

function baseMissing(
  edge: Edge,
  isRestorable: (guid: string) => boolean,
  link: Parameters<typeof isUsable>[0] | undefined,
): Objection | null {
  if (link !== undefined && isUsable(link)) return null
  const lacking = edge.needs.filter(({ guid }) => !isRestorable(guid)).map(({ name, guid }) => `${name} (GUID ${guid})`)
  return {
    edge,
    reason: 'base',
    what: `${edgeTitle(edge)} could not be restored: it needs ${listed(lacking)}, which is not restorable from what is stored`,
    remedy: 'store its base first, or send a full stream',
    other: null,
  }
}
