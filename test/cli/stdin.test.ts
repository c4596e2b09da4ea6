/** Whatever stdin is, all of its bytes come, and reading can be ended at any time. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { temporary } from '../catalog/temporary.js'

const program = fileURLToPath(new URL('./stdin.child.js', import.meta.url))

const bytes = Buffer.from(Uint8Array.from({ length: 3_000_001 }, (_, index) => (index * 31 + (index >> 8)) % 251))
const whole = `${createHash('sha256').update(bytes).digest('hex')} ${bytes.length}\n`
const empty = `${createHash('sha256').digest('hex')} 0\n`

const started = (how: string, stdin: 'pipe' | 'ignore' | number | Socket): ChildProcess =>
  spawn(process.execPath, [program, how], { stdio: [stdin, 'pipe', 'inherit'] })

async function printed(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('a child without stdout')
  return text(child.stdout)
}

describe('the bytes of stdin', () => {
  for (const how of ['quickly', 'slowly']) {
    it(`from a pipe, taken ${how}`, async () => {
      // Node gives its children socket pairs; a shell gives them pipes.
      const child = spawn('sh', ['-c', 'cat | "$0" "$@"', process.execPath, program, how], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      child.stdin.end(bytes)
      assert.equal(await text(child.stdout), whole)
    })

    it(`from a socket, taken ${how}`, async () => {
      const child = started(how, 'pipe')
      child.stdin?.end(bytes)
      assert.equal(await printed(child), whole)
    })

    it(`from a file, taken ${how}`, async test => {
      const path = join(await temporary(test), 'file')
      writeFileSync(path, bytes)
      const file = openSync(path, 'r')
      assert.equal(await printed(started(how, file)), whole)
      closeSync(file)
    })
  }

  it('from a TCP connection, as inetd gives it', async test => {
    const server = createServer({ pauseOnConnect: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    test.after(() => server.close())
    const port = (server.address() as { port: number }).port
    const accepted = once(server, 'connection') as Promise<[Socket]>
    connect(port).end(bytes)
    const [incoming] = await accepted
    const child = started('quickly', incoming)
    incoming.destroy()
    assert.equal(await printed(child), whole)
  })

  it('none from /dev/null', async () => assert.equal(await printed(started('quickly', 'ignore')), empty))

  it('none from an empty pipe', async () => {
    const child = started('quickly', 'pipe')
    child.stdin?.end()
    assert.equal(await printed(child), empty)
  })

  it('in pieces, from a writer that pauses', async () => {
    const child = started('quickly', 'pipe')
    for (let from = 0; from < 1000; from += 100) {
      child.stdin?.write(bytes.subarray(from, from + 100))
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    child.stdin?.end(bytes.subarray(1000))
    assert.equal(await printed(child), whole)
  })

  for (const concurrency of [1, 2, 4]) {
    it(`stay where they are in pieces that are kept, ${concurrency} at a time, while others are filled`, async () => {
      const digests: string[] = []
      for (let from = 0; from < bytes.length; from += 30_000) {
        digests.push(
          createHash('sha256')
            .update(bytes.subarray(from, from + 30_000))
            .digest('hex'),
        )
      }
      const child = spawn(process.execPath, [program, 'keeping', String(concurrency)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      child.stdin.end(bytes)
      assert.equal(await printed(child), `${digests.join(' ')}\n${empty}`)
    })
  }

  it('are not waited for where the thread that reads them has died', async () => {
    const child = started('death', 'pipe')
    child.stdin?.write('a beginning')
    assert.equal(await printed(child), 'the thread that reads stdin has ended\n')
  })

  it('are no longer waited for once reading was stopped, and that is no end', async () => {
    const child = started('stopped', 'pipe')
    child.stdin?.write('a beginning')
    assert.equal(await printed(child), 'reading from stdin was stopped\n')
  })
})
