/** The record of an upload: what it says after whatever happened. */
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Failure } from '#src/failure.js'
import { Ledger } from '#src/store/ledger.js'
import type { PartNote } from '#src/store/notes.js'
import { temporary } from '../catalog/temporary.js'
import { header, readAgain } from './place.js'

const part = (number: number): PartNote => ({
  event: 'part',
  part: number,
  bytes: 1000,
  etag: `"${number}"`,
  sha256: number.toString(16).padStart(64, '0'),
  resume: null,
})

/** A ledger of an upload with these parts. */
async function withParts(test: TestContext, ...numbers: number[]) {
  const dataDir = await temporary(test)
  const ledger = await Ledger.create(dataDir, header)
  test.after(() => ledger.close())
  await ledger.note({ event: 'creating', volume: 1, at: '2026-01-01T00:00:00Z' })
  await ledger.note({ event: 'volume', volume: 1, key: header.key, uploadId: 'id1' })
  for (const number of numbers) await ledger.note(part(number))
  return { dataDir, ledger }
}

const numbersOf = (ledger: Ledger) => [...ledger.parts.keys()]

describe('a ledger', () => {
  it('there is none where nothing was begun', async test => {
    assert.deepEqual(await Ledger.all(await temporary(test)), [])
  })

  it('says to another process what was noted', async test => {
    const { dataDir } = await withParts(test, 1, 2)
    const again = await readAgain(test, dataDir)
    assert.deepEqual(numbersOf(again), [1, 2])
    assert.deepEqual(again.parts.get(2), part(2))
    assert.deepEqual(again.uploads.get(1), { key: header.key, uploadId: 'id1' })
    assert.equal(again.creating.size, 0)
    assert.equal(again.safeBytes, 2000)
    assert.equal(again.header.snapshot.guid, '1')
  })

  it('an upload that was about to begin is known until its ID is', async test => {
    const { dataDir, ledger } = await withParts(test)
    await ledger.note({ event: 'creating', volume: 2, at: '2026-01-02T00:00:00Z' })
    assert.deepEqual([...(await readAgain(test, dataDir)).creating], [[2, '2026-01-02T00:00:00Z']])
  })

  it('knows which parts are there without a gap, whatever their order', async test => {
    const { ledger } = await withParts(test, 3, 1, 2, 5)
    assert.deepEqual(
      ledger.contiguous().map(note => note.part),
      [1, 2, 3],
    )
  })

  it('notes made at the same time are all there', async test => {
    const { dataDir, ledger } = await withParts(test)
    await Promise.all(Array.from({ length: 50 }, (_, index) => ledger.note(part(index + 1))))
    assert.equal((await readAgain(test, dataDir)).contiguous().length, 50)
  })

  it('a line that a crash has torn is as if not written, wherever it is torn', async test => {
    const { dataDir, ledger } = await withParts(test, 1)
    const before = statSync(ledger.path).size
    await ledger.note(part(2))
    await ledger.close()
    const whole = readFileSync(ledger.path)
    for (let length = before; length < whole.length; length++) {
      writeFileSync(ledger.path, whole.subarray(0, length))
      assert.deepEqual(numbersOf(await readAgain(test, dataDir)), [1], `${length - before} bytes of the line are there`)
    }
    writeFileSync(ledger.path, whole)
    assert.deepEqual(numbersOf(await readAgain(test, dataDir)), [1, 2])
  })

  it('what is noted behind a torn line replaces it', async test => {
    const { dataDir, ledger } = await withParts(test, 1, 2)
    await ledger.close()
    truncateSync(ledger.path, statSync(ledger.path).size - 10)
    const again = await readAgain(test, dataDir)
    await again.note(part(3))
    await again.close()
    assert.deepEqual(numbersOf(await readAgain(test, dataDir)), [1, 3])
    assert.ok(readFileSync(again.path, 'utf8').endsWith('\n'))
  })

  it('whoever only looks does not cut off the line that another process is writing', async test => {
    const { dataDir, ledger } = await withParts(test, 1)
    appendFileSync(ledger.path, '{"event":"par')
    assert.deepEqual(numbersOf(await readAgain(test, dataDir)), [1])
    assert.ok(readFileSync(ledger.path, 'utf8').endsWith('{"event":"par'))
  })

  it('one torn in its first line is none: nothing was begun yet', async test => {
    const { dataDir, ledger } = await withParts(test)
    await ledger.close()
    truncateSync(ledger.path, 10)
    assert.deepEqual(await Ledger.all(dataDir), [])
  })

  it('one that makes no sense is not none', async test => {
    const { dataDir, ledger } = await withParts(test, 1, 2)
    await ledger.close()
    const lines = readFileSync(ledger.path, 'utf8').split('\n')
    lines[3] = '{"event":'
    writeFileSync(ledger.path, lines.join('\n'))
    await assert.rejects(Ledger.all(dataDir), (error: unknown) => {
      return error instanceof Failure && error.status === 1 && error.message.endsWith('is damaged in line 4')
    })
  })

  it('a part that S3 turned out not to have is forgotten, and noted anew', async test => {
    const { dataDir, ledger } = await withParts(test, 1, 2)
    ledger.forgetPart(1)
    assert.deepEqual(ledger.contiguous(), [])
    await ledger.note({ ...part(1), etag: '"again"' })
    assert.equal((await readAgain(test, dataDir)).parts.get(1)?.etag, '"again"')
  })

  it('dropped, it is gone', async test => {
    const { dataDir, ledger } = await withParts(test, 1)
    await ledger.drop()
    assert.deepEqual(await Ledger.all(dataDir), [])
    assert.deepEqual(readdirSync(join(dataDir, 'uploads')), [])
  })

  it('several are listed oldest first', async test => {
    const dataDir = await temporary(test)
    for (const day of ['03', '01', '02']) {
      const ledger = await Ledger.create(dataDir, { ...header, started: `2026-01-${day}T00:00:00Z` })
      await ledger.close()
    }
    assert.deepEqual(
      (await Ledger.all(dataDir)).map(ledger => ledger.header.started.slice(8, 10)),
      ['01', '02', '03'],
    )
  })

  it('is for its owner only', async test => {
    const { ledger } = await withParts(test)
    assert.equal(statSync(ledger.path).mode & 0o777, 0o600)
  })

  it('the ten thousandth part costs what the tenth does: a line at the end of the same file', async test => {
    const { dataDir, ledger } = await withParts(test, 1)
    await ledger.close()
    const lines = Array.from({ length: 9998 }, (_, index) => `${JSON.stringify(part(index + 2))}\n`)
    appendFileSync(ledger.path, lines.join(''))
    const before = { ino: statSync(ledger.path).ino, text: readFileSync(ledger.path, 'utf8') }
    const again = await readAgain(test, dataDir)
    await again.note(part(10_000))
    await again.close()
    assert.equal(statSync(ledger.path).ino, before.ino)
    assert.equal(readFileSync(ledger.path, 'utf8'), `${before.text}${JSON.stringify(part(10_000))}\n`)
    assert.equal(again.contiguous().length, 10_000)
  })

  it('where it cannot be written that is said, and nothing is left behind', async test => {
    const dataDir = await temporary(test)
    writeFileSync(join(dataDir, 'uploads'), '')
    await assert.rejects(Ledger.create(dataDir, header), (error: unknown) => {
      return error instanceof Failure && error.status === 1 && error.message.startsWith("can't write the ledger ")
    })
    assert.deepEqual(readdirSync(dataDir), ['uploads'])
  })
})
