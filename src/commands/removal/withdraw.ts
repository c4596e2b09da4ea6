/**
 * A removal takes an edge out of the catalog before its object is deleted. Where machines share the catalog, fsck on another one
 * can find that object in between and adopt it. So whoever has deleted looks into the catalog once more, and whoever has
 * adopted asks S3 once more: one of the two comes last, and takes the edge out again.
 */
import { type CatalogHome, changeCatalog } from '../../catalog/home.js'
import type { Edge } from '../../chain/edge.js'
import type { Bucket } from '../../store/s3.js'
import { mayGo } from './choose.js'

/**
 * Takes those edges out of the catalog that were deleted or adopted just now, are listed, and have no object. Throws status 3
 * where something that was stored meanwhile needs one of them.
 */
export async function withdrawGone(
  catalog: CatalogHome,
  dataDir: string,
  bucket: Bucket,
  edges: readonly Edge[],
  signal: AbortSignal,
): Promise<void> {
  if (edges.length === 0) return
  const keys = new Set(edges.map(({ volumes: [{ key }] }) => key))
  await changeCatalog(catalog, 'look once more at what was removed or adopted', async now => {
    const gone = new Set<Edge>()
    for (const edge of now) {
      const [{ key }] = edge.volumes
      if (keys.has(key) && (await bucket.head(key, signal)) === null) gone.add(edge)
    }
    if (gone.size === 0) return now
    await mayGo(dataDir, now, [...gone])
    return now.filter(edge => !gone.has(edge))
  })
}
