/** Cutting a stream into parts, and working on several at a time. No S3 in here. */
import { createHash } from 'node:crypto'
import type { Pieces } from '../stream/pieces.js'

/** A piece of the stream, as S3 will keep it. */
export interface Part<Note> {
  /** From 1, counted over all volumes. */
  readonly number: number
  readonly bytes: Uint8Array
  /** What was known about the stream when it stood exactly at the end of this part. */
  readonly note: Note
  /** Gives the memory back; `bytes` must not be touched afterwards. */
  release(): void
}

/** How parts are numbered and spread over volumes. */
export interface Geometry {
  /** Length in bytes of every part but the last. */
  readonly partSize: number
  /** S3 allows 10,000 (S3 User Guide: Multipart upload limits); what is longer goes on in another object. */
  readonly partsPerVolume: number
}

/** Volume (from 1) and number within it (from 1) of a part. */
export function placeOf(part: number, { partsPerVolume }: Geometry): { volume: number; number: number } {
  return { volume: Math.floor((part - 1) / partsPerVolume) + 1, number: ((part - 1) % partsPerVolume) + 1 }
}

/**
 * Cuts a stream into parts of a piece's length; only the last may be shorter, and none is empty. A part that lies in a lent
 * piece stays there; the others are copied, each into one of its own. Memory is as many pieces as there are parts out at a time.
 * A chunk that crosses a part's end makes the note of that part late; whoever takes notes gives chunks that don't.
 * @param first number of the first part
 * @param takeNote asked once for each part, when exactly its bytes have been taken from `chunks`
 */
export async function* cutIntoParts<Note>(
  chunks: AsyncIterable<Uint8Array>,
  pieces: Pieces,
  first: number,
  takeNote: (bytes: Uint8Array) => Note,
): AsyncGenerator<Part<Note>> {
  let number = first
  let piece: Uint8Array | null = null
  let isKept = false
  let filled = 0
  const finish = (whole: Uint8Array): Part<Note> => {
    const bytes = whole.subarray(0, filled)
    const part = { number, bytes, note: takeNote(bytes), release: () => pieces.give(whole) }
    number += 1
    piece = null
    filled = 0
    return part
  }
  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.length;) {
      if (piece === null) {
        const kept = pieces.keep(chunk.subarray(taken))
        isKept = kept !== null
        piece = kept ?? pieces.take()
      }
      const bytes = chunk.subarray(taken, taken + pieces.length - filled)
      if (!isKept) piece.set(bytes, filled)
      else if (!liesIn(piece, bytes, filled)) throw new Error('a part that was to stay where it is lies elsewhere')
      filled += bytes.length
      taken += bytes.length
      if (filled === pieces.length) yield finish(piece)
    }
  }
  if (piece !== null) yield finish(piece)
}

const liesIn = (piece: Uint8Array, bytes: Uint8Array, at: number) =>
  bytes.buffer === piece.buffer && bytes.byteOffset === piece.byteOffset + at

/**
 * Does `work` on up to `limit` items at a time; an item is taken only when somebody is free to work on it.
 * When work on one fails, `stop` is called to end the source, work under way is waited for, and the first error thrown.
 */
export async function eachConcurrently<T>(
  items: AsyncGenerator<T>,
  limit: number,
  work: (item: T) => Promise<void>,
  stop: () => void,
): Promise<void> {
  const failures: unknown[] = []
  const worker = async () => {
    for await (const item of items) {
      try {
        await work(item)
      } catch (error) {
        failures.push(error)
        // Before leaving the loop: leaving it waits for the source, which may be waiting for a slow `zfs send`.
        stop()
        return
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: limit }, worker))
  for (const end of ends) if (end.status === 'rejected') failures.push(end.reason)
  if (failures.length > 0) throw failures[0]
}

/** S3's checksum of a multipart object whose parts have these SHA-256 digests (S3 User Guide: Checking object integrity). */
export function compositeSha256(digests: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const digest of digests) hash.update(digest)
  return `${hash.digest('base64')}-${digests.length}`
}
