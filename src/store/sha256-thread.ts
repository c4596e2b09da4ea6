/** The thread that sha256.ts asks. A question with memory adds bytes to a digest; one without ends it, and is told it. */
import { createHash, type Hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { Question } from './sha256.js'

const under = new Map<number, Hash>()

parentPort?.on('message', ({ digest, bytes, isLast }: Question) => {
  const hash = under.get(digest) ?? createHash('sha256')
  if (bytes !== null) hash.update(bytes)
  if (isLast) under.delete(digest)
  else under.set(digest, hash)
  parentPort?.postMessage(isLast ? hash.digest() : null)
})
