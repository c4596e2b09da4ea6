/** What becomes of parts whose hashing thread dies. It dies once for all, so this is a file of its own. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { Sha256, sha256Of } from '#src/store/sha256.js'

const part = new Uint8Array(new SharedArrayBuffer(2 ** 20))

it('a thread that dies fails what waits for it and all that comes after, and makes no other digest', async () => {
  const started = new Promise<Worker>(resolve => process.once('worker', resolve))
  const begun = new Sha256()
  await begun.update(part)
  const waiting = Array.from({ length: 3 }, () => sha256Of(part))
  await (await started).terminate()
  const answers = await Promise.allSettled([...waiting, begun.digest(), sha256Of(part)])
  const last = answers.slice(-2)
  for (const answer of last) assert.match(String(answer.status === 'rejected' && answer.reason), /thread .* has ended/)
  // Few bytes need no thread.
  assert.equal((await sha256Of(part.subarray(0, 3))).length, 32)
})
