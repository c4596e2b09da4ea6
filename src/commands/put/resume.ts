/** Which upload in progress is meant, and whether it can go on with what is given. */
import { listed } from '../../chain/names.js'
import { withLock } from '../../catalog/lock.js'
import { badStream, refused, usageError } from '../../failure.js'
import { Ledger } from '../../store/ledger.js'
import type { Bucket } from '../../store/s3.js'
import type { Head } from './look.js'
import type { PutOptions } from './options.js'

/** The only upload in progress, or the one of that snapshot. Throws status 3 where there is none or more than one. */
export async function pendingUpload(dataDir: string, snapshot: string | undefined): Promise<Ledger> {
  const all = await Ledger.all(dataDir)
  const meant = snapshot === undefined ? all : all.filter(({ header }) => header.snapshot.name === snapshot)
  const [ledger, ...others] = meant
  const names = (ledgers: readonly Ledger[]) => listed(ledgers.map(({ header }) => header.snapshot.name))
  if (ledger === undefined) {
    const hint = all.length === 0 ? undefined : `there are uploads of ${names(all)}`
    throw refused(`no upload${snapshot === undefined ? '' : ` of ${snapshot}`} is pending`, hint)
  }
  if (others.length > 0) throw refused(`several uploads are pending: ${names(meant)}`, 'name the snapshot')
  return ledger
}

/** The bucket of an upload must be the one that is asked: what is missing in another one proves nothing. */
export function demandBucket({ header }: Ledger, bucket: Bucket): void {
  if (header.bucket === bucket.name) return
  throw usageError(
    `the upload of ${header.snapshot.name} is in bucket ${header.bucket}, not in ${bucket.name}`,
    `set ZFS2S3_BUCKET=${header.bucket}`,
  )
}

/** Throws where the stream or the filter is not the one that the upload was begun with. */
export function demandSameStream({ header }: Ledger, head: Head, wanted: PutOptions): void {
  if (wanted.filter !== header.filter) {
    const was = header.filter === null ? 'without a filter' : `with --filter '${header.filter}'`
    throw usageError(`this upload was begun ${was}`, 'resume it in the same way')
  }
  if (head.check !== header.check) {
    throw badStream(
      'this is another kind of stream than the upload was begun with',
      'send it in the same way as before',
    )
  }
  const was = header.begin
  const is = head.begin
  if (was === null || is?.resume !== null) return
  if (was.toname === is.toname && was.toguid === is.toguid && was.fromguid === is.fromguid) return
  throw badStream(
    `the stream is of ${is.toname} (GUID ${is.toguid}), but the pending upload of ${was.toname} (GUID ${was.toguid})`,
    'send the same stream again, or give up the upload with zfs2s3-abort',
  )
}

/**
 * Does `work` while no other process works on the same upload; throws status 5 at once if one does, and status 3 if one
 * has ended it in the meantime. What `work` is given has been read again: the other one may have gone on with it.
 */
export async function whileWorkingOn<T>(
  dataDir: string,
  ledger: Ledger,
  work: (ledger: Ledger) => Promise<T>,
): Promise<T> {
  const { id, snapshot } = ledger.header
  const locked = async () => {
    const now = await ledger.again()
    if (now === null)
      throw refused(`the upload of ${snapshot.name} is no longer pending`, 'another command has ended it')
    return work(now)
  }
  return withLock(dataDir, `the upload of ${snapshot.name}`, locked, { name: `uploads/${id}.lock`, waitMs: 0 })
}
