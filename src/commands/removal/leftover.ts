/** Deleting the objects of an edge that is no longer in the catalog; also for a removal that a crash has interrupted. */
import { readCatalog } from '../../catalog/catalog.js'
import { withLock } from '../../catalog/lock.js'
import { dropRemoval, pendingRemovals } from '../../catalog/removals.js'
import type { Edge } from '../../chain/edge.js'
import type { Bucket } from '../../store/s3.js'
import { whatIsWrong } from './relied.js'

/** Deletes all volumes, the first one last: while there is any, there is the one that the edge's key names. */
export async function deleteObjects(bucket: Bucket, edge: Edge): Promise<void> {
  for (const { key } of [...edge.volumes].reverse()) await bucket.remove(key)
}

/**
 * Finishes removals in this bucket that were begun and interrupted. One whose edge is still in the catalog had not
 * happened yet, and does not happen. One whose objects are no longer what they were stays noted, and they stay.
 */
export async function finishRemovals(dataDir: string, bucket: Bucket, signal: AbortSignal): Promise<void> {
  if ((await pendingRemovals(dataDir)).length === 0) return
  await withLock(dataDir, 'finish an interrupted removal', async () => {
    const { edges } = await readCatalog(dataDir)
    const listed = new Set(edges.map(edge => edge.volumes[0].key))
    for (const { id, bucket: noted, edge } of await pendingRemovals(dataDir)) {
      if (noted !== bucket.name) continue
      if (!listed.has(edge.volumes[0].key)) {
        const volumes = []
        for (const volume of edge.volumes) if ((await bucket.head(volume.key, signal)) !== null) volumes.push(volume)
        const [first, ...others] = volumes
        if (first !== undefined) {
          const rest: Edge = { ...edge, volumes: [first, ...others] }
          if ((await whatIsWrong(bucket, rest, signal)) !== null) continue
          await deleteObjects(bucket, rest)
        }
      }
      await dropRemoval(dataDir, id)
    }
  })
}
