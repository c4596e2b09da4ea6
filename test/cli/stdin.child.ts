/**
 * Reads stdin for stdin.test.ts: `stdin.child.js slowly|quickly|stopped`. Prints the SHA-256 of what came, and how many bytes;
 * or what was thrown.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStdin } from '#src/cli/stdin.js'
import { Pieces } from '#src/store/pieces.js'

const [how] = process.argv.slice(2)
const hash = createHash('sha256')
let bytes = 0
try {
  const stdin = openStdin('pipe something in', Pieces.inMemory(300_000, 3))
  if (how === 'stopped') setTimeout(stdin.stop, 100)
  for await (const chunk of stdin.chunks) {
    // What comes meanwhile must not get into the memory of this chunk.
    if (how === 'slowly' && bytes % 7 === 0) await sleep(2)
    hash.update(chunk)
    bytes += chunk.length
  }
  console.log(hash.digest('hex'), bytes)
} catch (error) {
  console.log(error instanceof Error ? error.message : error)
}
