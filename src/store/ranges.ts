/** Reading one object in ranges: several at a time, each mended by itself where the line broke, given in order. */
import { badStream, failed } from '../failure.js'
import { httpStatus, isMissing, notInBucket } from './errors.js'
import { patiently, type Patience } from './patience.js'
import type { Bucket } from './s3.js'
import { inOrder } from './window.js'

/** Long enough that a request's own time is small beside it; times `concurrency` it is what is in memory. */
const rangeBytes = 4 * 1024 * 1024

export interface RangeOptions extends Patience {
  /** How many ranges are fetched, or wait to be taken, at a time. */
  readonly concurrency: number
  /** Length of a range in bytes; only tests need another. */
  readonly rangeBytes?: number
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

/** The bytes of an object, or of that range in it, in order. Throws status 4 if it is replaced meanwhile, 3 if it is deleted. */
export async function* readInRanges(
  bucket: Bucket,
  object: ObjectToRead,
  options: RangeOptions,
  within: Range = { from: 0, to: object.bytes },
): AsyncGenerator<Uint8Array> {
  const { concurrency, signal, retryForMs } = options
  const ranges = rangesOf(within, options.rangeBytes ?? rangeBytes)
  const fetched = inOrder(ranges, concurrency, signal, (range, either) =>
    fetchRange(bucket, object, range, { retryForMs, signal: either }),
  )
  for await (const chunks of fetched) {
    // Each is let go of when it has been taken.
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) yield chunk
  }
}

function* rangesOf({ from, to }: Range, length: number): Generator<Range> {
  for (let at = from; at < to; at += length) yield { from: at, to: Math.min(at + length, to) }
}

/** One range. After a break it goes on where it stopped, with the same object or not at all (If-Match). */
async function fetchRange(
  bucket: Bucket,
  { key, etag }: ObjectToRead,
  { from, to }: Range,
  patience: Patience,
): Promise<Uint8Array[]> {
  const { signal } = patience
  const chunks: Uint8Array[] = []
  let position = from
  const take = (chunk: Uint8Array) => {
    position += chunk.length
    if (position > to) throw failed(`S3 sent more of '${key}' than was asked for`, 'it does not speak S3 well enough')
    chunks.push(chunk)
  }
  try {
    while (position < to) {
      // One chunk at least for each try: patience starts anew once something has come.
      const { first, rest } = await patiently(
        async () => firstOf(await bucket.read(key, { from: position, to, etag }, signal)),
        patience,
      )
      take(first)
      for await (const chunk of restOf(rest)) take(chunk)
    }
    return chunks
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
