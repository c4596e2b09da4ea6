/** Where, at the end of each part, the stream could be taken up again (docs/stream-format.md, A better splice). */
import { createHash, type Hash } from 'node:crypto'
import type { Anchor } from '../../stream/anchor.js'
import type { StreamParser } from '../../stream/parser.js'
import type { PositionCollector } from '../../stream/positions.js'
import type { ResumePoint } from '../../store/notes.js'

/** Hashes the stream from a record on. */
interface Tail {
  readonly start: number
  readonly hash: Hash
}

/**
 * Takes the resume point at the end of each part in turn. The bytes from the anchor's record to the part's end are
 * hashed: mostly a piece of this one part, else the hash goes on from the part in which the record began.
 */
export class ResumePoints {
  readonly #parser: Pick<StreamParser, 'anchor' | 'recordStart'>
  readonly #positions: PositionCollector | undefined
  #position: number
  /** From the anchor on, and from the record on that is not complete and may become the anchor. */
  #tails: readonly Tail[] = []

  /** @param parser stands at the end of each part when that is taken. @param position where the first part begins. */
  constructor(parser: Pick<StreamParser, 'anchor' | 'recordStart'>, position = 0, positions?: PositionCollector) {
    this.#parser = parser
    this.#positions = positions
    this.#position = position
  }

  /** Goes on behind a part whose resume point is `anchor`; `tail` has hashed the bytes from it to that part's end. */
  goOn(anchor: Anchor, tail: Hash): void {
    this.#tails = [{ start: anchor.start, hash: tail }]
  }

  /** The resume point at the end of the next part, or null where there is none. */
  take(bytes: Uint8Array): ResumePoint | null {
    const begin = this.#position
    this.#position += bytes.length
    const anchor = this.#parser.anchor()
    const before = this.#tails
    const tailFrom = (start: number): Tail[] => {
      const tail = start >= begin ? { start, hash: createHash('sha256') } : before.find(each => each.start === start)
      tail?.hash.update(bytes.subarray(Math.max(0, start - begin)))
      return tail === undefined ? [] : [tail]
    }
    const [tail] = anchor === null ? [] : tailFrom(anchor.start)
    this.#tails = [...(tail === undefined ? [] : [tail]), ...tailFrom(this.#parser.recordStart)]
    if (anchor === null || tail === undefined) return null
    const positions = this.#positions?.take() ?? undefined
    return { anchor, tail: tail.hash.copy().digest('hex'), ...(positions !== undefined && { positions }) }
  }
}
