/** Looking at how a stream begins before it is passed on whole. */
import { type Format, recognisableLength, recognise } from '../stream/magic.js'

export class ReadAhead {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #held: Uint8Array[] = []

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** What was read so far, in order. */
  get held(): readonly Uint8Array[] {
    return this.#held
  }

  /** Reads one chunk more; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const read = await this.#source.next()
    if (read.done === true) return undefined
    // A copy: a source may use its memory again.
    const chunk = Buffer.from(read.value)
    this.#held.push(chunk)
    return chunk
  }

  /** What the stream is, by enough of its first bytes or all there are. Chunks may be as short as their writer likes. */
  async format(): Promise<Format> {
    let first = new Uint8Array(0)
    while (first.length < recognisableLength) {
      const chunk = await this.next()
      if (chunk === undefined) break
      first = Buffer.concat([first, chunk])
    }
    return recognise(first)
  }

  /** If nothing has come at all, once `format` has been asked. */
  get isEmpty(): boolean {
    return this.#held.every(({ length }) => length === 0)
  }

  /** The whole stream: what was read ahead, then the rest. Whoever leaves it ends the source. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      // Each is let go of when it has been taken.
      for (let chunk = this.#held.shift(); chunk !== undefined; chunk = this.#held.shift()) yield chunk
      for (let next = await this.#source.next(); next.done !== true; next = await this.#source.next()) yield next.value
    } finally {
      await this.#source.return?.()
    }
  }
}
