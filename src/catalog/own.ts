/** This machine's own catalog, as far as a command reads it; to change it takes catalog/home.ts. */
import type { Edge } from '../chain/edge.js'
import { usageError } from '../failure.js'
import { catalogPath, readCatalog } from './catalog.js'
import { readIfThere } from './files.js'

/** Its edges; none if there is no catalog. Throws as `demandOwn` does, and a Failure where it can't be read. */
export async function ownEdges(dataDir: string): Promise<readonly Edge[]> {
  const { exists, edges } = await readCatalog(dataDir)
  if (!exists) await demandNotShared(dataDir)
  return edges
}

/**
 * Throws status 2 where this machine has no catalog of its own, but has used a shared one: without it, nothing would seem to be
 * stored.
 */
export async function demandOwn(dataDir: string): Promise<void> {
  if ((await readIfThere(catalogPath(dataDir))) === null) await demandNotShared(dataDir)
}

async function demandNotShared(dataDir: string): Promise<void> {
  // Loaded here: almost always there is a catalog, and nothing more to ask.
  const { copyNotes } = await import('./copies.js')
  const [shared] = Object.entries(await copyNotes(dataDir)).filter(([, { role }]) => role === 'shared')
  if (shared === undefined) return
  throw usageError(
    `the catalog of ${catalogPath(dataDir).replace(/\/[^/]*$/, '')} is in S3, as ${shared[0]}`,
    'set ZFS2S3_CATALOG=bucket, or use another ZFS2S3_DATA_DIR',
  )
}
