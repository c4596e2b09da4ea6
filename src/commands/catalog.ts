/**
 * The catalog as a command reads it, wherever it is kept: a file of this machine, or an object in the bucket. To change it takes
 * catalog/change.ts.
 */
import { ownEdges } from '../catalog/own.js'
import type { Edge } from '../chain/edge.js'
import type { Context } from '../cli/command.js'
import { catalogPlace } from '../cli/settings.js'
import { dataDirOf } from './data-dir.js'

/** What is stored, for a command that changes nothing. Asks S3 only if the catalog is there. */
export async function storedEdges(context: Context): Promise<readonly Edge[]> {
  if (catalogPlace(context) === 'local') return ownEdges(dataDirOf(context))
  // Loaded here: with a catalog on this machine, small commands should start in about the time that Node itself needs.
  return (await import('./catalog/in-bucket.js')).sharedEdges(context)
}
