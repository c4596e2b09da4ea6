/** Reading a stored stream: the bytes of all its volumes in order, compared with what is on record before the last ones. */
import type { Edge, Volume } from '../chain/edge.js'
import { badStream, notYet } from '../failure.js'
import { holdingBack } from '../stream/tail.js'
import { notInBucket } from './errors.js'
import { compositeSha256 } from './parts.js'
import { type RangeOptions, readInRanges } from './ranges.js'
import type { Bucket, StoredObject } from './s3.js'
import { Sha256 } from './sha256.js'

/** A volume of an edge, and what S3 has under its key. */
export interface Found {
  readonly volume: Volume
  readonly object: StoredObject
}

/**
 * The bytes of one stored stream. Each volume's last bytes are held back until size and checksum have proved right, so
 * that a reader never sees the end of a damaged stream. Each chunk is good until the next but one is asked for. Throws status 3 if an object is not there, 4 if it is another
 * one than the catalog says or its bytes are, 5 if it is archived; as far as S3 can tell, before the first byte.
 */
export async function* download(bucket: Bucket, edge: Edge, options: RangeOptions): AsyncGenerator<Uint8Array> {
  yield* readVolumes(bucket, edge, await findVolumes(bucket, edge, options.signal), options)
}

/** The same, of volumes that have been found. */
export async function* readVolumes(
  bucket: Bucket,
  { partSize }: Pick<Edge, 'partSize'>,
  found: readonly Found[],
  options: RangeOptions,
): AsyncGenerator<Uint8Array> {
  for (const each of found) yield* downloadVolume(bucket, each, partSize, options)
}

/**
 * The bytes of a stored stream from `from` to before `to`, or to its end; they are counted through all volumes. There is no
 * checksum of just these: whoever takes them has to check their records.
 */
export async function* readStretch(
  bucket: Bucket,
  found: readonly Found[],
  { from, to }: { readonly from: number; readonly to: number | null },
  options: RangeOptions,
): AsyncGenerator<Uint8Array> {
  let start = 0
  for (const { volume, object } of found) {
    const { bytes, etag } = object
    const within = { from: Math.max(0, from - start), to: Math.min(bytes, (to ?? Infinity) - start) }
    if (within.from < within.to) yield* readInRanges(bucket, { key: volume.key, bytes, etag }, options, within)
    start += bytes
  }
}

/** All volumes of an edge. Throws as `download` does where one of them can't be read or is not what is on record. */
export async function findVolumes(bucket: Bucket, edge: Edge, signal: AbortSignal): Promise<Found[]> {
  const found: Found[] = []
  for (const volume of edge.volumes) {
    const { key } = volume
    const object = await bucket.head(key, signal)
    if (object === null) throw notInBucket(bucket.name, key)
    const difference = differenceOf(volume, object)
    if (difference !== null) throw changed(key, difference)
    found.push({ volume, object })
  }
  for (const { volume, object } of found) {
    const { state } = object.archive
    if (state === 'archived' || state === 'thawing') {
      const how = state === 'archived' ? 'archived' : 'still being thawed'
      throw notYet(
        `'${volume.key}' is ${how} (${object.storageClass})`,
        `thaw it: zfs2s3-thaw --wait ${edge.snapshot.name}`,
      )
    }
  }
  return found
}

/** How size or checksum of an object differ from what is on record, to be read behind "is"; null if they don't. */
export function differenceOf(volume: Volume, object: StoredObject): string | null {
  if (volume.bytes !== null && object.bytes !== volume.bytes) return `${object.bytes} bytes long, not ${volume.bytes}`
  if (volume.sha256 !== null && object.sha256 !== null && object.sha256 !== volume.sha256) {
    return `with checksum ${object.sha256}, not ${volume.sha256}`
  }
  return null
}

/** Whether all bytes of an edge will be compared with a checksum when they are read. */
export const isHashed = (edge: Edge, found: readonly Found[]): boolean =>
  found.every(({ volume, object }) => hashFor(volume.sha256 ?? object.sha256, edge.partSize) !== null)

async function* downloadVolume(
  bucket: Bucket,
  { volume, object }: Found,
  partSize: number | null,
  options: RangeOptions,
): AsyncGenerator<Uint8Array> {
  const { key } = volume
  const expected = volume.sha256 ?? object.sha256
  const hash = hashFor(expected, partSize)
  const held = holdingBack(object.bytes)
  let hashed = Promise.resolve()
  for await (const chunk of readInRanges(bucket, { key, bytes: object.bytes, etag: object.etag }, options)) {
    const before = hashed
    hashed = hash?.push(chunk) ?? before
    // It is asked when the next chunk has come; until then its failure is nobody's.
    hashed.catch(() => undefined)
    yield* held.push(chunk)
    await before
  }
  if (hash !== null && (await hash.result()) !== expected) {
    throw changed(key, `damaged: its bytes don't have the checksum ${expected ?? ''}`)
  }
  yield* held.end()
}

const changed = (key: string, how: string) =>
  badStream(`'${key}' is ${how}`, 'it is not what was stored; restore along another path (zfs2s3-graph shows them)')

/** What computes a checksum like `expected`; null where there is none, or where it isn't known how long the parts were. */
function hashFor(expected: string | null, partSize: number | null): PartHashes | null {
  if (expected === null) return null
  // Without a number of parts it is of an object that was put at once (S3 User Guide: Checking object integrity).
  if (!expected.includes('-')) return new PartHashes(Infinity)
  return partSize === null ? null : new PartHashes(partSize)
}

/** SHA-256 of each part of a stream that was uploaded in parts of one size; Infinity: of one that was put at once. */
class PartHashes {
  readonly #partSize: number
  readonly #digests: Promise<Buffer>[] = []
  #hash = new Sha256()
  #filled = 0

  constructor(partSize: number) {
    this.#partSize = partSize
  }

  /** Takes bytes, which must not change until this has resolved. */
  async push(chunk: Uint8Array): Promise<void> {
    const hashed: Promise<void>[] = []
    for (let taken = 0; taken < chunk.length;) {
      const piece = chunk.subarray(taken, taken + this.#partSize - this.#filled)
      hashed.push(this.#hash.update(piece))
      this.#filled += piece.length
      taken += piece.length
      if (this.#filled === this.#partSize) this.#finish()
    }
    await Promise.all(hashed)
  }

  /** As S3 writes it. */
  async result(): Promise<string> {
    if (this.#partSize === Infinity) return (await this.#hash.digest()).toString('base64')
    if (this.#filled > 0) this.#finish()
    return compositeSha256(await Promise.all(this.#digests))
  }

  #finish(): void {
    const digest = this.#hash.digest()
    // Whether it fails is asked at the end.
    digest.catch(() => undefined)
    this.#digests.push(digest)
    this.#hash = new Sha256()
    this.#filled = 0
  }
}
