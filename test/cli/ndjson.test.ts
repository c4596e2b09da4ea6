/** Records that come in and go out, one a line. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { Interrupted } from '#src/cli/command.js'
import { readRecords, writeRecord, writeRecords } from '#src/cli/ndjson.js'
import { Failure, refused } from '#src/failure.js'

const input = (...chunks: string[]) => Readable.from(chunks.map(chunk => Buffer.from(chunk)))

const read = (...chunks: string[]) => readRecords(input(...chunks), each => each)

const usage = (message: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error))
  assert.equal(error.status, 2)
  assert.equal(error.message, message)
  return true
}

describe('records on stdin', () => {
  const cases: [what: string, chunks: string[], records: unknown[]][] = [
    ['nothing is no record', [], []],
    ['nor is an empty line', ['\n\n'], []],
    ['a last line without its newline is one', ['{"a":1}\n{"a":2}'], [{ a: 1 }, { a: 2 }]],
    ['where the chunks end does not matter', ['{"', 'a":', '1}\n{"a":2}', '\n'], [{ a: 1 }, { a: 2 }]],
    ['lines may end as on Windows', ['{"a":1}\r\n{"a":2}\r\n'], [{ a: 1 }, { a: 2 }]],
  ]
  for (const [what, chunks, records] of cases) {
    it(what, async () => assert.deepEqual(await read(...chunks), records))
  }

  it('a character may come in two halves', async () => {
    const bytes = Buffer.from('{"a":"ü"}\n')
    const halves = Readable.from([bytes.subarray(0, 7), bytes.subarray(7)])
    assert.deepEqual(await readRecords(halves, each => each), [{ a: 'ü' }])
  })

  const wrong: [what: string, text: string, message: string][] = [
    ['text', 'tank/home@a\n', "'tank/home@a' in the input is not JSON"],
    ['a line that was cut off', '{"a":1}\n{"a":', `'{"a":' in the input is not JSON`],
    ['a null', 'null\n{"a":1}\n', 'a line of the input is null'],
    ['a null behind everything', '{"a":1}\nnull\n', 'a line of the input is null'],
    ['text behind many records', `${'{"a":1}\n'.repeat(1000)}oops\n`, "'oops' in the input is not JSON"],
  ]
  for (const [what, text, message] of wrong) {
    it(`${what} is wrong usage, and no record is given`, () => assert.rejects(read(text), usage(message)))
  }

  it('a record that is none is counted from one, with what is wrong with it', () => {
    const take = (record: unknown) => {
      if (record === 2) throw refused('it is a two')
      return record
    }
    return assert.rejects(readRecords(input('1\n2\n3\n'), take), usage('record 2 of the input: it is a two'))
  })

  it('a terminal is wrong usage', () => {
    const terminal = Object.assign(Readable.from([]), { isTTY: true })
    return assert.rejects(
      readRecords(terminal, each => each),
      usage('no edge is named, and stdin is a terminal'),
    )
  })

  it('an error of the input itself is thrown as it is', () => {
    const broken = Readable.from(
      (function* () {
        yield Buffer.from('{"a":1}\n')
        throw new Error('EIO')
      })(),
    )
    return assert.rejects(
      readRecords(broken, each => each),
      /^Error: EIO$/,
    )
  })
})

describe('records on stdout', () => {
  it('are a line each, GUIDs digit for digit', async () => {
    const output = new PassThrough()
    await writeRecord(output, { guid: '11016576939197236312', base: null })
    await writeRecord(output, { name: 'a\nb' })
    assert.equal(String(output.read()), '{"guid":"11016576939197236312","base":null}\n{"name":"a\\nb"}\n')
  })

  it('many go out in few pieces, all of them and in order', async () => {
    const output = new PassThrough()
    const pieces: string[] = []
    output.on('data', (piece: Buffer) => pieces.push(piece.toString()))
    const records = Array.from({ length: 10_000 }, (_, number) => ({ number }))
    await writeRecords(output, records)
    output.end()
    await once(output, 'end')
    assert.equal(pieces.join(''), records.map(record => `${JSON.stringify(record)}\n`).join(''))
    assert.ok(pieces.length > 1 && pieces.length < 10, `${pieces.length} pieces`)
  })

  it('wait while the reader is slow', { timeout: 5000 }, async () => {
    const output = new PassThrough({ highWaterMark: 1 })
    let written = false
    const writing = writeRecord(output, { a: 1 }).then(() => {
      written = true
    })
    await new Promise(setImmediate)
    assert.equal(written, false)
    output.resume()
    await writing
  })

  it('stop waiting when the signal is aborted, also if it was before', { timeout: 5000 }, async () => {
    const output = new PassThrough({ highWaterMark: 1 })
    const left = new AbortController()
    const writing = writeRecord(output, { a: 1 }, left.signal)
    left.abort(new Interrupted('SIGTERM'))
    await assert.rejects(writing, new Interrupted('SIGTERM'))
    await assert.rejects(writeRecord(output, { a: 2 }, left.signal), new Interrupted('SIGTERM'))
    assert.equal(output.listenerCount('drain'), 0)
  })
})
