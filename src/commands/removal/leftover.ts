/** Deleting the objects of an edge that is no longer in the catalog; also for a removal that a crash has interrupted. */
import type { CatalogHome, Claim } from '../../catalog/home.js'
import { dropRemoval, type PendingRemoval, pendingRemovals } from '../../catalog/removals.js'
import type { Edge, Volume } from '../../chain/edge.js'
import { exitStatus, Failure } from '../../failure.js'
import { isForbidden } from '../../store/errors.js'
import { uploadMark } from '../../store/reconcile.js'
import type { Bucket, StoredObject } from '../../store/s3.js'
import { wrongWith } from './relied.js'
import { withdrawGone } from './withdraw.js'

/** Which upload made an object, as it says itself. */
export const uploadOf = (object: StoredObject): string | null => object.metadata[uploadMark] ?? null

/**
 * Deletes all volumes, the first one last: while there is any, there is the one that the edge's key names. Gives those of
 * which the bucket keeps, or may keep, an old version.
 */
export async function deleteObjects(bucket: Bucket, volumes: readonly Volume[]): Promise<Volume[]> {
  const kept: Volume[] = []
  for (const volume of [...volumes].reverse()) if ((await bucket.remove(volume.key)) !== 'gone') kept.push(volume)
  return kept
}

/**
 * Finishes removals in this bucket that were begun and interrupted. One whose edge is in the catalog with all its objects had not
 * happened yet, and does not happen. One whose objects are no longer what they were stays noted, and they stay; so do
 * those that may not be deleted by whoever runs this, as a machine that may only store.
 */
export async function finishRemovals(
  catalog: CatalogHome,
  dataDir: string,
  bucket: Bucket,
  signal: AbortSignal,
): Promise<void> {
  if ((await pendingRemovals(dataDir)).length === 0) return
  await catalog.claim('finish an interrupted removal', async claim => {
    for (const removal of await pendingRemovals(dataDir)) {
      if (removal.bucket !== bucket.name) continue
      const edges = await lookOnceMore(claim, dataDir, bucket, removal, signal)
      if (lists(edges, removal.edge)) await dropRemoval(dataDir, removal.id)
      else await finishRemoval(claim, dataDir, bucket, removal, signal)
    }
  })
}

const lists = (edges: readonly Edge[], { volumes: [{ key }] }: Edge) =>
  edges.some(({ volumes: [first] }) => first.key === key)

/** Deletes what is left of an edge that the catalog no longer lists, and drops the note; unless that is no longer what it was. */
export async function finishRemoval(
  claim: Claim,
  dataDir: string,
  bucket: Bucket,
  removal: PendingRemoval,
  signal: AbortSignal,
): Promise<void> {
  const left = await whatIsLeft(bucket, removal, signal)
  if (left === null || !(await deletedIfAllowed(bucket, left))) return
  await endRemoval(claim, dataDir, bucket, removal, signal)
}

/** What follows when the objects are gone; gives the edges that the catalog lists then. */
export async function endRemoval(
  claim: Claim,
  dataDir: string,
  bucket: Bucket,
  removal: PendingRemoval,
  signal: AbortSignal,
): Promise<readonly Edge[]> {
  const edges = await lookOnceMore(claim, dataDir, bucket, removal, signal)
  await dropRemoval(dataDir, removal.id)
  return edges
}

/** `withdrawGone`; where that is refused, nothing more can be done for the removal, and its note goes. */
async function lookOnceMore(
  claim: Claim,
  dataDir: string,
  bucket: Bucket,
  removal: PendingRemoval,
  signal: AbortSignal,
) {
  try {
    return await withdrawGone(claim, dataDir, bucket, [removal.edge], signal)
  } catch (error) {
    if (error instanceof Failure && error.status === exitStatus.refused) await dropRemoval(dataDir, removal.id)
    throw error
  }
}

/** Deletes the volumes; false if this machine may not. */
async function deletedIfAllowed(bucket: Bucket, volumes: readonly Volume[]): Promise<boolean> {
  try {
    await deleteObjects(bucket, volumes)
    return true
  } catch (error) {
    if (isForbidden(error)) return false
    throw error
  }
}

/** The volumes that are still there; null if one of them is no longer what it was. */
async function whatIsLeft(
  bucket: Bucket,
  { edge: { volumes }, upload }: PendingRemoval,
  signal: AbortSignal,
): Promise<Volume[] | null> {
  const left: Volume[] = []
  for (const volume of volumes) {
    const object = await bucket.head(volume.key, signal)
    if (object === null) continue
    // The same stream may have been stored again meanwhile, by a machine that shares the catalog.
    if (wrongWith(bucket, volume, object) !== null || (upload !== null && uploadOf(object) !== upload)) return null
    left.push(volume)
  }
  return left
}
