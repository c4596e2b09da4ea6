/** The bytes and headers of a request as Node hands them over, with what faults and limits do to them on the way. */
import type { IncomingMessage } from 'node:http'
import { Disconnected } from './errors.js'

/** Header names in lower case with all their values, in order. */
export function headerValues(request: IncomingMessage): Map<string, string[]> {
  const headers = new Map<string, string[]>()
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] ?? '').toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), request.rawHeaders[index + 1] ?? ''])
  }
  return headers
}

/**
 * The body. Leaving it early leaves the connection open, so that an error can still be answered. Throws Disconnected
 * if the client goes away. `passing` is called with every piece before it is handed on, and may wait.
 */
export async function* bodyOf(
  request: IncomingMessage,
  passing: (bytes: number) => Promise<void>,
): AsyncGenerator<Buffer> {
  const pieces: AsyncIterable<unknown> = { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) }
  try {
    for await (const piece of pieces) {
      if (!Buffer.isBuffer(piece)) continue
      await passing(piece.length)
      yield piece
    }
  } catch (error) {
    if (request.errored !== null) throw new Disconnected('the client went away', { cause: error })
    throw error
  }
}
