/** What S3 has of an upload, compared with what the ledger says before anything is done with it; and giving one up. */
import { volumeKey } from '../chain/names.js'
import { type Failure, failed } from '../failure.js'
import type { Ledger } from './ledger.js'
import type { PartNote } from './notes.js'
import { placeOf } from './parts.js'
import type { Bucket } from './s3.js'
import type { StoredPart } from './uploads.js'

/** The name of the upload in each object's metadata: proof that an object is what this upload made. */
export const uploadMark = 'zfs2s3-upload'
/** Beside it: which volume of the stream an object is, from 1. */
export const volumeMark = 'zfs2s3-volume'

/** Whether a part that S3 has is the one of a note, by its SHA-256. */
const isNoted = (stored: StoredPart, note: PartNote): boolean =>
  stored.bytes === note.bytes && stored.sha256 === Buffer.from(note.sha256, 'hex').toString('base64')

/**
 * Compares the ledger with S3 before anything is sent. Gives the parts that S3 has and the ledger doesn't; parts of
 * the ledger that S3 has lost are forgotten, so that they are sent again. Throws status 1 if S3 has lost a whole upload.
 */
export async function reconcile(
  bucket: Bucket,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, StoredPart>> {
  const unknown = new Map<number, StoredPart>()
  await adoptUploads(bucket, ledger, signal)
  for (const [volume, { key, uploadId }] of ledger.uploads) {
    if (ledger.completed.has(volume)) continue
    const stored = await bucket.uploads.parts(key, uploadId, signal)
    if (stored === null) {
      if (await isOurs(bucket, ledger, key, signal)) {
        await ledger.note({ event: 'completed', volume })
        continue
      }
      throw uploadLost(key, 'what was sent is gone; give up with zfs2s3-abort and start again')
    }
    const first = (volume - 1) * ledger.header.partsPerVolume
    const byNumber = new Map(stored.map(part => [first + part.number, part]))
    for (const [number, note] of ledger.parts) {
      if (placeOf(number, ledger.header).volume !== volume) continue
      const part = byNumber.get(number)
      if (part?.etag === note.etag && part.bytes === note.bytes) continue
      // An answer may have come damaged; what S3 has is the same part all the same.
      if (part !== undefined && isNoted(part, note)) await ledger.note({ ...note, etag: part.etag })
      else ledger.forgetPart(number)
    }
    for (const [number, part] of byNumber) if (!ledger.parts.has(number)) unknown.set(number, part)
  }
  return unknown
}

/** The Failure (status 1) of an upload that was not finished here and is no longer in S3. */
export const uploadLost = (key: string, remedy: string): Failure =>
  failed(
    `S3 no longer has the upload of '${key}': it was aborted elsewhere, or a lifecycle rule has expired it`,
    remedy,
  )

/** Finds uploads that were begun, but whose ID was lost in a crash before it was noted. */
async function adoptUploads(bucket: Bucket, ledger: Ledger, signal?: AbortSignal): Promise<void> {
  for (const volume of [...ledger.creating.keys()]) {
    const [found] = await lostUploads(bucket, ledger, volume, signal)
    if (found !== undefined) await ledger.note({ event: 'volume', volume, key: found.key, uploadId: found.uploadId })
  }
}

/**
 * Open uploads of a volume's very key without any part, begun since the ledger says it was about to begin one. (Parts are
 * sent only to one whose ID is noted: one that has some is another machine's. S3's times are whole seconds.)
 */
export async function lostUploads(bucket: Bucket, ledger: Ledger, volume: number, signal?: AbortSignal) {
  const key = volumeKey(ledger.header.key, volume)
  const since = Date.parse(ledger.creating.get(volume) ?? '') - clockSlackMs
  const open = await bucket.uploads.list(key, signal)
  const lost = []
  for (const each of open) {
    if (each.key !== key || each.initiated === null || Date.parse(each.initiated) < since) continue
    if ((await bucket.uploads.parts(key, each.uploadId, signal))?.length === 0) lost.push(each)
  }
  return lost
}

/** How far this machine's clock and S3's may differ. Requests get through with any difference: the SDK learns it from S3. */
const clockSlackMs = 24 * 60 * 60_000

/** Whether the object of that key was made by this upload. */
export async function isOurs(bucket: Bucket, ledger: Ledger, key: string, signal?: AbortSignal): Promise<boolean> {
  const object = await bucket.head(key, signal)
  return object?.metadata[uploadMark] === ledger.header.id
}

/**
 * Frees in S3 all that an upload has left there, and drops the ledger. What it completed but never entered goes as well.
 * @param isStored whether the catalog has an object of that key, which then stays
 */
export async function abortUpload(
  bucket: Bucket,
  ledger: Ledger,
  isStored: (key: string) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  for (const volume of ledger.creating.keys()) {
    for (const { key, uploadId } of await lostUploads(bucket, ledger, volume, signal)) {
      await bucket.uploads.abort(key, uploadId, signal)
    }
  }
  for (const { key, uploadId } of ledger.uploads.values()) {
    await bucket.uploads.abort(key, uploadId, signal)
    if (!isStored(key) && (await isOurs(bucket, ledger, key, signal))) await bucket.remove(key, signal)
  }
  await ledger.drop()
}
