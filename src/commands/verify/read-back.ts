/** Reading one edge back: the checksum of what is stored, and the records of the plain stream where that can be seen. */
import type { Edge } from '../../chain/edge.js'
import { misfitRefused, misfits } from '../../chain/fit.js'
import { badStream } from '../../failure.js'
import { isHashed, readVolumes } from '../../store/download.js'
import { rangePieces, type RangeOptions } from '../../store/ranges.js'
import type { Bucket } from '../../store/s3.js'
import type { Verdict } from '../../stream/facts.js'
import type { StreamMemory } from '../../stream/memory.js'
import { StreamParser } from '../../stream/parser.js'
import { demandMeant } from '../get/check.js'
import { type Undoing, undone } from '../get/undo.js'
import { arrivingStream } from '../put/claim.js'
import { ReadAhead } from '../read-ahead.js'
import { lackOf, verdictFailure } from '../verdict.js'
import { type LookedUp, type Outcome, outcomeOf } from './outcome.js'

export interface Reading extends RangeOptions, Undoing {}

/**
 * Reads all of an edge that was looked up and says what it is. `all` is the catalog, which it must still fit.
 */
export async function readBack(
  bucket: Bucket,
  edge: Edge,
  { found }: LookedUp,
  all: readonly Edge[],
  reading: Reading,
): Promise<Outcome> {
  const pieces = reading.pieces ?? rangePieces(reading.concurrency)
  const stored = new Stored(readVolumes(bucket, edge, found, { ...reading, pieces }))
  try {
    const plain = undone(stored.view(), reading)
    const looked = await lookAtRecords(plain, edge, all, pieces.memory).catch((error: unknown) => ({ error }))
    // A filter may end early or fail, as on a flipped bit. What S3 has is known only at its end.
    await stored.readOn()
    if (stored.failure !== null) throw stored.failure.error
    if (typeof looked === 'object') throw looked.error
    const checked = looked ? 'records' : isHashed(edge, found) ? 'hash' : 'size'
    return { result: 'ok', why: null, checked, bytesRead: stored.bytes }
  } catch (error) {
    if (reading.signal.aborted) throw reading.signal.reason
    return outcomeOf(error, 'size', stored.bytes)
  } finally {
    await stored.end()
  }
}

/** The bytes from S3, counted; how they ended is remembered, and nobody but `end` ends them early. */
class Stored {
  readonly #chunks: AsyncGenerator<Uint8Array>
  bytes = 0
  failure: { readonly error: unknown } | null = null

  constructor(chunks: AsyncGenerator<Uint8Array>) {
    this.#chunks = chunks
  }

  async *view(): AsyncGenerator<Uint8Array> {
    for (let chunk = await this.#next(); chunk !== null; chunk = await this.#next()) yield chunk
    if (this.failure !== null) throw this.failure.error
  }

  async readOn(): Promise<void> {
    while ((await this.#next()) !== null);
  }

  async end(): Promise<void> {
    await this.#chunks.return(undefined)
  }

  async #next(): Promise<Uint8Array | null> {
    try {
      const next = await this.#chunks.next()
      if (next.done === true) return null
      this.bytes += next.value.length
      return next.value
    } catch (error) {
      this.failure ??= { error }
      return null
    }
  }
}

/** Whether there were records to be read. Throws status 4 where they are not those of the edge. */
async function lookAtRecords(
  plain: AsyncGenerator<Uint8Array>,
  edge: Edge,
  all: readonly Edge[],
  memory: StreamMemory | null,
): Promise<boolean> {
  const ahead = new ReadAhead(plain)
  const format = await ahead.format()
  const chunks = ahead.chunks()
  if (format !== 'zfs-send') {
    demandMeant(format, edge)
    while ((await chunks.next()).done !== true);
    return false
  }
  const parser = new StreamParser({ memory })
  for await (const chunk of chunks) {
    parser.push(chunk)
    if (parser.damage !== null) throw verdictFailure(parser.end())
  }
  demandEdge(parser.end(), edge, all)
  return true
}

/** Throws status 4 unless the stream is whole, brings and needs what the catalog says, and fits what it goes onto. */
function demandEdge(verdict: Verdict, edge: Edge, all: readonly Edge[]): void {
  const lack = lackOf(verdict)
  if (lack !== null) throw lack
  const streams = verdict.substreams.filter(({ compound }) => !compound)
  const brought = new Map(streams.map(({ toguid, toname }) => [toguid, toname]))
  for (const { name, guid } of edge.provides) {
    const is = brought.get(guid)
    if (is === undefined) throw badStream(`the stream does not bring ${name} (GUID ${guid})`)
    if (is !== name) throw badStream(`the stream calls the snapshot ${is}, the catalog ${name} (GUID ${guid})`)
  }
  const needed = new Set(edge.needs.map(({ guid }) => guid))
  for (const { fromguid, toname } of streams) {
    if (fromguid === null || needed.has(fromguid) || brought.has(fromguid)) continue
    throw badStream(`the stream of ${toname} starts from GUID ${fromguid}, which the catalog does not say`)
  }
  const misfit = misfitRefused(misfits(all, streams.map(arrivingStream)), true)
  if (misfit !== null) throw badStream(misfit.message, misfit.remedy)
}
