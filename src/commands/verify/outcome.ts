/** What verify says of an edge. */
import type { Edge } from '../../chain/edge.js'
import { nameRecord } from '../../chain/record.js'
import { exitStatus, Failure } from '../../failure.js'
import { findVolumes, type Found } from '../../store/download.js'
import type { Bucket } from '../../store/s3.js'

/** `unreadable`: S3 would not give it, or the filter failed; that says nothing of what is stored. */
export type Result = 'ok' | 'damaged' | 'missing' | 'archived' | 'unreadable'

/**
 * What was looked at before the verdict. `nothing`: S3's answer was enough. `quick`: size and the checksum that S3 keeps. `size`: all bytes came,
 * but there is nothing to compare them with. `hash`: all bytes, with their checksum. `records`: every record of the plain
 * stream, and the checksum where it is known.
 */
export type Checked = 'nothing' | 'quick' | 'size' | 'hash' | 'records'

export interface Outcome {
  readonly result: Result
  /** Null if all is well. */
  readonly why: string | null
  readonly checked: Checked
  readonly bytesRead: number
}

/** An outcome without reading, and what S3 says that there would be to read. */
export interface LookedUp extends Outcome {
  readonly bytes: number
  readonly found: readonly Found[]
}

/** Asks S3 for size, checksum and whether it can be read, and compares with what is on record. */
export async function lookUp(bucket: Bucket, edge: Edge, signal: AbortSignal): Promise<LookedUp> {
  try {
    const found = await findVolumes(bucket, edge, signal)
    const bytes = found.reduce((sum, { object }) => sum + object.bytes, 0)
    return { result: 'ok', why: null, checked: 'quick', bytesRead: 0, bytes, found }
  } catch (error) {
    return { ...outcomeOf(error, 'nothing', 0), bytes: 0, found: [] }
  }
}

/** What the Failures of store/download and of reading records mean; everything else is thrown. */
export function outcomeOf(error: unknown, checked: Checked, bytesRead: number): Outcome {
  if (!(error instanceof Failure)) throw error
  const results: Partial<Record<Failure['status'], Result>> = {
    [exitStatus.refused]: 'missing',
    [exitStatus.badStream]: 'damaged',
    [exitStatus.notYet]: 'archived',
  }
  return { result: results[error.status] ?? 'unreadable', why: error.message, checked, bytesRead }
}

/** The line that is printed. */
export const outcomeRecord = (edge: Edge, outcome: Outcome): object => ({
  ...nameRecord(edge),
  result: outcome.result,
  why: outcome.why,
  checked: outcome.checked,
  bytes_read: outcome.bytesRead,
})
