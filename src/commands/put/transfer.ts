/** The way of the bytes: source -> inspection -> (filter) -> parts -> S3; from the start, or spliced onto what is there. */
import { createHash, type Hash } from 'node:crypto'
import { badStream, failed } from '../../failure.js'
import type { Ledger } from '../../store/ledger.js'
import type { ResumePoint } from '../../store/notes.js'
import { cutIntoParts } from '../../store/parts.js'
import type { Patience } from '../../store/patience.js'
import type { Bucket } from '../../store/s3.js'
import type { StoredPart } from '../../store/uploads.js'
import { sendParts } from '../../store/upload.js'
import type { Begin } from '../../stream/begin.js'
import type { Verdict } from '../../stream/facts.js'
import { StreamParser } from '../../stream/parser.js'
import { Pieces } from '../../stream/pieces.js'
import { indexOf, type PositionIndex } from '../../stream/position-index.js'
import { PositionCollector, type Spacing } from '../../stream/positions.js'
import { Splicer } from '../../stream/splice.js'
import { startPipeline, through } from '../../zfs/child.js'
import { isCompression } from '../../zfs/decompress.js'
import { type Head, insideInspection, inspected, type Inspection, noInspection, recordInspection } from './look.js'
import { ResumePoints } from './resume-points.js'
import type { Source } from './source.js'

export interface Transfer extends Patience {
  readonly bucket: Bucket
  readonly ledger: Ledger
  readonly source: Source
  readonly head: Head
  /** Parts that S3 has beyond the ledger. */
  readonly inS3: ReadonlyMap<number, StoredPart>
  /** Called for each BEGIN record; throws where it must not be stored. */
  readonly guard: (begin: Begin) => void
  readonly concurrency: number
  /** Of the positions that are noted; only tests need another. */
  readonly spacing?: Spacing
  readonly onPart: (bytes: number, sent: boolean) => void
}

/** What has passed. */
export interface Passed {
  readonly verdict: Verdict | null
  /** How many parts the stream has in all. */
  readonly parts: number
  /** Positions in it; null where there are none. */
  readonly index: PositionIndex | null
}

/** Sends the whole stream. Throws as soon as it can't be what should be stored; what is in the ledger then is safe. */
export async function transferStream(transfer: Transfer): Promise<Passed> {
  const { bucket, ledger, head, source } = transfer
  const { partSize, filter } = ledger.header
  const isPlain = head.check === 'records' && filter === null
  const splice = head.begin?.resume == null ? null : spliceOf(ledger, transfer.spacing)
  const positions = splice === null && isPlain ? new PositionCollector(transfer.spacing) : splice?.positions
  const parser =
    splice?.parser ?? new StreamParser({ onBegin: transfer.guard, positions, memory: source.pieces?.memory })
  const inspection = inspectionOf(head, parser, transfer.guard)
  let passed: Verdict | null = null
  const stream = splice === null ? head.chunks : splice.chunks(head.chunks)
  const atEnd = (verdict: Verdict | null) => {
    passed = verdict
  }
  const looked = inspected(stream, inspection, partSize, atEnd, splice?.start)
  const plain = splice === null ? looked : splice.behindStored(looked)
  const bytes = filter === null ? plain : through(plain, startPipeline(filter))

  const points = splice?.points ?? new ResumePoints(parser, 0, positions)
  let parts = splice?.partsBefore ?? 0
  const takeNote = (part: Uint8Array): ResumePoint | null => {
    parts += 1
    return isPlain ? points.take(part) : null
  }
  // Only what passes unchanged can stay where it was read.
  const isUnchanged = splice === null && filter === null && source.pieces?.length === partSize
  const pieces = isUnchanged ? source.pieces : Pieces.anywhere(partSize)
  try {
    await sendParts(bucket, ledger, cutIntoParts(bytes, pieces, parts + 1, takeNote), transfer.inS3, {
      ...transfer,
      stop: source.stop,
    })
  } finally {
    await inspection.close()
  }
  if (parts === 0) throw failed(`the filter '${filter ?? ''}' wrote nothing`, 'it must write the stream that it makes')
  return { verdict: passed, parts, index: indexOf(positions?.positions ?? []) }
}

function inspectionOf(head: Head, parser: StreamParser, guard: (begin: Begin) => void): Inspection {
  if (head.check === 'records') return recordInspection(parser)
  return head.check === 'inside' && isCompression(head.format) ? insideInspection(head.format, guard) : noInspection
}

/** How a stream that `zfs send -t` began in the middle is joined onto the parts that S3 has. */
function spliceOf(ledger: Ledger, spacing: Spacing | undefined) {
  const last = ledger.resumable()
  const original = ledger.header.begin
  if (last === null || original === null) {
    throw badStream(
      'this stream begins in the middle (zfs send -t), and what is stored of the upload has no such point',
      'send it from the start: zfs send ... | zfs2s3-put --resume',
    )
  }
  const { anchor, tail } = last.point
  const splicer = new Splicer(original, anchor)
  const positions = notedUpTo(ledger, last.part, spacing)
  const parser = new StreamParser({ from: { begin: original, anchor }, positions })
  const points = new ResumePoints(parser, last.bytes, positions)
  return {
    start: anchor.start,
    partsBefore: last.part,
    positions,
    parser,
    points,
    chunks: async function* (resumed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of resumed) yield* splicer.push(chunk)
      splicer.end()
    },
    /** Drops what S3 has already, after it has proved to be the same: `zfs receive` would take a wrong splice. */
    behindStored: async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      let left = last.bytes - anchor.start
      let hash: Hash | null = createHash('sha256')
      for await (const chunk of chunks) {
        const again = chunk.subarray(0, left)
        hash?.update(again)
        left -= again.length
        if (left === 0 && hash !== null) {
          if (hash.copy().digest('hex') !== tail) throw differs(last.part)
          points.goOn(anchor, hash)
          hash = null
        }
        if (again.length < chunk.length) yield chunk.subarray(again.length)
      }
      if (hash !== null) throw differs(last.part)
    },
  }
}

/** Goes on noting positions behind a part; undefined where none were noted up to there. */
function notedUpTo(ledger: Ledger, part: number, spacing: Spacing | undefined): PositionCollector | undefined {
  const taken = ledger
    .contiguous()
    .slice(0, part)
    .map(({ resume }) => resume?.positions)
  const passage = taken.at(-1)?.passage
  if (passage === undefined) return undefined
  const positions = new PositionCollector(spacing)
  positions.goOn(
    passage,
    taken.flatMap(each => each?.positions ?? []),
  )
  return positions
}

const differs = (part: number) =>
  badStream(
    `the resumed stream does not continue what was uploaded: the end of part ${part} differs`,
    'go on from the start instead (zfs send ... | zfs2s3-put --resume), or give up with zfs2s3-abort',
  )
