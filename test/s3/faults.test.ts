import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RawRequest } from './client.js'
import { send, signed } from './client.js'
import type { Fault } from './fault.js'
import type { S3Server } from './server.js'
import { startS3Server } from './server.js'
import { defaultSettings } from './settings.js'

let server: S3Server
before(async () => {
  server = await startS3Server()
})
afterEach(() => {
  server.faults.clear()
  server.log.clear()
  Object.assign(server.settings, defaultSettings)
})
after(() => server.close())

const body = Buffer.alloc(300_000, 'x')
const put = (key: string, more: Partial<RawRequest> = {}) =>
  send(server, { method: 'PUT', target: `/zfs2s3/${key}`, body, ...more })
const get = (key: string) => send(server, { target: `/zfs2s3/${key}` })
const isThere = (key: string) => server.objects.current('zfs2s3', key) !== null
const begin = async (key: string) => {
  const { body } = await send(server, { method: 'POST', target: `/zfs2s3/${key}?uploads` })
  return /<UploadId>(\w+)</.exec(body.toString())?.[1] ?? assert.fail()
}

describe('a dropped connection', () => {
  const cases: [what: string, fault: Fault, stored: boolean][] = [
    ['before the body', { do: 'drop' }, false],
    ['in the middle of the body', { do: 'drop', at: 'body', bytes: 100_000 }, false],
    ['before the answer', { do: 'drop', at: 'after' }, true],
  ]
  for (const [what, fault, stored] of cases)
    it(`${what} leaves ${stored ? 'the object' : 'nothing'}`, async () => {
      server.faults.add({ operation: 'PutObject', ...fault })
      const key = what.replaceAll(' ', '-')
      await assert.rejects(put(key))
      assert.equal(isThere(key), stored)
      const [entry] = await server.log.wait({ operation: 'PutObject' }, 1, AbortSignal.timeout(5000))
      assert.deepEqual([entry?.status, entry?.dropped], [null, true])
      assert.equal((entry?.requestBytes ?? 0) >= (fault.bytes ?? 0), true)
    })

  for (const bytes of [0, 1, 100_000])
    it(`after ${bytes} bytes of the answer gives exactly those`, async () => {
      await put('whole')
      server.faults.add({ operation: 'GetObject', do: 'drop', at: 'answer', bytes })
      const { headers } = signed(server, { target: '/zfs2s3/whole' })
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      const socket = connect(server.port, '127.0.0.1')
      socket.write(`GET /zfs2s3/whole HTTP/1.1\r\n${lines.join('')}\r\n`)
      const pieces: Buffer[] = []
      for await (const piece of socket) if (Buffer.isBuffer(piece)) pieces.push(piece)
      const answer = Buffer.concat(pieces)
      assert.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, bytes)
      assert.match(answer.toString('latin1'), /^HTTP\/1.1 200 OK\r\n[^]*content-length: 300000\r\n/)
    })
})

describe('a fault', () => {
  it('strikes the occurrence that it is meant for, as often as it is told', async () => {
    server.faults.add({ operation: 'GetObject', key: 'b', nth: 2, times: 2, do: 'status', code: 'SlowDown' })
    for (const key of ['a', 'b']) await put(key)
    const statuses: number[] = []
    for (const key of ['b', 'a', 'b', 'b', 'b']) statuses.push((await get(key)).status)
    assert.deepEqual(statuses, [200, 200, 503, 503, 200])
    assert.deepEqual(server.faults.list(), [])
  })

  it('strikes one part', async () => {
    const id = await begin('parts')
    server.faults.add({ operation: 'UploadPart', partNumber: 2, do: 'status', status: 500, code: 'InternalError' })
    const statuses: number[] = []
    for (const number of [1, 2, 2]) statuses.push((await put(`parts?partNumber=${number}&uploadId=${id}`)).status)
    assert.deepEqual(statuses, [200, 500, 200])
  })

  it('can answer an error although all was done', async () => {
    server.faults.add({ do: 'status', at: 'after', code: 'InternalError' })
    assert.equal((await put('done')).status, 500)
    assert.ok(isThere('done'))
  })

  it('can answer an error in the body of a 200', async () => {
    server.faults.add({ do: 'late-error', code: 'InternalError' })
    const answer = await put('late')
    assert.deepEqual([answer.status, answer.code, isThere('late')], [200, 'InternalError', false])
    assert.match(answer.body.toString(), /^<\?xml[^>]*>\s+<Error>/)
  })

  it('can make the server forget an upload', async () => {
    const id = await begin('forgotten')
    server.faults.add({ operation: 'UploadPart', do: 'forget' })
    assert.equal((await put(`forgotten?partNumber=1&uploadId=${id}`)).code, 'NoSuchUpload')
  })

  it('can turn over a bit of what is answered, or of what is stored', async () => {
    server.faults.add({ operation: 'GetObject', do: 'corrupt', what: 'answer', offset: 200_000 })
    server.faults.add({ operation: 'PutObject', key: 'stored', do: 'corrupt', what: 'stored', offset: 7 })
    const flipped = (offset: number) => {
      const copy = Buffer.from(body)
      copy.writeUInt8(copy.readUInt8(offset) ^ 1, offset)
      return copy
    }
    for (const key of ['answered', 'stored']) await put(key)
    assert.ok((await get('answered')).body.equals(flipped(200_000)))
    assert.ok((await get('answered')).body.equals(body))
    assert.ok((await get('stored')).body.equals(flipped(7)))
  })

  it('can answer a wrong ETag or checksum', async () => {
    const headers = { 'x-amz-checksum-crc32': 'AAAAAA==' }
    const right = await put('right', { body: '', headers })
    server.faults.add({ do: 'corrupt', what: 'etag' }, { do: 'corrupt', what: 'checksum' })
    const wrong = await put('wrong', { body: '', headers })
    assert.equal(right.headers['x-amz-checksum-crc32'], 'AAAAAA==')
    assert.equal(wrong.headers['x-amz-checksum-crc32'], 'aAAAAA==')
    assert.equal(right.headers.etag, '"d41d8cd98f00b204e9800998ecf8427e"')
    assert.equal(wrong.headers.etag, '"a41d8cd98f00b204e9800998ecf8427e"')
  })

  it('can stall for a time', async () => {
    server.faults.add({ do: 'stall', ms: 100 })
    const start = performance.now()
    assert.equal((await put('stalled')).status, 200)
    assert.ok(performance.now() - start >= 99)
  })

  it('can hold a request before or after its effect, until it is released', async () => {
    for (const at of ['before', 'after'] as const) {
      server.faults.add({ operation: 'PutObject', do: 'hold', name: at, at })
      const putting = put(`held-${at}`)
      const held = await server.faults.waitForHeld(at, AbortSignal.timeout(5000))
      assert.equal(held.request.key, `held-${at}`)
      assert.equal(isThere(`held-${at}`), at === 'after')
      assert.equal(server.faults.release(at), 1)
      assert.equal((await putting).status, 200)
    }
  })

  const nonsense: [what: string, fault: object][] = [
    ['an unknown operation', { operation: 'PutPart', do: 'drop' }],
    ['an unknown effect', { do: 'explode' }],
    ['an effect at a point where it has none', { do: 'status', at: 'answer' }],
    ['an unknown field', { do: 'drop', when: 'now' }],
    ['nothing to corrupt', { do: 'corrupt' }],
  ]
  for (const [what, fault] of nonsense)
    it(`with ${what} is refused`, async () => {
      const answer = await fetch(`${server.url}/-/faults`, { method: 'POST', body: JSON.stringify(fault) })
      assert.equal(answer.status, 400)
    })
})

describe('from another process', () => {
  const control = (method: string, path: string, content?: object) =>
    fetch(`${server.url}/-/${path}`, { method, ...(content === undefined ? {} : { body: JSON.stringify(content) }) })

  it('faults are given, requests held, waited for and released', async () => {
    await control('POST', 'faults', [{ operation: 'PutObject', do: 'hold', name: 'h', at: 'after' }])
    const waiting = control('GET', 'wait?held=h&timeout=5000')
    const putting = put('k')
    assert.equal(((await (await waiting).json()) as { key: string }).key, 'k')
    assert.ok(isThere('k'))
    assert.deepEqual(await (await control('POST', 'release?held=h')).json(), { released: 1 })
    assert.equal((await putting).status, 200)
    assert.equal((await control('GET', 'wait?held=h&timeout=10')).status, 408)
  })

  it('the log is read, waited for and emptied', async () => {
    const waiting = control('GET', 'wait?operation=PutObject&count=2&timeout=5000')
    for (const key of ['l1', 'l2']) await put(key)
    assert.equal((await (await waiting).text()).trim().split('\n').length, 2)
    await send(server, { target: '/zfs2s3/l1', headers: { range: 'bytes=5-9' } })
    const lines = (await (await control('GET', 'log?operation=GetObject')).text()).trim().split('\n')
    const [entry] = lines.map(line => JSON.parse(line) as Record<string, unknown>)
    const { operation, key, range, status, responseBytes } = entry ?? {}
    assert.deepEqual([operation, key, range, status, responseBytes], ['GetObject', 'l1', 'bytes=5-9', 206, 5])
    assert.equal((await control('DELETE', 'log')).status, 204)
    assert.equal(await (await control('GET', 'log')).text(), '')
  })

  it('settings are changed and objects damaged', async () => {
    await control('POST', 'settings', { minPartSize: 7 })
    assert.equal(server.settings.minPartSize, 7)
    assert.equal((await control('POST', 'settings', { minPartSize: '7' })).status, 400)
    await put('o', { body: 'abc' })
    assert.equal((await control('POST', 'objects', { bucket: 'zfs2s3', key: 'o', flipBit: 1 })).status, 204)
    assert.equal((await get('o')).body.toString(), 'acc')
    assert.equal((await control('POST', 'objects', { bucket: 'zfs2s3', key: 'o', flipBit: 3 })).status, 400)
  })
})

it('a client that goes away leaves nothing behind', async () => {
  const files = () => readdirSync(`${server.dir}/data`).length
  const before = files()
  const { headers } = signed(server, { method: 'PUT', target: '/zfs2s3/half', payload: 'UNSIGNED-PAYLOAD' })
  const lines = Object.entries({ ...headers, 'content-length': '10' }).map(([name, value]) => `${name}: ${value}\r\n`)
  const socket = connect(server.port, '127.0.0.1')
  socket.write(`PUT /zfs2s3/half HTTP/1.1\r\n${lines.join('')}\r\nhello`)
  await sleep(50)
  socket.destroy()
  const [entry] = await server.log.wait({ key: 'half' }, 1, AbortSignal.timeout(5000))
  assert.deepEqual([entry?.dropped, entry?.requestBytes, isThere('half')], [true, 5, false])
  assert.equal(files(), before)
})

it('bytes come no faster than they may', async () => {
  server.settings.bytesPerSecond = 1_000_000
  const start = performance.now()
  await put('slow')
  assert.ok(performance.now() - start > 250)
})
