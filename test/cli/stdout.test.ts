/** Whatever stdout is, all bytes get there, and their memory may be used again. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporary } from '../catalog/temporary.js'

const program = fileURLToPath(new URL('./stdout.child.js', import.meta.url))
const expected = Buffer.concat([
  ...Array.from({ length: 10 }, (_, turn) => Buffer.alloc(300_000, turn)),
  Buffer.from('the end'),
])

describe('what is written to stdout', () => {
  for (const how of ['plainly', 'unwaiting']) {
    for (const reader of ['cat', 'sleep 0.2; cat']) {
      it(`${how}, to a pipe, read by ${reader}`, async () => {
        const shell = spawn('sh', ['-c', `"$0" "$@" | (${reader})`, process.execPath, program, how])
        const [bytes, errors] = await Promise.all([buffer(shell.stdout), text(shell.stderr)])
        assert.equal(errors, '')
        assert.ok(bytes.equals(expected))
      })
    }

    it(`${how}, to a socket`, async () => {
      const child = spawn(process.execPath, [program, how], { stdio: ['ignore', 'pipe', 'inherit'] })
      assert.ok((await buffer(child.stdout)).equals(expected))
    })

    it(`${how}, to a file`, async test => {
      const path = join(await temporary(test), 'file')
      const child = spawn(process.execPath, [program, how], { stdio: ['ignore', openSync(path, 'w'), 'inherit'] })
      assert.deepEqual(await once(child, 'exit'), [0, null])
      assert.ok(readFileSync(path).equals(expected))
    })

    it(`${how}, to a pipe whose reader leaves`, async () => {
      const shell = spawn('bash', [
        '-c',
        `"$0" "$@" | head -c 400000 >/dev/null; exit \${PIPESTATUS[0]}`,
        process.execPath,
        program,
        how,
      ])
      const [errors, [status]] = await Promise.all([text(shell.stderr), once(shell, 'exit') as Promise<[number]>])
      assert.match(errors, /EPIPE/)
      assert.equal(status, 3)
    })
  }
})
