/** The bytes of a request on their way out, piece by piece. */
import { Readable } from 'node:stream'
import type { Pace } from './pace.js'

/**
 * Bytes that are handed to the network at a time. All of a part at once would make Node encrypt it at once as well, which
 * takes its memory twice, and is four times slower (measured with 16 MiB; from 64 KiB to 512 KiB it makes no difference).
 */
const pieceBytes = 256 * 1024

/**
 * The body of one request. For the SDK's request handler, which pipes a Readable into the request; the SDK itself is to see
 * the bytes, because it tries again only with what it can send again.
 */
export class Body extends Readable {
  readonly #bytes: Uint8Array
  readonly #pace: Pace | null

  /** @param pace null for as fast as it goes */
  constructor(bytes: Uint8Array, pace: Pace | null) {
    super()
    this.#bytes = bytes
    this.#pace = pace
  }

  /**
   * Each piece is written when the one before has left. The last one ends the request: an answer that overtakes the end of
   * a request would leave its connection unusable.
   */
  override pipe<T extends NodeJS.WritableStream>(request: T): T {
    void this.#send(request)
    return request
  }

  /** Never rejects: how a request ends is seen at the request. */
  async #send(request: NodeJS.WritableStream): Promise<void> {
    const end = this.#bytes.length
    const length = Math.min(pieceBytes, this.#pace?.turnBytes ?? Infinity)
    for (let from = 0; ; from += length) {
      const piece = this.#bytes.subarray(from, from + length)
      await this.#pace?.pass(piece.length)
      if (from + length >= end) return void request.end(piece)
      if (!(await written(request, piece))) return
    }
  }
}

/** Whether it has left. */
const written = (request: NodeJS.WritableStream, piece: Uint8Array): Promise<boolean> =>
  new Promise(resolve => request.write(piece, error => resolve(error == null)))
