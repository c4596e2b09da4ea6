/** Reading a stored stream: the bytes of all its volumes in order, reopened where the line broke, compared at the end. */
import { createHash, type Hash } from 'node:crypto'
import type { Edge, Volume } from '../chain/edge.js'
import { badStream, refused } from '../failure.js'
import { httpStatus } from './errors.js'
import { compositeSha256 } from './parts.js'
import { patiently } from './patience.js'
import type { Bucket } from './s3.js'

export interface DownloadOptions {
  readonly retryForMs: number
  readonly signal: AbortSignal
}

/**
 * The bytes of one stored stream. Each volume's last chunk is held back until size and checksum have proved right, so
 * that a reader never sees the end of a damaged stream. Throws status 3 if the object is not there, 4 if it is another
 * one than the catalog says or its bytes are.
 */
export async function* download(bucket: Bucket, edge: Edge, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  for (const volume of edge.volumes) yield* downloadVolume(bucket, volume, edge.partSize, options)
}

async function* downloadVolume(
  bucket: Bucket,
  volume: Volume,
  partSize: number | null,
  options: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  const { key } = volume
  const object = await bucket.head(key, options.signal)
  if (object === null) {
    throw refused(
      `'${key}' is not in bucket ${bucket.name}`,
      'it was deleted without zfs2s3; look for another path to the snapshot',
    )
  }
  if (volume.bytes !== null && object.bytes !== volume.bytes) {
    throw changed(key, `${object.bytes} bytes long, not ${volume.bytes}`)
  }
  if (volume.sha256 !== null && object.sha256 !== null && object.sha256 !== volume.sha256) {
    throw changed(key, `with checksum ${object.sha256}, not ${volume.sha256}`)
  }
  const expected = volume.sha256 ?? object.sha256
  const parts = expected !== null && partSize !== null ? new PartHashes(partSize) : null
  let held: Uint8Array | undefined
  for await (const chunk of reopening(bucket, key, object.bytes, object.etag, options)) {
    parts?.push(chunk)
    if (held !== undefined) yield held
    held = chunk
  }
  if (parts !== null && parts.composite() !== expected)
    throw changed(key, `damaged: its bytes don't have the checksum ${expected}`)
  if (held !== undefined) yield held
}

const changed = (key: string, how: string) =>
  badStream(`'${key}' is ${how}`, 'it is not what was stored; restore along another path (zfs2s3-graph shows them)')

/** The chunks of an object; after a break it goes on where it stopped, with the same object or not at all (If-Match). */
async function* reopening(
  bucket: Bucket,
  key: string,
  bytes: number,
  etag: string,
  { retryForMs, signal }: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  let position = 0
  while (position < bytes) {
    const from = position
    try {
      // One chunk at least for each try: patience starts anew once something has come.
      const { first, rest } = await patiently(async () => firstOf(await bucket.read(key, from, etag, signal)), {
        retryForMs,
        signal,
      })
      position += first.length
      yield first
      for await (const chunk of restOf(rest)) {
        position += chunk.length
        yield chunk
      }
    } catch (error) {
      if (httpStatus(error) === 412) throw changed(key, 'not the object that it was a moment ago')
      throw bucket.failure(error, { doing: 'read', key }, signal)
    }
  }
}

async function firstOf(body: AsyncIterable<Uint8Array>) {
  const rest = body[Symbol.asyncIterator]()
  const next = await rest.next()
  if (next.done === true) throw Object.assign(new Error('the answer has no bytes'), { code: 'ECONNRESET' })
  return { first: next.value, rest }
}

/** What is left of a body; that it breaks off is no error here, since the caller opens it again at that place. */
async function* restOf(body: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const next = await body.next().catch(() => undefined)
      if (next === undefined || next.done === true) return
      yield next.value
    }
  } finally {
    await body.return?.()
  }
}

/** SHA-256 of each part of a stream that was uploaded in parts of one size. */
class PartHashes {
  readonly #partSize: number
  readonly #digests: Buffer[] = []
  #hash: Hash = createHash('sha256')
  #filled = 0

  constructor(partSize: number) {
    this.#partSize = partSize
  }

  push(chunk: Uint8Array): void {
    for (let taken = 0; taken < chunk.length;) {
      const piece = chunk.subarray(taken, taken + this.#partSize - this.#filled)
      this.#hash.update(piece)
      this.#filled += piece.length
      taken += piece.length
      if (this.#filled === this.#partSize) this.#finish()
    }
  }

  composite(): string {
    if (this.#filled > 0) this.#finish()
    return compositeSha256(this.#digests)
  }

  #finish(): void {
    this.#digests.push(this.#hash.digest())
    this.#hash = createHash('sha256')
    this.#filled = 0
  }
}
