/** What the target of a restore has already. */
import type { Edge } from '../../chain/edge.js'
import { splitSnapshot } from '../../chain/names.js'
import { localSnapshots, type LocalSnapshot, resumeToken } from '../../zfs/zfs.js'
import { hasFlag } from './options.js'

export interface Target {
  /** The dataset that will have the snapshot: the one that was named, or with `-d` and `-e` the one below it. */
  readonly dataset: string
  readonly exists: boolean
  /** GUIDs of its own snapshots, oldest first. */
  readonly own: readonly string[]
  /** The same of each dataset below it, as far as stored streams are of them. */
  readonly below: readonly (readonly string[])[]
  /** What an interrupted `zfs receive -s` has left. */
  readonly token: string | null
}

/** Asks `zfs` about the dataset that `snapshot` will be received as. */
export async function lookAtTarget(
  named: string,
  snapshot: string,
  flags: readonly string[],
  edges: readonly Edge[],
): Promise<Target> {
  const dataset = receivedAs(named, snapshot, flags)
  const found = await localSnapshots(dataset)
  if (found === null) return { dataset, exists: false, own: [], below: [], token: null }
  const storedName = new Map(edges.flatMap(edge => [...edge.needs, ...edge.provides]).map(one => [one.guid, one.name]))
  // What lies below it is there only for packages, which have it below their own dataset too. Anything else that happens
  // to lie there, say an older copy, is not what streams are received onto.
  const isStored = (name: string, snapshots: readonly LocalSnapshot[]): boolean =>
    snapshots.some(({ guid }) =>
      splitSnapshot(storedName.get(guid) ?? '')?.dataset.endsWith(name.slice(dataset.length)),
    )
  const guids = (snapshots: readonly LocalSnapshot[] = []): string[] => snapshots.map(({ guid }) => guid)
  return {
    dataset,
    exists: true,
    own: guids(found.get(dataset)),
    below: [...found].filter(([name, list]) => name !== dataset && isStored(name, list)).map(([, list]) => guids(list)),
    token: await resumeToken(dataset),
  }
}

/** zfs-receive(8): `-d` puts all of the sent name but the pool behind the target, `-e` its last element. */
function receivedAs(named: string, snapshot: string, flags: readonly string[]): string {
  const path = splitSnapshot(snapshot)?.dataset.split('/') ?? []
  const behind = hasFlag(flags, 'd') ? path.slice(1) : hasFlag(flags, 'e') ? path.slice(-1) : []
  return [named, ...behind].join('/')
}
