/** The bytes of a request on their way out, piece by piece. */
import { Readable } from 'node:stream'

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

  constructor(bytes: Uint8Array) {
    super()
    this.#bytes = bytes
  }

  /**
   * Each piece is written when the one before has left. The last one ends the request: an answer that overtakes the end of
   * a request would leave its connection unusable.
   */
  override pipe<T extends NodeJS.WritableStream>(request: T): T {
    const end = this.#bytes.length
    const send = (from: number) => {
      const to = Math.min(from + pieceBytes, end)
      const piece = this.#bytes.subarray(from, to)
      if (to === end) request.end(piece)
      else request.write(piece, error => error == null && send(to))
    }
    send(0)
    return request
  }
}
