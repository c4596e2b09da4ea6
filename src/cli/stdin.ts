/** The bytes of stdin, read without making an object for each piece: those, and what they cost, are most of Node's own way. */
import { fstatSync, read } from 'node:fs'
import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { isatty } from 'node:tty'
import { promisify } from 'node:util'
import { usageError } from '../failure.js'

export interface Stdin {
  /** Each chunk is good until the next one is asked for: a few pieces of memory go round. */
  readonly chunks: AsyncIterable<Uint8Array>
  /** Makes `chunks` throw, at once, though the writer may be silent; and tells the writer that nobody reads any more. */
  readonly stop: () => void
}

const stdin = 0

/** What is read at a time. A pipe has 64 KiB, unless its writer has asked for more. */
const bufferBytes = 256 * 1024

/** Chunks that may wait to be taken. */
const mostWaiting = 2

/** Throws a usage error where stdin is a terminal. Nothing else may read from process.stdin then. */
export function openStdin(remedy: string): Stdin {
  if (isatty(stdin)) throw usageError('stdin is a terminal', remedy)
  const kind = fstatSync(stdin)
  return kind.isFIFO() || kind.isSocket() ? fromSocket(stdin) : fromFile(stdin)
}

/** A pipe or a socket: whatever Node can wait for without a thread. */
function fromSocket(fd: number): Stdin {
  // One is being filled, and one is in the hands of whoever takes the chunks.
  const buffers = ring(mostWaiting + 2)
  const waiting: Uint8Array[] = []
  let ended = false
  let failure: Error | undefined
  let wake: () => void = () => undefined
  // Node's types leave `onread` to connections.
  const options: SocketConstructorOpts & Pick<ConnectOpts, 'onread'> = {
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer: buffers,
      callback: (length, buffer) => {
        waiting.push(buffer.subarray(0, length))
        wake()
        return waiting.length < mostWaiting
      },
    },
  }
  const socket = new Socket(options)
  socket.on('error', error => {
    failure = error
    wake()
  })
  socket.on('end', () => {
    ended = true
    wake()
  })
  async function* chunks() {
    try {
      for (;;) {
        if (failure !== undefined) throw failure
        const chunk = waiting.shift()
        if (chunk !== undefined) yield chunk
        else if (ended) return
        else {
          const woken = new Promise<void>(resolve => {
            wake = resolve
          })
          socket.resume()
          await woken
        }
      }
    } finally {
      socket.destroy()
    }
  }
  return { chunks: chunks(), stop: () => void socket.destroy(stopped()) }
}

/** A file, or a device that has to be read like one. */
function fromFile(fd: number): Stdin {
  const reading = promisify(read)
  const buffers = ring(2)
  let failure: Error | undefined
  async function* chunks() {
    for (;;) {
      const buffer = buffers()
      const { bytesRead } = await reading(fd, buffer, 0, bufferBytes, null)
      if (failure !== undefined) throw failure
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  }
  const stop = () => {
    failure ??= stopped()
  }
  return { chunks: chunks(), stop }
}

/** Gives so many pieces of memory in turn. */
function ring(count: number): () => Uint8Array {
  const buffers = Array.from({ length: count }, () => new Uint8Array(bufferBytes))
  let next = 0
  return () => {
    next = (next + 1) % count
    return buffers[next] ?? new Uint8Array(bufferBytes)
  }
}

const stopped = () => new Error('reading from stdin was stopped')
