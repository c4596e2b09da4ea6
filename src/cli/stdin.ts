/** The bytes of stdin, read to where they stay: from a pipe in a thread of its own, which goes on while others work. */
import { fstatSync, read } from 'node:fs'
import { isatty } from 'node:tty'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { failed, messageOf, usageError } from '../failure.js'
import type { Told } from './stdin-thread.js'

export interface Stdin {
  /** Each chunk is good until the next one is asked for, unless its piece is kept (Room). */
  readonly chunks: AsyncIterable<Uint8Array>
  /** Makes `chunks` throw, at once, though the writer may be silent. */
  readonly stop: () => void
}

/** Memory that is read into, piece by piece. The pieces are of one length, and threads can share them. */
export interface Room {
  /** A piece to be filled; null where there is none until `onFree` is called. */
  lend(): Lent | null
  /** It is full, and what is in it has been taken. */
  returned(lent: Lent): void
  onFree: () => void
}

/** One piece, once: the same memory may be lent again before it has been returned, by who keeps it. */
export interface Lent {
  readonly piece: Uint8Array
}

const stdin = 0

/** What is read of a file at a time. */
const fileBytes = 1024 * 1024

/** Throws a usage error where stdin is a terminal. Nothing else may read from process.stdin then. */
export function openStdin(remedy: string, room: Room): Stdin {
  if (isatty(stdin)) throw usageError('stdin is a terminal', remedy)
  const kind = fstatSync(stdin)
  return kind.isFIFO() || kind.isSocket() ? fromPipe(room) : fromFile(room)
}

/** A pipe or a socket: whatever can be waited for. */
function fromPipe(room: Room): Stdin {
  // It has nothing to say; without these it would open our own stdout and stderr. Its garbage is small.
  const options = { stdout: true, stderr: true, resourceLimits: { maxYoungGenerationSizeMb: 2 } }
  const thread = new Worker(new URL('./stdin-thread.js', import.meta.url), options)
  /** In its hands, in order. */
  const lent: Lent[] = []
  const told: Told[] = []
  let failure: Error | undefined
  let wake: () => void = () => undefined
  const lend = () => {
    for (let next = room.lend(); next !== null; next = room.lend()) {
      lent.push(next)
      thread.postMessage(next.piece)
    }
  }
  const fail = (error: Error) => {
    failure ??= error
    wake()
  }
  thread.on('message', (message: Told) => {
    told.push(message)
    wake()
  })
  thread.on('error', error => fail(failed(`the thread that reads stdin has failed (${messageOf(error)})`)))
  thread.on('exit', () => fail(failed('the thread that reads stdin has ended')))
  room.onFree = lend
  lend()
  async function* chunks() {
    let at = 0
    try {
      for (;;) {
        if (failure !== undefined) throw failure
        const next = told.shift()
        if (next === undefined) {
          await new Promise<void>(resolve => {
            wake = resolve
          })
          continue
        }
        if (typeof next === 'string') throw failed(`stdin can't be read (${next})`)
        const [first] = lent
        if (next === 0 || first === undefined) return
        yield first.piece.subarray(at, at + next)
        at += next
        if (at < first.piece.length) continue
        at = 0
        lent.shift()
        room.returned(first)
        // It may have been kept, and then another one can be had.
        lend()
      }
    } finally {
      room.onFree = () => undefined
      void thread.terminate()
    }
  }
  return { chunks: chunks(), stop: () => fail(stopped()) }
}

/** A file, or a device that has to be read like one. */
function fromFile(room: Room): Stdin {
  const reading = promisify(read)
  let failure: Error | undefined
  const fail = (error: Error) => {
    failure ??= error
    room.onFree()
  }
  async function* chunks() {
    for (;;) {
      const lent = room.lend()
      if (lent === null) {
        await new Promise<void>(resolve => {
          room.onFree = resolve
        })
        if (failure !== undefined) throw failure
        continue
      }
      const { piece } = lent
      for (let at = 0; at < piece.length;) {
        const { bytesRead } = await reading(stdin, piece, at, Math.min(fileBytes, piece.length - at), null).catch(
          (error: unknown) => {
            throw failed(`stdin can't be read (${messageOf(error)})`)
          },
        )
        if (failure !== undefined) throw failure
        if (bytesRead === 0) return
        yield piece.subarray(at, at + bytesRead)
        at += bytesRead
      }
      room.returned(lent)
    }
  }
  return { chunks: chunks(), stop: () => fail(stopped()) }
}

const stopped = () => new Error('reading from stdin was stopped')
