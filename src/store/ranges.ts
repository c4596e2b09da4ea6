/** Reading one object in ranges: several at a time, each mended by itself where the line broke, given in order. */
import { badStream } from '../failure.js'
import { Pieces } from '../stream/pieces.js'
import { httpStatus, isMissing, notInBucket } from './errors.js'
import { patiently, type Patience } from './patience.js'
import type { Into } from './reception.js'
import type { Bucket } from './s3.js'
import { worthAThread } from './sha256.js'
import { inOrder } from './window.js'

/** Long enough that a request's own time is small beside it; times `concurrency` it is what is in memory. */
const rangeBytes = 8 * 1024 * 1024

export interface RangeOptions extends Patience {
  /** How many ranges are fetched, or wait to be taken, at a time. */
  readonly concurrency: number
  /** Told how many bytes have come from S3, whenever some have. */
  readonly onBytes?: (bytes: number) => void
  /** What they are read into: a range is as long as a piece. */
  readonly pieces?: Pieces
}

const piecesOf = new Map<number, Pieces>()

/**
 * For that many ranges at a time: there is one piece more, which was taken and is still in use. They are the same for all
 * streams, which must be read in turn, never two at a time: Node does not see that shared memory is worth collecting.
 */
export function rangePieces(concurrency: number): Pieces {
  const pieces = piecesOf.get(concurrency) ?? Pieces.inMemory(rangeBytes, concurrency + 1)
  piecesOf.set(concurrency, pieces)
  return pieces
}

/** What is read: as S3 described it when it was first looked at. */
interface ObjectToRead {
  readonly key: string
  readonly bytes: number
  readonly etag: string
}

/** From the byte at `from` to the one before `to`. */
interface Range {
  readonly from: number
  readonly to: number
}

/**
 * The bytes of an object, or of that range in it, in order. Each chunk is good until the next but one is asked for: one piece
 * of memory more than there are ranges under way go round, and threads can share them. Throws status 4 if the object is replaced
 * meanwhile, 3 if it is deleted.
 */
export async function* readInRanges(
  bucket: Bucket,
  object: ObjectToRead,
  options: RangeOptions,
  within: Range = { from: 0, to: object.bytes },
): AsyncGenerator<Uint8Array> {
  const { concurrency, signal, retryForMs, onBytes } = options
  const pieces = options.pieces ?? piecesFor(within)
  const taken = new Set<Uint8Array>()
  const fetched = inOrder(rangesOf(within, pieces.length), concurrency, signal, async (range, either) => {
    const memory = pieces.take()
    taken.add(memory)
    await fetchRange(bucket, object, range, { memory, onBytes }, { retryForMs, signal: either })
    return { memory, bytes: range.to - range.from }
  })
  try {
    for await (const { memory, bytes } of fetched) {
      yield memory.subarray(0, bytes)
      taken.delete(memory)
      pieces.retire(memory)
    }
  } finally {
    // Whoever leaves early uses none any more, and nothing is under way.
    for (const memory of taken) pieces.give(memory)
  }
}

const piecesFor = ({ from, to }: Range) =>
  to - from < worthAThread ? Pieces.unshared(to - from) : Pieces.anywhere(Math.min(to - from, rangeBytes))

function* rangesOf({ from, to }: Range, length: number): Generator<Range> {
  for (let at = from; at < to; at += length) yield { from: at, to: Math.min(at + length, to) }
}

/** One range, into the memory. After a break it goes on where it stopped, with the same object or not at all (If-Match). */
async function fetchRange(
  bucket: Bucket,
  { key, etag }: ObjectToRead,
  { from, to }: Range,
  { memory, onBytes }: Into,
  patience: Patience,
): Promise<void> {
  const { signal } = patience
  try {
    for (let at = from; at < to;) {
      // One byte at least for each try: patience starts anew once something has come.
      at += await patiently(async () => {
        const into = { memory: memory.subarray(at - from, to - from), onBytes }
        const bytes = await bucket.read(key, { from: at, to, etag }, into, signal)
        if (bytes === 0) throw Object.assign(new Error('the answer has no bytes'), { code: 'ECONNRESET' })
        return bytes
      }, patience)
    }
  } catch (error) {
    if (httpStatus(error) === 412) {
      throw badStream(
        `'${key}' is not the object that it was a moment ago`,
        'somebody has replaced it: find out who, and restore along another path (zfs2s3-graph shows them)',
        error,
      )
    }
    if (isMissing(error)) throw notInBucket(bucket.name, key)
    throw bucket.failure(error, { doing: 'read', key }, signal)
  }
}
