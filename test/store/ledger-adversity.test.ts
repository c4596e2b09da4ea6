/** The ledger on disk: what a crash or a full disk leaves of it, and what it costs. */
import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { Failure } from '#src/failure.js'
import { Ledger } from '#src/store/ledger.js'
import type { PartNote } from '#src/store/notes.js'

const folders: string[] = []
const ledgers: Ledger[] = []
after(async () => {
  for (const ledger of ledgers) await ledger.close()
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function emptyFolder(where = tmpdir()): string {
  const folder = mkdtempSync(join(where, 'zfs2s3-ledger-'))
  folders.push(folder)
  return folder
}

async function begun(dataDir: string): Promise<Ledger> {
  const ledger = await Ledger.create(dataDir, {
    started: '2026-11-24T12:00:00Z',
    bucket: 'zfs2s3',
    key: 'tank/home@a',
    snapshot: { name: 'tank/home@a', guid: '11016576939197236312' },
    base: null,
    partSize: 4096,
    partsPerVolume: 10_000,
    storageClass: 'STANDARD',
    sse: undefined,
    sseKmsKeyId: undefined,
    filter: null,
    held: false,
    check: 'none',
    begin: null,
    metadata: {},
  })
  ledgers.push(ledger)
  return ledger
}

const part = (number: number): PartNote => ({
  event: 'part',
  part: number,
  bytes: 4096,
  etag: `"${number}"`,
  sha256: 'ab'.repeat(32),
  resume: {
    anchor: {
      start: 4096 * number,
      type: 'WRITE',
      object: '2',
      offset: '0',
      checksum: ['1', '2', '3', '4'],
      record: 7,
    },
    tail: 'cd'.repeat(32),
  },
})

async function withParts(dataDir: string, count: number): Promise<Ledger> {
  const ledger = await begun(dataDir)
  for (let number = 1; number <= count; number += 1) await ledger.note(part(number))
  return ledger
}

/** The numbers of the parts that the only ledger has on disk. */
async function partsOnDisk(dataDir: string): Promise<number[]> {
  const [ledger] = await Ledger.all(dataDir)
  return [...(ledger?.parts.keys() ?? [])]
}

describe('a ledger in adversity', () => {
  it('has on disk what was noted', async () => {
    const dataDir = emptyFolder()
    await withParts(dataDir, 3)
    assert.deepEqual(await partsOnDisk(dataDir), [1, 2, 3])
  })

  it('lacks only the last note, wherever that was torn', async () => {
    const dataDir = emptyFolder()
    const ledger = await withParts(dataDir, 3)
    await ledger.close()
    const whole = readFileSync(ledger.path)
    const lastLine = whole.lastIndexOf('\n', whole.length - 2) + 1
    for (let length = whole.length - 1; length >= lastLine; length -= 1) {
      truncateSync(ledger.path, length)
      assert.deepEqual(await partsOnDisk(dataDir), [1, 2])
    }
  })

  it('goes on behind the last whole line', async () => {
    const dataDir = emptyFolder()
    const { path } = await withParts(dataDir, 2)
    appendFileSync(path, '{"event":"part","part":3,"by')
    const [ledger] = await Ledger.all(dataDir)
    await ledger?.note(part(4))
    await ledger?.close()
    assert.deepEqual(await partsOnDisk(dataDir), [1, 2, 4])
  })

  it('is not taken for torn while another process writes to it', async () => {
    const dataDir = emptyFolder()
    const { path } = await withParts(dataDir, 1)
    appendFileSync(path, '{"half')
    await Ledger.all(dataDir)
    assert.match(readFileSync(path, 'utf8'), /\{"half$/)
  })

  it('says which line is damaged, and what to do about it', async () => {
    const dataDir = emptyFolder()
    const { path } = await withParts(dataDir, 3)
    const lines = readFileSync(path, 'utf8').split('\n')
    const damaged = (index: number) => lines.map((line, at) => (at === index ? line.slice(9) : line)).join('\n')
    writeFileSync(path, damaged(2))
    await assert.rejects(Ledger.all(dataDir), {
      message: `the ledger ${path} is damaged in line 3`,
      remedy: /^take that line out/,
    })
    writeFileSync(path, damaged(0))
    await assert.rejects(Ledger.all(dataDir), {
      message: `the ledger ${path} is damaged in line 1`,
      remedy: /^move it away/,
    })
  })

  it('has no half line in it after the disk was full for a moment', async () => {
    const dataDir = emptyFolder()
    const ledger = await withParts(dataDir, 1)
    const handles = await fileHandles()
    const append = Reflect.get(handles, 'appendFile') as FileHandle['appendFile']
    Reflect.set(handles, 'appendFile', async function (this: FileHandle, line: Buffer) {
      Reflect.set(handles, 'appendFile', append)
      await append.call(this, line.subarray(0, 20))
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    })
    const notes = await Promise.allSettled([ledger.note(part(2)), ledger.note(part(3))])
    assert.deepEqual(
      notes.map(each => each.status),
      ['rejected', 'fulfilled'],
    )
    assert.deepEqual(await partsOnDisk(dataDir), [1, 3])
  })

  it('is not made again by a note once it is dropped', async () => {
    const dataDir = emptyFolder()
    await withParts(dataDir, 1)
    const [ledger] = await Ledger.all(dataDir)
    const [other] = await Ledger.all(dataDir)
    await other?.drop()
    await assert.rejects(async () => ledger?.note(part(2)), Failure)
    assert.deepEqual(await Ledger.all(dataDir), [])
    assert.equal(await ledger?.again(), null)
  })

  it('that was torn in its first line is none, and goes with a dead lock when the next one begins', async () => {
    const dataDir = emptyFolder()
    const { path } = await withParts(dataDir, 1)
    const uploads = join(dataDir, 'uploads')
    writeFileSync(join(uploads, 'torn.ndjson'), '{"event":"beg')
    writeFileSync(join(uploads, 'ended.lock'), '{}')
    assert.equal((await Ledger.all(dataDir)).length, 1)
    await Ledger.sweep(dataDir)
    assert.deepEqual(
      readdirSync(uploads).map(name => join(uploads, name)),
      [path],
    )
  })

  it('goes on behind the last part that has a resume point, the parts before it counting in full', async () => {
    const ledger = await withParts(emptyFolder(), 2)
    await ledger.note({ ...part(3), bytes: 100, resume: null })
    await ledger.note(part(5))
    assert.deepEqual(ledger.resumable(), { part: 2, bytes: 8192, point: part(2).resume })
  })

  it('costs no more for the 10,000th part than for the first', async () => {
    // In memory, so that it is not the disk that is measured.
    const dataDir = emptyFolder(existsSync('/dev/shm') ? '/dev/shm' : tmpdir())
    const ledger = await begun(dataDir)
    const times: number[] = []
    for (let number = 1; number <= 10_000; number += 1) {
      const start = performance.now()
      await ledger.note(part(number))
      times.push(performance.now() - start)
    }
    const median = (some: number[]) => some.sort((a, b) => a - b)[some.length >> 1] ?? 0
    const [early, late] = [median(times.slice(100, 1100)), median(times.slice(-1000))]
    assert.ok(late < 3 * early, `a note costs ${early} ms at first and ${late} ms in the end`)
    assert.equal((await partsOnDisk(dataDir)).length, 10_000)
  })
})

/** What all FileHandles inherit from; Node doesn't export it. */
async function fileHandles(): Promise<object> {
  const probe = await open('/dev/null')
  await probe.close()
  return Object.getPrototypeOf(probe) as object
}
