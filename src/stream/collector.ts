/** Puts together a payload that comes in pieces. Takes memory for what has come, not for what a header announces. */

/** Room to start with. */
const firstRoom = 64 * 1024

export class Collector {
  readonly #length: number
  #bytes: Uint8Array
  #filled = 0

  /** `length`: how many bytes will come. */
  constructor(length: number) {
    this.#length = length
    this.#bytes = new Uint8Array(Math.min(length, firstRoom))
  }

  /** Adds a copy of `piece`. */
  add(piece: Uint8Array): void {
    const needed = this.#filled + piece.length
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(this.#length, Math.max(needed, 2 * this.#bytes.length)))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes.set(piece, this.#filled)
    this.#filled = needed
  }

  /** All of it, once it has come. */
  get bytes(): Uint8Array {
    return this.#bytes
  }
}
