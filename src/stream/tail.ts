/** The last bytes of a stream, which are held back until it is known to be good. */

/**
 * How many. More than a compressor's block, so that also the reader behind `zstd -d` does not see END before: 128 KiB
 * (RFC 8878, 3.1.1.2.4).
 */
const tailBytes = 128 * 1024

/** Takes a stream's chunks and passes on what is known not to be at its end. */
export interface Holding {
  /** Each piece is good until the next but one is taken. */
  push(chunk: Uint8Array): Iterable<Uint8Array>
  /** What was held back, once all has come. */
  end(): readonly Uint8Array[]
}

/** `length`: of the whole stream, in bytes; null where it is not known. */
export const holdingBack = (length: number | null): Holding => (length === null ? new Tail() : new End(length))

/** Knows where the end begins. */
class End implements Holding {
  /** How many bytes are still to come before those that are held back. */
  #before: number
  readonly #held: Uint8Array[] = []

  constructor(length: number) {
    this.#before = Math.max(0, length - tailBytes)
  }

  push(chunk: Uint8Array): readonly Uint8Array[] {
    const split = Math.min(chunk.length, this.#before)
    this.#before -= split
    // A copy: the chunk is not good for that long.
    if (split < chunk.length) this.#held.push(new Uint8Array(chunk.subarray(split)))
    return split > 0 ? [chunk.subarray(0, split)] : []
  }

  end(): readonly Uint8Array[] {
    return this.#held
  }
}

/** Takes every chunk's last bytes for the end, until the next one comes. */
class Tail implements Holding {
  /** Two in turn, since a piece of one may still be on its way when the other is filled. */
  readonly #memories = [new Uint8Array(tailBytes), new Uint8Array(tailBytes)] as const
  #turn: 0 | 1 = 0
  #held = 0

  end(): readonly Uint8Array[] {
    const held = this.#memories[this.#turn].subarray(0, this.#held)
    this.#held = 0
    return held.length > 0 ? [held] : []
  }

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    yield* this.end()
    const split = Math.max(0, chunk.length - tailBytes)
    if (split > 0) yield chunk.subarray(0, split)
    const last = chunk.subarray(split)
    this.#turn = this.#turn === 0 ? 1 : 0
    this.#memories[this.#turn].set(last)
    this.#held = last.length
  }
}
