/** SHA-256 of parts, in a thread of its own: it is what costs most of a transfer, and everything else goes on meanwhile. */
import { createHash, type Hash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { failed, messageOf } from '../failure.js'

/** What is shorter is hashed at once, in less time than it takes to start the thread. */
export const worthAThread = 1024 * 1024

/** What the thread is asked, in order, and answers with null, or the digest if it was the last of it. */
export interface Question {
  /** Which one, of those that are being made. */
  readonly digest: number
  /** Bytes to be added, in memory that is shared. */
  readonly bytes: Uint8Array | null
  readonly isLast: boolean
}

interface Waiting {
  readonly resolve: (digest: Buffer) => void
  readonly reject: (error: Error) => void
}

let thread: Worker | undefined
/** Why it has died. What it had begun is lost, so that another one can't go on. */
let death: Error | undefined
let count = 0
/** Who waits for an answer, in the order of the questions. */
const waiting: Waiting[] = []

/** The digest of `bytes`, which must not change until it is there. Only what lies in shared memory goes to the thread. */
export async function sha256Of(bytes: Uint8Array): Promise<Buffer> {
  const shared = worthwhile(bytes)
  if (shared === null) return createHash('sha256').update(bytes).digest()
  return ask({ digest: (count += 1), bytes: shared, isLast: true })
}

/** One digest of bytes that come piece by piece. The first one decides who makes it. */
export class Sha256 {
  readonly #digest = (count += 1)
  #here: Hash | null = null
  #isInThread = false

  /** Adds bytes. They must not change until this has resolved; more may be added before. */
  async update(bytes: Uint8Array): Promise<void> {
    const shared = this.#isInThread ? sharedBytes(bytes) : this.#here === null ? worthwhile(bytes) : null
    if (shared === null) {
      if (this.#isInThread) throw new Error('bytes that are not shared came after some that are')
      this.#here ??= createHash('sha256')
      this.#here.update(bytes)
      return
    }
    this.#isInThread = true
    await ask({ digest: this.#digest, bytes: shared, isLast: false })
  }

  /** The digest of all that was added. */
  async digest(): Promise<Buffer> {
    if (this.#isInThread) return ask({ digest: this.#digest, bytes: null, isLast: true })
    return (this.#here ?? createHash('sha256')).digest()
  }
}

const worthwhile = (bytes: Uint8Array) => (bytes.length < worthAThread ? null : sharedBytes(bytes))

const sharedBytes = (bytes: Uint8Array) => (bytes.buffer instanceof SharedArrayBuffer ? bytes : null)

/** Rejects if the thread has died. */
function ask(question: Question): Promise<Buffer> {
  if (death !== undefined) return Promise.reject(death)
  thread ??= startThread()
  thread.ref()
  thread.postMessage(question)
  return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
}

function startThread(): Worker {
  // It has nothing to say; without these it would open our own stdout and stderr. Its garbage is small.
  const options = { stdout: true, stderr: true, resourceLimits: { maxYoungGenerationSizeMb: 2 } }
  const started = new Worker(new URL('./sha256-thread.js', import.meta.url), options)
  started.on('message', (digest: Uint8Array | null) => {
    waiting.shift()?.resolve(Buffer.from(digest ?? []))
    // The process may end while it waits for more.
    if (waiting.length === 0) started.unref()
  })
  started.on('error', error => {
    death = failed(`the thread that hashes has failed (${messageOf(error)})`)
  })
  started.on('exit', () => {
    const error = (death ??= failed('the thread that hashes has ended'))
    for (const { reject } of waiting.splice(0)) reject(error)
  })
  return started
}
