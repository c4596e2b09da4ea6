/** stdout, for text and for streams. */
import { write } from 'node:fs'
import { Writable } from 'node:stream'
import { isatty, type WriteStream } from 'node:tty'
import { errorCode } from '../failure.js'

/** stdout, as it is best written to. To be opened once. */
export const openStdout = (): WriteStream | Stdout => (isatty(stdout) ? process.stdout : new Stdout())

const stdout = 1

/**
 * Writes in Node's thread pool: its own stdout writes to a pipe in the main thread, so that nothing else goes on while the
 * reader is slow. A written chunk may be used again once its callback was called.
 */
class Stdout extends Writable {
  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    write(stdout, chunk, 0, chunk.length, null, (error, written) => {
      // Somebody who has the same pipe, as a shell that started us, has made it one that doesn't wait. Node can wait.
      if (errorCode(error) === 'EAGAIN') waitingStdout().write(chunk, done)
      else if (error !== null) done(error)
      else if (written < chunk.length) this._write(chunk.subarray(written), _, done)
      else done()
    })
  }
}

let nodes: Writable | undefined

function waitingStdout(): Writable {
  // What goes wrong is told to each write as well.
  nodes ??= process.stdout.on('error', () => undefined)
  return nodes
}
