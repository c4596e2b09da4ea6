/** When an upload does not end well: what is kept of it, and what the user is told. */
import { Interrupted } from '../../cli/command.js'
import { humanBytes } from '../../cli/amounts.js'
import { Failure, Unfinished } from '../../failure.js'
import type { Ledger } from '../../store/ledger.js'
import type { Bucket } from '../../store/s3.js'
import { abortUpload } from '../../store/reconcile.js'
import { isHopeless } from '../verdict.js'

/**
 * Leaves an upload pending, or gives it up where nothing can come of it: nothing was sent, or the stream can't be stored.
 * Gives the error to throw, which says how to go on.
 * @param resumed whether parts were there before: they are not given up because the stream came damaged this time
 */
export async function leavePending(
  error: unknown,
  bucket: Bucket,
  ledger: Ledger,
  signal: AbortSignal,
  resumed: boolean,
): Promise<unknown> {
  const nothingInS3 = ledger.uploads.size === 0 && ledger.creating.size === 0
  if (nothingInS3) {
    await ledger.drop()
    return error
  }
  if (isHopeless(error) && !resumed) {
    await abortUpload(bucket, ledger, () => false)
    return error
  }
  await ledger.close()
  const safe = `${ledger.parts.size} ${ledger.parts.size === 1 ? 'part' : 'parts'} (${humanBytes(ledger.safeBytes)})`
  const how = `the upload of ${ledger.header.snapshot.name} is pending with ${safe} safe: go on with --resume, or give it up with zfs2s3-abort`
  if (signal.aborted) {
    const reason: unknown = signal.reason
    return reason instanceof Interrupted ? new Interrupted(reason.signal, how) : reason
  }
  return error instanceof Failure ? new Unfinished(error, how, error) : error
}
