/** The end of an upload: its volumes are completed, and what S3 then has is compared with what was sent. */
import type { Volume } from '../chain/edge.js'
import { volumeKey } from '../chain/names.js'
import { refused } from '../failure.js'
import type { Ledger } from './ledger.js'
import type { PartNote } from './notes.js'
import { compositeSha256, placeOf } from './parts.js'
import { type Patience, patiently } from './patience.js'
import { isOurs, uploadLost } from './reconcile.js'
import type { Bucket } from './s3.js'

/**
 * Completes all volumes, the first one last, so that nothing can be found under the edge's key before all of it is
 * there; then asks S3 for what it has and compares. Throws status 3 if there is another object of that key, or if S3
 * has something else than was sent.
 * @param count how many parts the stream has
 */
export async function completeUpload(
  bucket: Bucket,
  ledger: Ledger,
  count: number,
  patience: Patience,
): Promise<[Volume, ...Volume[]]> {
  const { signal } = patience
  const parts = ledger.contiguous().slice(0, count)
  if (parts.length < count) throw new Error(`of ${count} parts only ${parts.length} are in the ledger`)
  const volumes = new Map<number, PartNote[]>()
  for (const note of parts) {
    const { volume } = placeOf(note.part, ledger.header)
    const notes = volumes.get(volume) ?? []
    notes.push(note)
    volumes.set(volume, notes)
  }
  const made: Volume[] = []
  for (const [volume, notes] of [...volumes].reverse()) {
    if (!ledger.completed.has(volume)) {
      await patiently(() => completeVolume(bucket, ledger, volume, notes, signal), patience)
      await ledger.note({ event: 'completed', volume })
    }
    made.unshift(await patiently(() => confirmed(bucket, ledger, volume, notes, signal), patience))
  }
  const [first, ...others] = made
  if (first === undefined) throw new Error('an upload without parts is never completed')
  return [first, ...others]
}

async function completeVolume(bucket: Bucket, ledger: Ledger, volume: number, notes: PartNote[], signal: AbortSignal) {
  const upload = ledger.uploads.get(volume)
  if (upload === undefined) throw new Error(`volume ${volume} was never begun`)
  // Asked before as well: not every service honours If-None-Match here.
  const there = await bucket.head(upload.key, signal)
  if (there === null) {
    const parts = notes.map(({ part, etag, sha256, bytes }) => ({
      number: placeOf(part, ledger.header).number,
      etag,
      bytes,
      sha256: Buffer.from(sha256, 'hex').toString('base64'),
    }))
    if ((await bucket.uploads.complete(upload, parts, signal)) === 'completed') return
    // The answer to an earlier try may have been lost on the way: then the object is there, and it is ours.
  }
  if (await isOurs(bucket, ledger, upload.key, signal)) return
  if (there === null && (await bucket.head(upload.key, signal)) === null) {
    throw uploadLost(upload.key, 'give up with zfs2s3-abort and start again')
  }
  throw refused(
    `there is already an object '${upload.key}' in bucket ${bucket.name}, and it is never overwritten`,
    'see what it is with zfs2s3-graph or aws s3api head-object; give up this upload with zfs2s3-abort',
  )
}

/** What S3 has now, after it has been compared with what was sent. */
async function confirmed(bucket: Bucket, ledger: Ledger, volume: number, notes: PartNote[], signal: AbortSignal) {
  const key = volumeKey(ledger.header.key, volume)
  const bytes = notes.reduce((sum, note) => sum + note.bytes, 0)
  const sha256 = compositeSha256(notes.map(note => Buffer.from(note.sha256, 'hex')))
  const object = await bucket.head(key, signal)
  if (object?.bytes !== bytes || (object.sha256 !== null && object.sha256 !== sha256)) {
    const has = object === null ? 'nothing' : `${object.bytes} bytes with checksum ${object.sha256 ?? 'unknown'}`
    throw refused(
      `S3 has ${has} as '${key}', but ${bytes} bytes with checksum ${sha256} were sent`,
      'it is not in the catalog; look at the object, then give up with zfs2s3-abort',
    )
  }
  return { key, bytes, sha256, etag: object.etag }
}
