import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AnswerHead, readHead, unchunked } from '#src/store/answer.js'

const headOf = (...lines: string[]) => Buffer.from([...lines, '', ''].join('\r\n'))

describe('the head of an answer', () => {
  it('has a status, headers, and a body of some length', () => {
    const head = headOf('HTTP/1.1 206 Partial Content', 'Content-Length: 17', 'ETag:"a"  ', 'X-Empty:')
    const expected: AnswerHead = {
      status: 206,
      headers: { 'content-length': '17', etag: '"a"', 'x-empty': '' },
      bytes: head.length,
      body: 17,
      keepsAlive: true,
    }
    assert.deepEqual(readHead(Buffer.concat([head, Buffer.from('the body')])), expected)
  })

  it('is not complete before its empty line', () => {
    const head = headOf('HTTP/1.1 200 OK', 'Content-Length: 0')
    for (let end = 0; end < head.length; end++) assert.equal(readHead(head.subarray(0, end)), null)
    assert.notEqual(readHead(head), null)
  })

  const bodies: [what: string, lines: string[], body: AnswerHead['body'], keepsAlive: boolean][] = [
    ['of no stated length ends with the connection', ['HTTP/1.1 200 OK'], 'until-closed', false],
    ['in chunks', ['HTTP/1.1 500 Internal Server Error', 'Transfer-Encoding: Chunked'], 'chunked', true],
    ['on a connection that closes', ['HTTP/1.1 200 OK', 'Content-Length: 1', 'Connection: close'], 1, false],
    ['of HTTP/1.0', ['HTTP/1.0 200 OK', 'Content-Length: 1'], 1, false],
    ['of HTTP/1.0 that keeps alive', ['HTTP/1.0 200 OK', 'Content-Length: 1', 'Connection: Keep-Alive'], 1, true],
    ['without a reason phrase', ['HTTP/1.1 204', 'Content-Length: 0'], 0, true],
  ]
  for (const [what, lines, body, keepsAlive] of bodies) {
    it(`with a body ${what}`, () => {
      const head = readHead(headOf(...lines))
      assert.deepEqual([head?.body, head?.keepsAlive], [body, keepsAlive])
    })
  }

  it('joins what comes several times', () => {
    assert.equal(readHead(headOf('HTTP/1.1 200 OK', 'A: 1', 'a: 2'))?.headers.a, '1, 2')
  })

  const wrong: [what: string, ...lines: string[]][] = [
    ['another protocol', 'SSH-2.0-OpenSSH_9.2'],
    ['another version', 'HTTP/2 200 OK'],
    ['no status', 'HTTP/1.1 OK'],
    ['a line that is no header', 'HTTP/1.1 200 OK', 'nothing'],
    ['a folded header', 'HTTP/1.1 200 OK', 'A: 1', ' 2'],
    ['two lengths', 'HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Length: 2'],
    ['a length that is none', 'HTTP/1.1 200 OK', 'Content-Length: -1'],
    ['a length and chunks', 'HTTP/1.1 200 OK', 'Content-Length: 1', 'Transfer-Encoding: chunked'],
    ['a coding that nobody has asked for', 'HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked'],
  ]
  for (const [what, ...lines] of wrong) {
    it(`with ${what} is not taken`, () => assert.throws(() => readHead(headOf(...lines)), /is not HTTP/))
  }
})

describe('a body in chunks', () => {
  const whole = '5\r\nhello\r\nB;x=y\r\n, world and\r\n0\r\n\r\n'

  it('is put together', () => assert.equal(String(unchunked(Buffer.from(whole))), 'hello, world and'))

  it('may have a trailer', () => {
    assert.equal(String(unchunked(Buffer.from('1\r\nx\r\n0\r\nA: b\r\n\r\n'))), 'x')
  })

  it('is not complete before its last byte', () => {
    for (let end = 0; end < whole.length; end++) assert.equal(unchunked(Buffer.from(whole.slice(0, end))), null)
  })

  for (const bad of ['x\r\n', '-1\r\n', '\r\n', '123456789\r\n']) {
    it(`with the size ${JSON.stringify(bad)} is not taken`, () => {
      assert.throws(() => unchunked(Buffer.from(bad)), /is not HTTP/)
    })
  }
})
