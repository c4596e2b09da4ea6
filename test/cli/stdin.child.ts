/**
 * Reads stdin for stdin.test.ts: `stdin.child.js slowly|quickly|stopped|keeping|death [CONCURRENCY]`. Prints the SHA-256 of what came, and how many bytes;
 * or what was thrown.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStdin } from '#src/cli/stdin.js'
import { cutIntoParts, eachConcurrently, type Part } from '#src/store/parts.js'
import { Pieces } from '#src/stream/pieces.js'

const [how, concurrency = '2'] = process.argv.slice(2)
const hash = createHash('sha256')
let bytes = 0
const pieces = Pieces.inMemory(how === 'slowly' ? 1000 : 30_000, Number(concurrency) + 1)
try {
  const stdin = openStdin('pipe something in', pieces)
  if (how === 'stopped') setTimeout(stdin.stop, 100)
  if (how === 'death') process.once('worker', worker => setTimeout(() => void worker.terminate(), 100))
  if (how === 'keeping') await keep(stdin.chunks)
  for await (const chunk of stdin.chunks) {
    // What comes meanwhile must not get into the memory of this chunk.
    if (how === 'slowly' && bytes % 70 === 0) await sleep(2)
    hash.update(chunk)
    bytes += chunk.length
  }
  console.log(hash.digest('hex'), bytes)
} catch (error) {
  console.log(error instanceof Error ? error.message : error)
}

/** Keeps parts where they were read, some at a time, and looks at each a while later. */
async function keep(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const digests: string[] = []
  const look = async (part: Part<null>) => {
    await sleep(part.number % 3)
    digests[part.number] = createHash('sha256').update(part.bytes).digest('hex')
    part.release()
  }
  await eachConcurrently(
    cutIntoParts(chunks, pieces, 1, () => null),
    2,
    look,
    () => undefined,
  )
  console.log(digests.slice(1).join(' '))
}
