/** Which upload in progress is meant, and whether it can go on with what is given. */
import { listed } from '../../chain/names.js'
import { badStream, failed, refused, usageError } from '../../failure.js'
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
    throw badStream('this is another kind of stream than the upload was begun with', 'send it in the same way as before')
  }
  const { begin } = header
  if (begin === null || head.begin === null || head.begin.resume !== null) return
  if (begin.toname !== head.begin.toname || begin.toguid !== head.begin.toguid || begin.fromguid !== head.begin.fromguid) {
    const is = `${head.begin.toname} (GUID ${head.begin.toguid})`
    throw badStream(
      `the stream is of ${is}, but the pending upload of ${begin.toname} (GUID ${begin.toguid})`,
      'send the same stream again, or give up the upload with zfs2s3-abort',
    )
  }
}

/** Thrown where two processes would work on one upload. */
export const busy = (ledger: Ledger, who: string) =>
  failed(`the upload of ${ledger.header.snapshot.name} is being worked on by ${who}`, 'wait for it')
