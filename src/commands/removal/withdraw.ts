/**
 * A removal takes an edge out of the catalog before its object is deleted. Where machines share the catalog, fsck on another one
 * can find that object in between and adopt it. So whoever has deleted looks into the catalog once more, and whoever has
 * adopted asks S3 once more: one of the two comes last, and takes the edge out again.
 */
import type { Claim } from '../../catalog/home.js'
import type { Edge } from '../../chain/edge.js'
import type { Bucket } from '../../store/s3.js'
import { mayGo } from './choose.js'

/**
 * Takes those edges out of the catalog that were deleted or adopted just now, are listed, and lack an object; gives those that
 * it lists then. Throws status 3 where something that was stored meanwhile needs one of them.
 */
export async function withdrawGone(
  claim: Claim,
  dataDir: string,
  bucket: Bucket,
  edges: readonly Edge[],
  signal: AbortSignal,
): Promise<readonly Edge[]> {
  const keys = new Set(edges.map(({ volumes: [{ key }] }) => key))
  await claim.readAgain()
  return claim.change(async now => {
    const gone: Edge[] = []
    for (const edge of now) {
      if (keys.has(edge.volumes[0].key) && (await lacksObject(bucket, edge, signal))) gone.push(edge)
    }
    if (gone.length === 0) return now
    await mayGo(dataDir, now, gone)
    return now.filter(edge => !gone.includes(edge))
  })
}

async function lacksObject(bucket: Bucket, { volumes }: Edge, signal: AbortSignal): Promise<boolean> {
  for (const { key } of volumes) if ((await bucket.head(key, signal)) === null) return true
  return false
}
