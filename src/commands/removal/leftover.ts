/** Deleting the objects of an edge that is no longer in the catalog; also for a removal that a crash has interrupted. */
import type { CatalogHome } from '../../catalog/home.js'
import { dropRemoval, pendingRemovals } from '../../catalog/removals.js'
import type { Volume } from '../../chain/edge.js'
import { isForbidden } from '../../store/errors.js'
import type { Bucket } from '../../store/s3.js'
import { wrongWith } from './relied.js'

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
  await catalog.claim('finish an interrupted removal', async claim => {
    const edges = await claim.read()
    const listed = new Set(edges.map(edge => edge.volumes[0].key))
    for (const { id, bucket: noted, edge } of await pendingRemovals(dataDir)) {
      if (noted !== bucket.name) continue
      if (!listed.has(edge.volumes[0].key)) {
        const left = await whatIsLeft(bucket, edge.volumes, signal)
        if (left === null) continue
        if (!(await mayDelete(bucket, left))) continue
      }
      await dropRemoval(dataDir, id)
    }
  })
}

/** Deletes the volumes, if that is allowed. */
async function mayDelete(bucket: Bucket, volumes: readonly Volume[]): Promise<boolean> {
  try {
    await deleteObjects(bucket, volumes)
    return true
  } catch (error) {
    if (isForbidden(error)) return false
    throw error
  }
}

/** The volumes that are still there; null if one of them is no longer what it was. */
async function whatIsLeft(bucket: Bucket, volumes: readonly Volume[], signal: AbortSignal): Promise<Volume[] | null> {
  const left: Volume[] = []
  for (const volume of volumes) {
    const object = await bucket.head(volume.key, signal)
    if (object === null) continue
    if (wrongWith(bucket, volume, object) !== null) return null
    left.push(volume)
  }
  return left
}
