/** What is known about a stream once it has passed: the substreams in it, and whether it is whole. */
import type { Begin } from './begin.js'
import { recordNames, type RecordName } from './records.js'

/**
 * What a stream or substream is. `package`: the envelope around the streams of `zfs send -I`, `-R` or `-p`. `resumed`: made
 * with `zfs send -t`, it begins in the middle. `saved`: made with `zfs send -S` of what was partly received, it has no end.
 * The last two are no backup by themselves, even if nothing is wrong with them.
 */
export type Kind = 'full' | 'incremental' | 'package' | 'resumed' | 'saved'

/** One BEGIN ... END, or the envelope of a package. */
export interface Substream extends Begin {
  readonly kind: Kind
  /** Complete records by type; types that don't occur are left out. */
  readonly records: Partial<Record<RecordName, number>>
  /** Bytes of their payloads, as `zstream dump` counts them: without the 312 bytes of each header. */
  readonly payloadBytes: Partial<Record<RecordName, number>>
  /** Whether it has its END (an envelope its last one). */
  readonly complete: boolean
}

/** Where something is wrong. */
export interface Damage {
  /** Byte position of the record, or of what is found where a record should be. */
  readonly at: number
  /** The record's number in the stream; the first BEGIN is 1. */
  readonly record: number
  readonly type: RecordName | null
  /** To be read after "the stream is damaged": what is wrong there. */
  readonly why: string
}

interface Seen {
  /** Length of the stream in bytes, as far as it came. */
  readonly bytes: number
  /** What the first BEGIN makes of it; null where there is none. */
  readonly kind: Kind | null
  /** In the order of the stream; a package's envelope is the first. */
  readonly substreams: readonly Substream[]
  /** Snapshots that a package's listing promises and the package does not bring: `zfs send -R` could not send them. */
  readonly missing: readonly { readonly name: string; readonly guid: string }[]
}

/** Began like a stream, every checksum holds, and nothing lies behind its last END. */
export interface Whole extends Seen {
  readonly outcome: 'whole'
}
/** Good as far as it goes; `at` is where it ends. */
export interface Truncated extends Seen, Damage {
  readonly outcome: 'truncated'
}
export interface Damaged extends Seen, Damage {
  readonly outcome: 'damaged'
}
export type Verdict = Whole | Truncated | Damaged

/** Counts one substream while it passes. */
export class Tally {
  readonly begin: Begin
  /** Its records are of another snapshot than its BEGIN says: that is how `zfs send -S` sends what was partly received. */
  saved = false
  complete = false
  readonly #records: number[] = recordNames.map(() => 0)
  readonly #payloadBytes: number[] = recordNames.map(() => 0)

  constructor(begin: Begin) {
    this.begin = begin
  }

  /** Counts a record of that type number. */
  count(type: number, payloadLength: number): void {
    this.#records[type] = (this.#records[type] ?? 0) + 1
    this.#payloadBytes[type] = (this.#payloadBytes[type] ?? 0) + payloadLength
  }

  get kind(): Kind {
    if (this.begin.compound) return 'package'
    if (this.begin.features.includes('resuming')) return 'resumed'
    if (this.saved) return 'saved'
    return this.begin.fromguid === null ? 'full' : 'incremental'
  }

  substream(): Substream {
    return {
      ...this.begin,
      kind: this.kind,
      records: this.#named(this.#records),
      payloadBytes: this.#named(this.#payloadBytes),
      complete: this.complete,
    }
  }

  #named(numbers: readonly number[]): Partial<Record<RecordName, number>> {
    return Object.fromEntries(
      recordNames.flatMap((name, type) => (this.#records[type] === 0 ? [] : [[name, numbers[type] ?? 0]])),
    )
  }
}

/**
 * Snapshots that a package should bring and doesn't. A listing has every snapshot of each dataset; the one that the package
 * is named after must be among the substreams, which are told by their GUIDs.
 */
export function missingOf(tallies: readonly Tally[]): { name: string; guid: string }[] {
  const listing = tallies[0]?.begin.listing
  if (!listing) return []
  const brought = new Set(tallies.slice(1).map(({ begin }) => begin.toguid))
  return listing.filesystems
    .flatMap(({ name, snapshots }) => snapshots.filter(snapshot => snapshot.name === `${name}@${listing.tosnap ?? ''}`))
    .filter(({ guid }) => !brought.has(guid))
}
