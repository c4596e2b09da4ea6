/** Deleting the objects of an edge that is no longer in the catalog; also for a removal that a crash has interrupted. */
import type { CatalogHome } from '../../catalog/home.js'
import { dropRemoval, type PendingRemoval, pendingRemovals } from '../../catalog/removals.js'
import type { Edge, Volume } from '../../chain/edge.js'
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
 * Finishes removals in this bucket that were begun and interrupted. One whose edge is still in the catalog had not
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
  const finished: Edge[] = []
  await catalog.claim('finish an interrupted removal', async claim => {
    const edges = await claim.read()
    const listed = new Set(edges.map(edge => edge.volumes[0].key))
    for (const removal of await pendingRemovals(dataDir)) {
      if (removal.bucket !== bucket.name) continue
      if (listed.has(removal.edge.volumes[0].key)) await dropRemoval(dataDir, removal.id)
      else {
        await finishRemoval(dataDir, bucket, removal, signal)
        finished.push(removal.edge)
      }
    }
  })
  await withdrawGone(catalog, dataDir, bucket, finished, signal)
}

/** Deletes what is left of an edge that the catalog no longer lists, and drops the note; unless that is no longer what it was. */
export async function finishRemoval(dataDir: string, bucket: Bucket, removal: PendingRemoval, signal: AbortSignal) {
  const left = await whatIsLeft(bucket, removal, signal)
  if (left !== null && (await deletedIfAllowed(bucket, left))) await dropRemoval(dataDir, removal.id)
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
