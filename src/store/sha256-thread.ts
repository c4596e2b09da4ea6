/** The thread that sha256.ts starts. */
import { createHash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { ToHash } from './sha256.js'

parentPort?.on('message', ({ memory, from, length }: ToHash) => {
  parentPort?.postMessage(
    createHash('sha256')
      .update(new Uint8Array(memory, from, length))
      .digest(),
  )
})
