/**
 * An edge is one stored stream: base -> snapshot. Here is what is known about one, and how it is named in S3.
 * The line of JSON that commands exchange is in chain/record.ts.
 */

/** A snapshot: its identity, and what it was called when its stream was made. */
export interface Snapshot {
  /** `dataset@name`. */
  readonly name: string
  /** Unsigned 64-bit number in decimal. Identity is the GUID, never the name. */
  readonly guid: string
}

/** An S3 object that holds a stream or a part of one. */
export interface Volume {
  readonly key: string
  /** Null where it isn't known: the Python tool's catalog has no sizes. */
  readonly bytes: number | null
  /**
   * S3's composite checksum: base64 of the SHA-256 over the parts' SHA-256 digests, a hyphen, the number of parts.
   * (S3 User Guide: Checking object integrity, composite checksums.) Null where it isn't known.
   */
  readonly sha256: string | null
  readonly etag: string | null
}

/** What the stream's BEGIN records say, as far as a chain must care. Null where the stream couldn't be read. */
export interface StreamFacts {
  /** Length of the plain stream, before any filter. */
  readonly bytes: number | null
  readonly raw: boolean
  readonly compressed: boolean
  readonly largeBlocks: boolean
  /** Names as in docs/stream-format.md, lower case: `lz4`, `compressed`, `raw`, ... */
  readonly features: readonly string[]
  /** IV-set GUIDs of a raw stream's two ends (docs/stream-format.md, What must fit in a chain). */
  readonly toIvset: string | null
  readonly fromIvset: string | null
}

/** One stored stream. Facts that aren't known are null, never guessed. */
export interface Edge {
  readonly snapshot: Snapshot
  readonly base: Snapshot | null
  /**
   * Every snapshot that receiving this stream brings. Just `snapshot` but for stream packages (`zfs send -I`, `-R`).
   */
  readonly provides: readonly Snapshot[]
  /** Every snapshot that must be there before it can be received. Just `base` but for stream packages. */
  readonly needs: readonly Snapshot[]
  /** One object, or several in order where the stream was longer than one multipart upload can be. */
  readonly volumes: readonly [Volume, ...Volume[]]
  /** Length of every part but each volume's last; null where it isn't known (objects of the Python tool). */
  readonly partSize: number | null
  readonly storageClass: string | null
  /** When the snapshot was taken and when the stream was stored: UTC, RFC 3339, whole seconds. */
  readonly created: string | null
  readonly stored: string | null
  /** The shell pipeline that the stream went through before it was stored; a hint for people, never run. */
  readonly filter: string | null
  /** Whether the plain stream was seen to be whole; null where nobody knows. */
  readonly verified: boolean | null
  /** When it was last read back and found good; null if never. */
  readonly verifiedAt: string | null
  readonly stream: StreamFacts | null
  /** Positions of records in a long plain stream, as rows of numbers (stream/position-index.ts); null where there are none. */
  readonly index: readonly (readonly number[])[] | null
}

/** A time as edges and records have it: UTC, RFC 3339, whole seconds. */
export const rfc3339 = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`
