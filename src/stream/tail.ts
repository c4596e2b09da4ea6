/** The last bytes of a stream, which are held back until it is known to be good. */

/**
 * How many. More than a compressor's block, so that also the reader behind `zstd -d` does not see END before: 128 KiB
 * (RFC 8878, 3.1.1.2.4).
 */
const tailBytes = 128 * 1024

/** Of a stream whose length is known. */
export class End {
  /** How many bytes are still to come before those that are held back. */
  #before: number
  readonly #held: Uint8Array[] = []

  /** `length` of all of it, in bytes. */
  constructor(length: number) {
    this.#before = Math.max(0, length - tailBytes)
  }

  /** What was held back, once all has come. */
  get held(): readonly Uint8Array[] {
    return this.#held
  }

  /** What of the chunk is not at the end. The rest is copied. */
  passing(chunk: Uint8Array): readonly Uint8Array[] {
    const split = Math.min(chunk.length, this.#before)
    this.#before -= split
    if (split < chunk.length) this.#held.push(new Uint8Array(chunk.subarray(split)))
    return split > 0 ? [chunk.subarray(0, split)] : []
  }
}

/** Of a stream whose length is not known before its end. */
export class Tail {
  /** Two in turn, since a piece of one may still be on its way when the other is filled. */
  readonly #memories = [new Uint8Array(tailBytes), new Uint8Array(tailBytes)] as const
  #turn: 0 | 1 = 0
  #held = 0

  /** What was held back. */
  end(): readonly Uint8Array[] {
    const held = this.#memories[this.#turn].subarray(0, this.#held)
    this.#held = 0
    return held.length > 0 ? [held] : []
  }

  /** Passes on what is now known not to be at the end. Each piece is good until the next but one is taken. */
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
