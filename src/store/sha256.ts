/** SHA-256 of parts, in a thread of its own: it is what costs most of an upload, and everything else goes on meanwhile. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** What is shorter is hashed at once, in less time than it takes to start the thread. */
const worthAThread = 1024 * 1024

/** What the thread is asked: to hash that much of a piece of shared memory. */
export interface ToHash {
  readonly memory: SharedArrayBuffer
  readonly from: number
  readonly length: number
}

let thread: Worker | undefined
let latest: Promise<unknown> = Promise.resolve()

/** The digest of `bytes`, which must not change until it is there. Only what lies in shared memory goes to the thread. */
export async function sha256Of(bytes: Uint8Array): Promise<Buffer> {
  const { buffer: memory, byteOffset: from, length } = bytes
  if (length < worthAThread || !(memory instanceof SharedArrayBuffer)) {
    return createHash('sha256').update(bytes).digest()
  }
  const answer = latest.then(() => ask({ memory, from, length }))
  latest = answer.catch(() => undefined)
  return answer
}

/** One question at a time: the answer that comes next is the answer to it. Rejects if the thread has died. */
async function ask(question: ToHash): Promise<Buffer> {
  if (thread === undefined) {
    thread = new Worker(new URL('./sha256-thread.js', import.meta.url))
    // It waits for more, which must not keep the process from ending.
    thread.unref()
  }
  thread.postMessage(question)
  const [digest] = (await once(thread, 'message')) as [Uint8Array]
  return Buffer.from(digest)
}
