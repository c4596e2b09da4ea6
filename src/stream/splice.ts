/**
 * Going on with a stream that was cut off, from what `zfs send -t` sends: both together give, byte for byte, the stream that
 * was interrupted (stream-format, A better splice).
 */
import { badStream } from '../failure.js'
import { anchorType, type Anchor } from './anchor.js'
import type { Begin } from './begin.js'
import type { Verdict } from './facts.js'
import type { RecordHead } from './parser.js'
import { pointOf, recordType } from './records.js'
import { Rewriter } from './rewriter.js'

const startOver = 'resume by sending the whole stream again, or abort the upload and start over'

/**
 * Takes a resumed stream and gives the bytes of the interrupted one from the anchor's start on. The bytes that are stored
 * already from there on must be compared with those given here: a replica with another history may send other records.
 */
export class Splicer {
  readonly #stored: Begin
  readonly #anchor: Anchor
  readonly #rewriter: Rewriter
  /** Whether the anchor's twin has come. */
  #joined = false

  /** `stored`: the BEGIN of what is stored, and the anchor in it. */
  constructor(stored: Begin, anchor: Anchor) {
    this.#stored = stored
    this.#anchor = anchor
    this.#rewriter = new Rewriter('the resumed stream', {
      onBegin: begin => this.#check(begin),
      onRecord: record => (this.#joins(record) ? 'keep' : 'drop'),
    })
    this.#rewriter.checksum = anchor.checksum
  }

  /**
   * Takes the next bytes of the resumed stream, cut anywhere; returns the next bytes of the interrupted one, some of them as
   * views of those taken. Throws a Failure (badStream) if this stream can't go on from the anchor, or is damaged.
   */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    return this.#rewriter.push(bytes)
  }

  /** What the resumed stream is, if it ends here. */
  end(): Verdict {
    return this.#rewriter.end()
  }

  #check(begin: Begin): void {
    const { toname, toguid, fromguid, features } = this.#stored
    const stored = `the interrupted upload of ${toname}`
    if (begin.resume === null)
      throw badStream('this is not a resumed stream', 'make it with zfs send -t "$(zfs2s3-token)"')
    if (begin.toguid !== toguid) {
      throw badStream(`the stream resumes ${begin.toname} (GUID ${begin.toguid}), but ${stored} has GUID ${toguid}`)
    }
    if (begin.fromguid !== fromguid) {
      const base = (guid: string | null) => (guid === null ? 'no base' : `base GUID ${guid}`)
      throw badStream(`the resumed stream has ${base(begin.fromguid)}, but ${stored} has ${base(fromguid)}`)
    }
    const sent = begin.features.filter(feature => feature !== 'resuming')
    if (sent.join() !== features.join()) {
      throw badStream(
        `the stream was resumed with other features (${sent.join()}) than ${stored} (${features.join()})`,
        startOver,
      )
    }
    if (features.includes('redacted')) throw badStream('redacted streams can not be spliced', startOver)
    const { object, offset } = begin.resume
    if (object !== this.#anchor.object || offset !== this.#anchor.offset) {
      throw badStream(
        `the resumed stream starts at object ${object}, offset ${offset}, but ${stored} goes on at object ` +
          `${this.#anchor.object}, offset ${this.#anchor.offset}`,
        'make it with zfs send -t "$(zfs2s3-token)"',
      )
    }
  }

  #joins({ type, header }: RecordHead): boolean {
    if (this.#joined) return true
    const name = anchorType(type)
    const { object, offset } = pointOf(type, header)
    const anchor = { object: BigInt(this.#anchor.object), offset: BigInt(this.#anchor.offset) }
    this.#joined = name === this.#anchor.type && object === anchor.object && offset === anchor.offset
    const isBehind = object > anchor.object || (object === anchor.object && offset > anchor.offset)
    if (!this.#joined && (type === recordType.end || (name !== null && isBehind))) {
      throw badStream(`the resumed stream lacks the record it should begin with (${this.#anchor.type})`, startOver)
    }
    return this.#joined
  }
}
