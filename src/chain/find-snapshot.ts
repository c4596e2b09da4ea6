/** Which snapshot somebody means. */
import { refused } from '../failure.js'
import type { Edge, Snapshot } from './edge.js'
import { isGuid } from './guid.js'
import { listed, splitSnapshot } from './names.js'

/**
 * A function that finds a snapshot of the catalog by its name or its GUID, also one that edges only need. It throws a
 * refusal (status 3) where there is none or the name was given to several.
 */
export function snapshotFinder(edges: readonly Edge[]): (nameOrGuid: string) => Snapshot {
  const named = new Map<string, Map<string, Snapshot>>()
  const byGuid = new Map<string, Snapshot>()
  for (const snapshot of edges.flatMap(edge => [...edge.needs, ...edge.provides])) {
    const ofName = named.get(snapshot.name) ?? new Map<string, Snapshot>()
    named.set(snapshot.name, ofName.set(snapshot.guid, snapshot))
    byGuid.set(snapshot.guid, snapshot)
  }
  return nameOrGuid => {
    const ofGuid = isGuid(nameOrGuid) ? byGuid.get(nameOrGuid) : undefined
    const [snapshot, ...others] = ofGuid === undefined ? (named.get(nameOrGuid)?.values() ?? []) : [ofGuid]
    if (snapshot === undefined) {
      const dataset = `${splitSnapshot(nameOrGuid)?.dataset ?? ''}@`
      const near = [...named.keys()].filter(name => name.startsWith(dataset)).reverse()
      const remedy = near.length === 0 ? 'see zfs2s3-graph for what is' : `of that dataset there is: ${listed(near)}`
      throw refused(`${nameOrGuid} is not stored`, remedy)
    }
    if (others.length > 0) {
      const guids = [snapshot, ...others].map(({ guid }) => guid)
      throw refused(`${nameOrGuid} is ambiguous`, `give one of the GUIDs that have had this name: ${listed(guids)}`)
    }
    return snapshot
  }
}
