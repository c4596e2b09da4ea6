/** What a ledger can say: its lines, one for each thing that has happened to an upload. */
import type { Snapshot, StreamFacts } from '../chain/edge.js'
import type { Anchor } from '../stream/anchor.js'
import type { Begin } from '../stream/begin.js'
import type { PositionIndex } from '../stream/position-index.js'
import type { TakenPositions } from '../stream/positions.js'
import type { Lock } from './lock.js'
import type { Geometry } from './parts.js'

/** What was decided when the upload began. */
export interface UploadHeader extends Geometry {
  readonly event: 'begin'
  readonly version: 1
  readonly id: string
  /** UTC, RFC 3339. */
  readonly started: string
  readonly bucket: string
  /** The first volume's key. */
  readonly key: string
  /** The GUID is null where only the end of the stream will tell. */
  readonly snapshot: { readonly name: string; readonly guid: string | null }
  readonly base: Snapshot | null
  readonly storageClass: string
  readonly sse: string | undefined
  readonly sseKmsKeyId: string | undefined
  /** How its objects, and all that they need, are locked. */
  readonly lock?: Lock | undefined
  readonly filter: string | null
  /** Completing waits for zfs2s3-commit, however often the upload is interrupted. */
  readonly held: boolean
  /** How the stream is looked at on the way: its records, those inside a compressed stream, or not at all. */
  readonly check: 'records' | 'inside' | 'none'
  /** The first BEGIN record, where it could be read. */
  readonly begin: Begin | null
  readonly metadata: Readonly<Record<string, string>>
}

/** A part that S3 has acknowledged. */
export interface PartNote {
  readonly event: 'part'
  /** From 1, over all volumes. */
  readonly part: number
  readonly bytes: number
  readonly etag: string
  /** Hexadecimal. */
  readonly sha256: string
  /** Where the stream can be taken up again at the end of this part; null where it can't. */
  readonly resume: ResumePoint | null
}

/** What is needed to go on behind a part with a resumed stream (docs/stream-format.md, A better splice). */
export interface ResumePoint {
  readonly anchor: Anchor
  /** SHA-256, hexadecimal, of the stream from the anchor's record to the end of the part. */
  readonly tail: string
  /** The positions noted in this part, and how to go on noting; missing where none are. */
  readonly positions?: TakenPositions
}

/** The stream has ended as it should; nothing but completing is left. */
export interface EndNote {
  readonly event: 'end'
  readonly bytes: number
  readonly parts: number
  readonly verified: boolean
  readonly created: string | null
  readonly stream: StreamFacts | null
  readonly provides: readonly Snapshot[]
  readonly needs: readonly Snapshot[]
  /** Missing in ledgers of older versions. */
  readonly index?: PositionIndex | null
  /** Completing waits for zfs2s3-commit. */
  readonly held: boolean
}

/** A line of a ledger. */
export type Note =
  | UploadHeader
  | { readonly event: 'creating'; readonly volume: number; readonly at: string }
  | { readonly event: 'refused'; readonly volume: number }
  | { readonly event: 'volume'; readonly volume: number; readonly key: string; readonly uploadId: string }
  | PartNote
  | EndNote
  | { readonly event: 'completed'; readonly volume: number }
