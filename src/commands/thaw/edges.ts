/** Whether all objects of an edge can be read, and asking for those that can't. */
import type { Edge } from '../../chain/edge.js'
import { usageError } from '../../failure.js'
import type { ArchiveState, Availability, Tier } from '../../store/archive.js'
import { notInBucket } from '../../store/errors.js'
import type { Bucket, StoredObject } from '../../store/s3.js'

/** The worst first: an edge is as readable as its least readable object. */
const worst: readonly Availability[] = ['archived', 'thawing', 'ready', 'online']

/** The state of an edge. Throws status 3 if one of its objects is not there. */
export async function lookAtEdge(bucket: Bucket, edge: Edge, signal: AbortSignal): Promise<ArchiveState> {
  return stateOf((await objectsOf(bucket, edge, signal)).map(({ object }) => object.archive))
}

/** Asks for the objects of an edge that are archived, and gives its state then. */
export async function thawEdge(
  bucket: Bucket,
  edge: Edge,
  { tier, days }: { readonly tier: Tier; readonly days: number },
  signal: AbortSignal,
): Promise<ArchiveState> {
  const states: ArchiveState[] = []
  for (const { key, object } of await objectsOf(bucket, edge, signal)) {
    const { storageClass, archive } = object
    if (archive.state !== 'archived') {
      states.push(archive)
      continue
    }
    if (tier === 'Expedited' && storageClass === 'DEEP_ARCHIVE') {
      throw usageError(`'${key}' is in DEEP_ARCHIVE, which knows no Expedited`, 'use --tier Standard or Bulk')
    }
    await bucket.thaw(key, { tier, days: storageClass === 'INTELLIGENT_TIERING' ? null : days }, signal)
    states.push({ state: 'thawing', readyUntil: null })
  }
  return stateOf(states)
}

async function objectsOf(bucket: Bucket, edge: Edge, signal: AbortSignal) {
  const objects: { key: string; object: StoredObject }[] = []
  for (const { key } of edge.volumes) {
    const object = await bucket.head(key, signal)
    if (object === null) throw notInBucket(bucket.name, key)
    objects.push({ key, object })
  }
  return objects
}

/** The state of all together: the worst of them, readable until the first of them no longer is. */
function stateOf(states: readonly ArchiveState[]): ArchiveState {
  const state = worst.find(each => states.some(one => one.state === each)) ?? 'online'
  const [first] = states.flatMap(({ readyUntil }) => readyUntil ?? []).sort()
  return { state, readyUntil: state === 'ready' ? (first ?? null) : null }
}
