/** Whether S3 has what a restore will read, asked before anything is received. */
import type { Edge } from '../../chain/edge.js'
import { edgeTitle } from '../../chain/names.js'
import { exitStatus, Failure, notYet } from '../../failure.js'
import { findVolumes } from '../../store/download.js'
import type { Bucket } from '../../store/s3.js'
import { inOrder } from '../../store/window.js'

/** How many are asked for at a time. */
const inFlight = 16

/**
 * Throws as get would for the first stream that is not there (3) or not what is on record (4); and status 5 if some are
 * archived, once it is known of all of them. `thaw` is the command line that asks for all at once.
 */
export async function demandAvailable(
  bucket: Bucket,
  edges: readonly Edge[],
  thaw: string,
  signal: AbortSignal,
): Promise<void> {
  const archived: Edge[] = []
  const look = async (edge: Edge, either: AbortSignal): Promise<void> => {
    try {
      await findVolumes(bucket, edge, either)
    } catch (error) {
      if (!(error instanceof Failure) || error.status !== exitStatus.notYet) throw error
      archived.push(edge)
    }
  }
  const looks = inOrder(edges, inFlight, signal, look)
  for (let next = await looks.next(); next.done !== true;) next = await looks.next()
  const [first] = archived
  if (first === undefined) return
  throw notYet(
    `${archived.length} of ${edges.length} streams are archived or still being thawed, such as ${edgeTitle(first)}`,
    `thaw them first: ${thaw}`,
  )
}
