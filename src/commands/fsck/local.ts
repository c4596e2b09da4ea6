/** What is stored against the snapshots of this machine's pools. */
import type { Edge, Snapshot } from '../../chain/edge.js'
import { splitSnapshot } from '../../chain/names.js'
import type { Finding } from './findings.js'

/** The datasets that something is stored of. */
export const storedDatasets = (edges: readonly Edge[]): string[] => [
  ...new Set(edges.flatMap(({ snapshot }) => splitSnapshot(snapshot.name)?.dataset ?? [])),
]

/**
 * What differs, of the datasets that are here. `local`: the snapshots of each, and its bookmarks, from which `zfs send -i`
 * can go on as well.
 */
export function localFindings(edges: readonly Edge[], local: ReadonlyMap<string, readonly Snapshot[]>): Finding[] {
  const found: Finding[] = []
  for (const [dataset, here] of local) {
    const guids = new Map(here.map(({ name, guid }) => [name, guid]))
    const stored = edges.filter(({ snapshot }) => splitSnapshot(snapshot.name)?.dataset === dataset)
    const byGuid = new Map(stored.map(edge => [edge.snapshot.guid, edge]))
    for (const { snapshot, volumes } of byGuid.values()) {
      const guid = guids.get(snapshot.name)
      if (guid === undefined || guid === snapshot.guid) continue
      const what = `${snapshot.name} here is another snapshot (GUID ${guid}) than the one that is stored (GUID ${snapshot.guid})`
      found.push({ finding: 'snapshot-replaced', key: volumes[0].key, snapshot: snapshot.name, what, mend: null })
    }
    const last = newest(stored)
    if (last === null || here.some(({ guid }) => guid === last.guid)) continue
    const what = `${last.name}, the last stored snapshot of ${dataset}, is no longer here: the next stream must start from an older one, or be full`
    found.push({ finding: 'base-not-local', key: null, snapshot: last.name, what, mend: null })
  }
  return found
}

function newest(edges: readonly Edge[]): Snapshot | null {
  const timeOf = (edge: Edge): string => edge.created ?? edge.stored ?? ''
  const last = edges.reduce<Edge | null>((a, b) => (a === null || timeOf(a) <= timeOf(b) ? b : a), null)
  return last?.snapshot ?? null
}
