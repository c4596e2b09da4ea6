/** The thread that stdin.ts starts. It is given pieces of memory and fills them with what comes from stdin, in order. */
import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { parentPort } from 'node:worker_threads'

/** How many bytes more have come; 0 at the end; or why no more can be read. */
export type Told = number | string

/** What is worth telling of at once. */
const worthTelling = 1024 * 1024
/** In milliseconds, how long less than that is kept quiet: each time costs more than reading a pipe's 64 KiB. */
const quietMs = 5

const pieces: Uint8Array[] = []
/** Bytes in the first piece. */
let filled = 0
let untold = 0
let timer: NodeJS.Timeout | undefined
let socket: Socket | undefined

parentPort?.on('message', (piece: Uint8Array) => {
  pieces.push(piece)
  socket ??= open(piece.length)
  socket.resume()
})

function open(pieceLength: number): Socket {
  // For what comes while there is no piece: Node asks for room before it knows that no more is wanted.
  const scratch = new Uint8Array(Math.min(pieceLength, 4096))
  // Node's types leave `onread` to connections.
  const options: SocketConstructorOpts & Pick<ConnectOpts, 'onread'> = {
    fd: 0,
    readable: true,
    writable: false,
    onread: {
      buffer: () => pieces[0]?.subarray(filled) ?? scratch,
      callback: (length, buffer) => {
        const [piece] = pieces
        if (piece === undefined) throw new Error('bytes came before there was room')
        if (buffer === scratch) piece.set(scratch.subarray(0, length))
        received(length, piece)
        return pieces.length > 0
      },
    },
  }
  const opened = new Socket(options)
  opened.on('error', error => parentPort?.postMessage(error.message satisfies Told))
  opened.on('end', () => {
    tell()
    parentPort?.postMessage(0 satisfies Told)
  })
  return opened
}

function received(length: number, piece: Uint8Array): void {
  filled += length
  untold += length
  const isFull = filled === piece.length
  if (isFull || untold >= worthTelling) tell()
  else timer ??= setTimeout(tell, quietMs)
  if (!isFull) return
  pieces.shift()
  filled = 0
}

function tell(): void {
  clearTimeout(timer)
  timer = undefined
  if (untold > 0) parentPort?.postMessage(untold satisfies Told)
  untold = 0
}
