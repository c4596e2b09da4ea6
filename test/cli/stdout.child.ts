/**
 * Writes 3 MB to stdout for stdout.test.ts: `stdout.child.js plainly|unwaiting`. In memory that is used again as soon as it may be;
 * `unwaiting` when somebody has made the pipe one that does not wait.
 */
import { openStdout } from '#src/cli/stdout.js'
import { write } from '#src/cli/ndjson.js'

// Node does so when it opens a pipe as its own stdout.
if (process.argv[2] === 'unwaiting') process.stdout.on('error', () => undefined)
const stdout = openStdout()
stdout.on('error', (error: Error) => {
  console.error(error.message)
  process.exit(3)
})
const memory = Buffer.alloc(300_000)
for (let turn = 0; turn < 10; turn++) await write(stdout, memory.fill(turn))
await write(stdout, 'the end')
