/**
 * One upload from its first part to its object: parts to S3 and their acknowledgements to the ledger, completion,
 * the comparison of what S3 then has with what was sent, and giving up. Its order: docs/design.md, The order of steps.
 */
import { createHash } from 'node:crypto'
import type { Volume } from '../chain/edge.js'
import { volumeKey } from '../chain/names.js'
import { badStream, failed, refused } from '../failure.js'
import type { Ledger, PartNote, ResumePoint } from './ledger.js'
import { compositeSha256, eachConcurrently, type Part, placeOf } from './parts.js'
import { type Patience, patiently } from './patience.js'
import type { Bucket, StoredPart } from './s3.js'

/** The name of the upload in each object's metadata: proof that an object is what this upload made. */
const uploadMark = 'zfs2s3-upload'

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
  const send = async (part: StreamPart) => {
    const known = ledger.parts.get(part.number)
    if (known !== undefined) {
      compare(ledger, part, known)
      options.onPart?.(part.bytes.length, false)
      return
    }
    const stored = inS3.get(part.number)
    const found = stored !== undefined && provenSame(stored, part)
    const etag = found ? stored.etag : await sendPart(bucket, ledger, part, uploadOf, options)
    await ledger.note({
      event: 'part',
      part: part.number,
      bytes: part.bytes.length,
      etag,
      sha256: part.sha256.toString('hex'),
      resume: part.note,
    })
    options.onPart?.(part.bytes.length, !found)
  }
  await eachConcurrently(
    parts,
    options.concurrency,
    async part => {
      try {
        await send(part)
      } finally {
        part.release()
      }
    },
    options.stop,
  )
}

async function sendPart(
  bucket: Bucket,
  ledger: Ledger,
  part: StreamPart,
  uploadOf: (volume: number) => Promise<{ key: string; uploadId: string }>,
  patience: Patience,
): Promise<string> {
  const { volume, number } = placeOf(part.number, ledger.header)
  const upload = await uploadOf(volume)
  const doing = `put part ${part.number} of`
  const { signal } = patience
  try {
    return await patiently(
      () => bucket.uploadPart(upload, { number, bytes: part.bytes, sha256: part.sha256 }, signal),
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
  const metadata = { ...header.metadata, [uploadMark]: header.id, 'zfs2s3-volume': String(volume) }
  const { signal } = patience
  const created = await patiently(async triesBefore => {
    const { uploadId, attempts } = await bucket.createUpload(key, { ...header, metadata }, signal)
    return { uploadId, attempts: triesBefore + attempts }
  }, patience)
  const { uploadId } = created
  if (created.attempts > 1) {
    // Those before may have begun an upload as well, and only the answer was lost.
    for (const lost of await lostUploads(bucket, ledger, volume, signal)) {
      if (lost.uploadId !== uploadId) await bucket.abortUpload(key, lost.uploadId, signal)
    }
  }
  await ledger.note({ event: 'volume', volume, key, uploadId })
  return { key, uploadId }
}

function compare(ledger: Ledger, part: StreamPart, known: PartNote): void {
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

/** Whether a part that S3 has is the one of a note, by its SHA-256. */
const isNoted = (stored: StoredPart, note: PartNote): boolean =>
  stored.bytes === note.bytes && stored.sha256 === Buffer.from(note.sha256, 'hex').toString('base64')

/** Whether a part that S3 has, but the ledger doesn't, is the same as `part`: by SHA-256, else by the MD5 in its ETag. */
function provenSame(stored: StoredPart, part: StreamPart): boolean {
  if (stored.bytes !== part.bytes.length) return false
  if (stored.sha256 !== null) return stored.sha256 === part.sha256.toString('base64')
  return stored.etag.replaceAll('"', '') === createHash('md5').update(part.bytes).digest('hex')
}

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
    const stored = await bucket.listParts(key, uploadId, signal)
    if (stored === null) {
      if (await isOurs(bucket, ledger, key, signal)) {
        await ledger.note({ event: 'completed', volume })
        continue
      }
      throw failed(
        `S3 no longer has the upload of '${key}': it was aborted elsewhere, or a lifecycle rule has expired it`,
        'what was sent is gone; give up with zfs2s3-abort and start again',
      )
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
async function lostUploads(bucket: Bucket, ledger: Ledger, volume: number, signal?: AbortSignal) {
  const key = volumeKey(ledger.header.key, volume)
  const since = Date.parse(ledger.creating.get(volume) ?? '') - clockSlackMs
  const open = await bucket.listUploads(key, signal)
  const lost = []
  for (const each of open) {
    if (each.key !== key || each.initiated === null || Date.parse(each.initiated) < since) continue
    if ((await bucket.listParts(key, each.uploadId, signal))?.length === 0) lost.push(each)
  }
  return lost
}

/** How far this machine's clock and S3's may differ. Requests get through with any difference: the SDK learns it from S3. */
const clockSlackMs = 24 * 60 * 60_000

/** Whether the object of that key was made by this upload. */
async function isOurs(bucket: Bucket, ledger: Ledger, key: string, signal?: AbortSignal): Promise<boolean> {
  const object = await bucket.head(key, signal)
  return object?.metadata[uploadMark] === ledger.header.id
}

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
    volumes.set(volume, [...(volumes.get(volume) ?? []), note])
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
    if ((await bucket.completeUpload(upload, parts, signal)) === 'completed') return
    // The answer to an earlier try may have been lost on the way: then the object is there, and it is ours.
  }
  if (await isOurs(bucket, ledger, upload.key, signal)) return
  if (there === null && (await bucket.head(upload.key, signal)) === null) {
    throw failed(
      `S3 no longer has the upload of '${upload.key}': it was aborted elsewhere, or a lifecycle rule has expired it`,
      'give up with zfs2s3-abort and start again',
    )
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
      await bucket.abortUpload(key, uploadId, signal)
    }
  }
  for (const { key, uploadId } of ledger.uploads.values()) {
    await bucket.abortUpload(key, uploadId, signal)
    if (!isStored(key) && (await isOurs(bucket, ledger, key, signal))) await bucket.remove(key, signal)
  }
  await ledger.drop()
}
