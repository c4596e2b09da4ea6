/**
 * Sending: parts to S3, and their acknowledgements to the ledger. The order of steps is docs/design.md's.
 */
import { createHash } from 'node:crypto'
import { volumeKey } from '../chain/names.js'
import { badStream } from '../failure.js'
import { isRefusal } from './errors.js'
import type { Ledger } from './ledger.js'
import type { PartNote, ResumePoint } from './notes.js'
import { eachConcurrently, type Part, placeOf } from './parts.js'
import { type Patience, patiently } from './patience.js'
import { lostUploads, uploadMark, volumeMark } from './reconcile.js'
import type { Bucket } from './s3.js'
import { sha256Of } from './sha256.js'
import type { StoredPart } from './uploads.js'

export interface SendOptions extends Patience {
  /** Parts in flight, and in memory. */
  readonly concurrency: number
  /** Ends the source of the parts; called when a part has failed for good. */
  readonly stop: () => void
  /** After each part that is safe: its length, and whether it had to be sent. */
  readonly onPart?: (bytes: number, sent: boolean) => void
}

/** A part as the pipeline makes it: with the point from which a resumed stream could go on behind it, if there is one. */
export type StreamPart = Part<ResumePoint | null>

/** A part with the one hash of it that everything uses. */
type HashedPart = StreamPart & { readonly sha256: Buffer }

/**
 * Sends all parts, each into its volume, and notes each one when S3 has acknowledged it. A part that the ledger has is
 * compared instead of sent; one that differs stops the upload with status 4.
 * @param inS3 parts that S3 has beyond what the ledger knows (`reconcile`); used where they prove to be the same
 */
export async function sendParts(
  bucket: Bucket,
  ledger: Ledger,
  parts: AsyncGenerator<StreamPart>,
  inS3: ReadonlyMap<number, StoredPart>,
  options: SendOptions,
): Promise<void> {
  const starting = new Map<number, Promise<{ key: string; uploadId: string }>>()
  const uploadOf = (volume: number) => {
    const started = starting.get(volume) ?? startVolume(bucket, ledger, volume, options)
    starting.set(volume, started)
    return started
  }
  const store = async (cut: StreamPart) => {
    try {
      const part = { ...cut, sha256: await sha256Of(cut.bytes) }
      const known = ledger.parts.get(part.number)
      if (known !== undefined) {
        compare(ledger, part, known)
        return null
      }
      const stored = inS3.get(part.number)
      const found = stored !== undefined && provenSame(stored, part)
      const etag = found ? stored.etag : await sendPart(bucket, ledger, part, uploadOf, options)
      return { etag, sha256: part.sha256.toString('hex'), sent: !found }
    } finally {
      // Its memory is wanted for the next one while this one is noted.
      cut.release()
    }
  }
  const send = async (part: StreamPart) => {
    const { length } = part.bytes
    const stored = await store(part)
    if (stored !== null) {
      const { etag, sha256 } = stored
      await ledger.note({ event: 'part', part: part.number, bytes: length, etag, sha256, resume: part.note })
    }
    options.onPart?.(length, stored?.sent ?? false)
  }
  await eachConcurrently(parts, options.concurrency, send, options.stop)
}

async function sendPart(
  bucket: Bucket,
  ledger: Ledger,
  part: HashedPart,
  uploadOf: (volume: number) => Promise<{ key: string; uploadId: string }>,
  patience: Patience,
): Promise<string> {
  const { volume, number } = placeOf(part.number, ledger.header)
  const upload = await uploadOf(volume)
  const doing = `put part ${part.number} of`
  const { signal } = patience
  try {
    return await patiently(
      () => bucket.uploads.sendPart(upload, { number, bytes: part.bytes, sha256: part.sha256 }, signal),
      patience,
    )
  } catch (error) {
    throw bucket.failure(error, { doing, key: upload.key }, signal)
  }
}

/** The upload of one volume, begun when its first part is there. The intent is noted first: an ID that is lost can be found. */
async function startVolume(bucket: Bucket, ledger: Ledger, volume: number, patience: Patience) {
  const known = ledger.uploads.get(volume)
  if (known !== undefined) return known
  const { header } = ledger
  const key = volumeKey(header.key, volume)
  await ledger.note({ event: 'creating', volume, at: new Date().toISOString() })
  const metadata = { ...header.metadata, [uploadMark]: header.id, [volumeMark]: String(volume) }
  const { signal } = patience
  const created = await patiently(async triesBefore => {
    try {
      const { uploadId, attempts } = await bucket.uploads.create(key, { ...header, metadata }, signal)
      return { uploadId, attempts: triesBefore + attempts }
    } catch (error) {
      if (triesBefore === 0 && isRefusal(error)) await ledger.note({ event: 'refused', volume })
      throw error
    }
  }, patience)
  const { uploadId } = created
  if (created.attempts > 1) {
    // Those before may have begun an upload as well, and only the answer was lost.
    for (const lost of await lostUploads(bucket, ledger, volume, signal)) {
      if (lost.uploadId !== uploadId) await bucket.uploads.abort(key, lost.uploadId, signal)
    }
  }
  await ledger.note({ event: 'volume', volume, key, uploadId })
  return { key, uploadId }
}

function compare(ledger: Ledger, part: HashedPart, known: PartNote): void {
  if (known.sha256 === part.sha256.toString('hex') && known.bytes === part.bytes.length) return
  const from = (part.number - 1) * ledger.header.partSize
  const filter = ledger.header.filter
  throw badStream(
    `part ${part.number} (bytes ${from} to ${from + part.bytes.length - 1}) differs from what was uploaded before`,
    filter === null
      ? 'zfs sent other bytes this time; give up with zfs2s3-abort and start again'
      : `the filter '${filter}' gives other bytes each time, so an upload through it can't be resumed; ` +
          'give up with zfs2s3-abort and start again',
  )
}

/** Whether a part that S3 has, but the ledger doesn't, is the same as `part`: by SHA-256, else by the MD5 in its ETag. */
function provenSame(stored: StoredPart, part: HashedPart): boolean {
  if (stored.bytes !== part.bytes.length) return false
  if (stored.sha256 !== null) return stored.sha256 === part.sha256.toString('base64')
  return stored.etag.replaceAll('"', '') === createHash('md5').update(part.bytes).digest('hex')
}
