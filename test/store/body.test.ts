/** The body of a request arrives as it is, and leaves its connection usable. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { Body } from '#src/store/body.js'

/** A server that takes what comes, and how many connections it saw. */
async function listen(test: TestContext) {
  const received: Buffer[] = []
  let connections = 0
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      received.push(Buffer.concat(chunks))
      response.end()
    })
  })
  server.on('connection', () => (connections += 1))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, received, connections: () => connections }
}

describe('the body of a request', () => {
  it('arrives whole, whatever its length, over one connection', async test => {
    const server = await listen(test)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    test.after(() => agent.destroy())
    const lengths = [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 5_000_000]
    const bodies = lengths.map(length => Buffer.alloc(length, 'zfs send'))
    for (const bytes of bodies) {
      const headers = { 'content-length': bytes.length }
      const sent = request({ port: server.port, method: 'PUT', agent, headers })
      new Body(bytes, null).pipe(sent)
      const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream]
      await once(answer.resume(), 'end')
    }
    assert.deepEqual(
      server.received.map(({ length }) => length),
      lengths,
    )
    assert.ok(bodies.every((bytes, index) => bytes.equals(server.received[index] ?? Buffer.alloc(1))))
    assert.equal(server.connections(), 1)
  })

  it('is not sent on once the request has failed', async test => {
    const server = await listen(test)
    const sent = request({ port: server.port, method: 'PUT', headers: { 'content-length': 50_000_000 } })
    new Body(Buffer.alloc(50_000_000), null).pipe(sent)
    await once(sent, 'socket')
    sent.destroy(new Error('no more'))
    await assert.rejects(once(sent, 'response'), /no more/)
    assert.deepEqual(server.received, [])
  })
})
