/** Parts and ranges on lines of our own: whatever a service answers, and however the line behaves. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Lines } from '#src/store/lines.js'
import { Pace } from '#src/store/pace.js'

const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => (at * 31 + (at >> 8)) % 251))
const rangeHead = (length: number, ...more: string[]) =>
  ['HTTP/1.1 206 Partial Content', `Content-Length: ${length}`, 'Content-Range: bytes 0-1/2', ...more, '', ''].join(
    '\r\n',
  )
const whole = Buffer.concat([Buffer.from(rangeHead(content.length)), content])

/** What is done for each request; the requests are counted over all connections. */
type Script = (socket: Socket, request: number) => void

/** A server that does that with each connection, lines to it, and where requests to it go. */
async function serving(
  test: TestContext,
  onSocket: (socket: Socket) => void,
  pace: Pace | null = null,
  timeoutMs = 300,
) {
  const sockets: Socket[] = []
  const server = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const lines = new Lines({ connectMs: 1000, timeoutMs, pace })
  test.after(() => {
    lines.destroy()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { sockets, lines, origin: { protocol: 'http:', hostname: '127.0.0.1', port } }
}

/** A server, and what reads ranges from it. */
async function place(test: TestContext, script: Script, pace: Pace | null = null) {
  const requests: string[] = []
  const answering = (socket: Socket) => {
    let text = ''
    socket.on('data', data => {
      text += data.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        requests.push(text.slice(0, end))
        text = text.slice(end + 4)
        script(socket, requests.length)
      }
    })
  }
  const { sockets, lines, origin } = await serving(test, answering, pace)
  const request = {
    ...origin,
    method: 'GET',
    path: '/bucket/tank/home%40a',
    query: { 'x-id': 'Get Object', a: ["'1'", '2'], flag: null },
    headers: { host: 'there', range: 'bytes=0-1' },
  }
  const take = (memory: Uint8Array, signal = new AbortController().signal) => lines.take(request, { memory }, signal)
  /** A range of the content's length, as far as it comes. */
  const range = async () => {
    const memory = Buffer.alloc(content.length)
    const { arriving } = await take(memory)
    assert.ok(arriving !== null)
    const length = await arriving
    return memory.subarray(0, length)
  }
  return { sockets, requests, take, range, lines, request }
}

describe('a range', () => {
  const ways: [what: string, script: Script][] = [
    ['in one piece', socket => socket.write(whole)],
    [
      'whose head comes byte by byte',
      socket => {
        socket.setNoDelay()
        void (async () => {
          const head = whole.length - content.length
          for (let at = 0; at < head; at++) {
            socket.write(whole.subarray(at, at + 1))
            if (at % 10 === 0) await sleep(1)
          }
          socket.write(content)
        })()
      },
    ],
    [
      'behind 100 Continue',
      socket => socket.write(Buffer.concat([Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'), whole])),
    ],
    ['on a connection that is closed behind it', socket => socket.end(whole)],
    [
      'whose length is not said',
      socket => {
        socket.write(
          `HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\n\r\n${content.length.toString(16)}\r\n`,
        )
        socket.write(Buffer.concat([content, Buffer.from('\r\n0\r\n\r\n')]))
      },
    ],
  ]
  for (const [what, script] of ways) {
    it(`${what} comes as it is`, async test => {
      const { range } = await place(test, script)
      assert.ok((await range()).equals(content))
    })
  }

  it('is asked for as it was signed', async test => {
    const { range, requests } = await place(test, socket => socket.write(whole))
    await range()
    assert.deepEqual(requests, [
      'GET /bucket/tank/home%40a?x-id=Get%20Object&a=%271%27&a=2&flag HTTP/1.1\r\nhost: there\r\nrange: bytes=0-1',
    ])
  })

  it('comes over the line of the one before', async test => {
    const { range, sockets } = await place(test, socket => socket.write(whole))
    for (let turn = 0; turn < 3; turn++) assert.ok((await range()).equals(content))
    assert.equal(sockets.length, 1)
  })

  it('has a line of its own while others come', async test => {
    const { range, sockets } = await place(test, socket => socket.write(whole))
    const all = await Promise.all([range(), range(), range()])
    for (const bytes of all) assert.ok(bytes.equals(content))
    assert.equal(sockets.length, 3)
  })

  const once: [what: string, script: Script][] = [
    [
      'that the service means to close',
      socket => void socket.end(Buffer.from(`${rangeHead(1, 'Connection: close')}x`)),
    ],
    ['that the service has closed', socket => void socket.end(Buffer.from(`${rangeHead(1)}x`))],
    ['on which bytes have come that nobody asked for', socket => void socket.write(`${rangeHead(1)}x and more`)],
  ]
  for (const [what, script] of once) {
    it(`does not come over a line ${what}`, async test => {
      const { take, range, sockets } = await place(test, (socket, request) =>
        request === 1 ? script(socket, 1) : void socket.write(whole),
      )
      const first = await take(Buffer.alloc(1)).catch(() => null)
      await first?.arriving
      await sleep(20)
      assert.ok((await range()).equals(content))
      assert.equal(sockets.length, 2)
    })
  }

  it('that breaks off ends with what has come', async test => {
    const { range } = await place(test, socket => void socket.end(whole.subarray(0, -1000)))
    assert.ok((await range()).equals(content.subarray(0, -1000)))
  })

  it('that stalls ends with what has come', async test => {
    const { range } = await place(test, socket => void socket.write(whole.subarray(0, 100_000)))
    assert.equal((await range()).length, 100_000 - (whole.length - content.length))
  })

  it('keeps to a pace, which is no silence', async test => {
    const { range } = await place(test, socket => void socket.write(whole), new Pace(600_000))
    const start = performance.now()
    assert.ok((await range()).equals(content))
    const took = performance.now() - start
    assert.ok(took > 400 && took < 700, `${took} ms`)
  })

  it('that is not wanted any more ends with what has come', async test => {
    const { take } = await place(test, socket => void socket.write(whole.subarray(0, 100_000)))
    const left = new AbortController()
    const { arriving } = await take(Buffer.alloc(content.length), left.signal)
    left.abort()
    assert.ok(((await arriving) ?? content.length) < content.length)
  })
})

/** A server that takes whole requests, each with a body of the length that it states. */
async function taker(test: TestContext, pace: Pace | null = null) {
  const bodies: Buffer[] = []
  const taking = (socket: Socket) => {
    let received = Buffer.alloc(0)
    socket.on('data', data => {
      received = Buffer.concat([received, data])
      const start = received.indexOf('\r\n\r\n') + 4
      const length = Number(/content-length: (\d+)/.exec(received.toString('latin1', 0, start))?.[1])
      if (start < 4 || received.length < start + length) return
      bodies.push(received.subarray(start, start + length))
      received = received.subarray(start + length)
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    })
  }
  const { sockets, lines, origin } = await serving(test, taking, pace)
  const send = (body: Uint8Array, signal = new AbortController().signal) => {
    const headers = { host: 'there', 'content-length': String(body.length) }
    return lines.send({ ...origin, method: 'PUT', path: '/b/k', query: {}, headers, body }, signal)
  }
  return { send, bodies, sockets }
}

describe('a part', () => {
  it('arrives whole, whatever its length, over one line', async test => {
    const { send, bodies, sockets } = await taker(test)
    const lengths = [0, 1, 512 * 1024 - 1, 512 * 1024, 512 * 1024 + 1, 5_000_000]
    const parts = lengths.map(length => Buffer.alloc(length, 'zfs send'))
    for (const part of parts) assert.equal((await send(part)).response.statusCode, 200)
    assert.deepEqual(
      bodies.map(({ length }) => length),
      lengths,
    )
    assert.ok(parts.every((part, index) => part.equals(bodies[index] ?? Buffer.alloc(1))))
    assert.equal(sockets.length, 1)
  })

  it('keeps to a pace, which is no silence', async test => {
    const { send } = await taker(test, new Pace(600_000))
    const start = performance.now()
    await send(content)
    const took = performance.now() - start
    assert.ok(took > 400 && took < 700, `${took} ms`)
  })

  it('that is refused before it is there is not sent on, and its line not used again', async test => {
    const refusal = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'
    const refusing = (socket: Socket) => void socket.once('data', () => socket.write(refusal))
    const { sockets, lines, origin } = await serving(test, refusing)
    const request = { ...origin, method: 'PUT', path: '/', query: {}, headers: {}, body: Buffer.alloc(50_000_000) }
    for (let turn = 1; turn <= 2; turn++) {
      const { response } = await lines.send(request, new AbortController().signal)
      assert.equal(response.statusCode, 403)
      assert.equal(String(await buffer(response.body)), 'no')
      assert.equal(sockets.length, turn)
    }
  })

  it('that is long is not sent before it is asked for', async test => {
    let came = 0
    const asking = (socket: Socket) => {
      socket.once('data', head => {
        assert.match(String(head), /\r\nexpect: 100-continue\r\n\r\n$/)
        setTimeout(() => {
          assert.equal(came, 0)
          socket.write('HTTP/1.1 100 Continue\r\n\r\n')
        }, 50)
        socket.on('data', bytes => {
          came += bytes.length
          if (came === 2_097_152) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        })
      })
    }
    const { lines, origin } = await serving(test, asking)
    const request = { ...origin, method: 'PUT', path: '/', query: {}, headers: {}, body: Buffer.alloc(2_097_152) }
    assert.equal((await lines.send(request, new AbortController().signal)).response.statusCode, 200)
  })

  const uninviting: [who: string, onExpect: string, waits: [first: boolean, next: boolean]][] = [
    ['does not ask for it, after having waited once', '', [true, false]],
    ['does not want to be asked', 'HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n', [false, false]],
  ]
  for (const [who, onExpect, waits] of uninviting) {
    it(`that is long is sent at once to who ${who}`, async test => {
      const body = Buffer.alloc(2_097_152)
      const serve = (socket: Socket) => {
        let came = 0
        socket.on('data', bytes => {
          if (came === 0 && bytes.includes('expect: ')) socket.write(onExpect)
          came += bytes.length
          if (came < body.length) return
          came = 0
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        })
      }
      const { lines, origin } = await serving(test, serve, null, 5000)
      const request = { ...origin, method: 'PUT', path: '/', query: {}, headers: {}, body }
      const waited: boolean[] = []
      for (let turn = 0; turn < 2; turn++) {
        const start = performance.now()
        assert.equal((await lines.send(request, new AbortController().signal)).response.statusCode, 200)
        waited.push(performance.now() - start > 900)
      }
      assert.deepEqual(waited, waits)
    })
  }

  it('that nobody takes any more times out', async test => {
    const { lines, request } = await place(test, socket => void socket.pause())
    const body = Buffer.alloc(50_000_000)
    await assert.rejects(lines.send({ ...request, method: 'PUT', body }, new AbortController().signal), {
      name: 'TimeoutError',
    })
  })

  it('that is not wanted any more is not sent on', async test => {
    const { send, bodies } = await taker(test)
    const left = new AbortController()
    const sent = send(Buffer.alloc(50_000_000), left.signal)
    await sleep(5)
    left.abort()
    await assert.rejects(sent, { name: 'AbortError' })
    assert.deepEqual(bodies, [])
  })

  it('of anything but bytes is not sent', async test => {
    const { lines, request } = await place(test, () => undefined)
    const { signal } = new AbortController()
    await assert.rejects(() => lines.send({ ...request, body: 'text' }, signal), /another request/)
  })
})

describe('another answer', () => {
  const said = '<Error><Code>SlowDown</Code></Error>'
  const ways: [what: string, script: Script][] = [
    [
      'of a known length',
      socket => socket.write(`HTTP/1.1 503 Slow Down\r\nContent-Length: ${said.length}\r\n\r\n${said}`),
    ],
    [
      'in chunks',
      socket =>
        socket.write(
          `HTTP/1.1 503 Slow Down\r\nTransfer-Encoding: chunked\r\n\r\n${said.length.toString(16)}\r\n${said}\r\n0\r\n\r\n`,
        ),
    ],
    ['up to the end of the connection', socket => void socket.end(`HTTP/1.1 503 Slow Down\r\n\r\n${said}`)],
  ]
  for (const [what, script] of ways) {
    it(`${what} is the SDK's to read`, async test => {
      const { take } = await place(test, (socket, request) => script(socket, request))
      const { response, arriving } = await take(Buffer.alloc(10))
      assert.equal(arriving, null)
      assert.equal(response.statusCode, 503)
      assert.equal(String(await buffer(response.body)), said)
    })
  }
})

describe('no answer', () => {
  const ways: [what: string, script: Script, error: { name?: string; code?: string }][] = [
    ['closed at once', socket => void socket.end(), { code: 'ECONNRESET' }],
    ['closed within the head', socket => void socket.end('HTTP/1.1 206 Par'), { code: 'ECONNRESET' }],
    ['reset', socket => void socket.resetAndDestroy(), { code: 'ECONNRESET' }],
    ['silent', () => undefined, { name: 'TimeoutError' }],
    ['not HTTP', socket => void socket.write('220 smtp ready\r\n\r\n'), { code: 'EPROTO' }],
    [
      'with a head that never ends',
      socket => void socket.write(`HTTP/1.1 206 x\r\nA: ${'a'.repeat(70_000)}`),
      { code: 'EPROTO' },
    ],
    ['longer than asked for', socket => void socket.write(rangeHead(content.length + 1)), { code: 'EPROTO' }],
    [
      'an error document that never ends',
      socket => {
        socket.write('HTTP/1.1 500 x\r\n\r\n')
        const more = setInterval(() => socket.write(Buffer.alloc(200_000)), 1)
        socket.on('close', () => clearInterval(more))
      },
      { code: 'EPROTO' },
    ],
  ]
  for (const [what, script, error] of ways) {
    it(`a line that is ${what}`, async test => {
      const { take } = await place(test, script)
      await assert.rejects(take(Buffer.alloc(content.length)), error)
    })
  }

  it('where nobody listens', async test => {
    const { lines, request } = await place(test, () => undefined)
    const { signal } = new AbortController()
    await assert.rejects(lines.take({ ...request, port: 1 }, { memory: Buffer.alloc(1) }, signal), {
      code: 'ECONNREFUSED',
    })
  })

  it('that is not wanted any more', async test => {
    const { take } = await place(test, () => undefined)
    const left = new AbortController()
    const taken = take(Buffer.alloc(1), left.signal)
    left.abort()
    await assert.rejects(taken, { name: 'AbortError' })
    await assert.rejects(take(Buffer.alloc(1), left.signal), { name: 'AbortError' })
  })

  it('to what would be two requests', async test => {
    const { lines, request, requests } = await place(test, () => undefined)
    const { signal } = new AbortController()
    const headers = { ...request.headers, 'x-a': 'b\r\n\r\nGET / HTTP/1.1' }
    await assert.rejects(lines.take({ ...request, headers }, { memory: Buffer.alloc(1) }, signal), /not clean/)
    assert.deepEqual(requests, [])
  })
})
