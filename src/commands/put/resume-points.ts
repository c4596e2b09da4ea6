/** Where, at the end of each part, the stream could be taken up again (docs/stream-format.md, A better splice). */
import { createHash, type Hash } from 'node:crypto'
import type { Anchor } from '../../stream/anchor.js'
import type { ResumePoint } from '../../store/ledger.js'

/**
 * Takes the resume point at the end of each part in turn. The bytes from the anchor's record to the part's end are
 * hashed: mostly a piece of this one part, else the hash goes on from the part in which the record began.
 */
export class ResumePoints {
  readonly #anchor: () => Anchor | null
  #position: number
  #open: { readonly start: number; readonly hash: Hash } | undefined

  /** @param position where the first part begins. @param anchor asks the parser, which stands at the end of the part. */
  constructor(anchor: () => Anchor | null, position = 0) {
    this.#anchor = anchor
    this.#position = position
  }

  /** Goes on behind a part whose resume point is `anchor`; `tail` has hashed the bytes from it to that part's end. */
  goOn(anchor: Anchor, tail: Hash): void {
    this.#open = { start: anchor.start, hash: tail }
  }

  /** The resume point at the end of the next part, or null where there is none. */
  take(bytes: Uint8Array): ResumePoint | null {
    const begin = this.#position
    this.#position += bytes.length
    const anchor = this.#anchor()
    if (anchor === null) return null
    const open = anchor.start >= begin ? { start: anchor.start, hash: createHash('sha256') } : this.#open
    if (open?.start !== anchor.start) return null
    open.hash.update(bytes.subarray(Math.max(0, anchor.start - begin)))
    this.#open = open
    return { anchor, tail: open.hash.copy().digest('hex') }
  }
}
