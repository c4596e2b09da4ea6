/**
 * The record of one upload: an append-only file of NDJSON in `uploads`, one line for each thing that has happened, each
 * on disk (fsync) before the next step. What it says is done, is done; a line torn by a crash is as if not written.
 */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode, failed, messageOf } from '../failure.js'
import type { EndNote, Note, PartNote, ResumePoint, UploadHeader } from './notes.js'

/** An upload in progress, in memory and on disk. */
export class Ledger {
  readonly header: UploadHeader
  readonly path: string
  /** Upload IDs by volume. */
  readonly uploads = new Map<number, { readonly key: string; readonly uploadId: string }>()
  /** When creating a volume's upload was begun, for those whose ID isn't known: it may be in S3 all the same. */
  readonly creating = new Map<number, string>()
  readonly parts = new Map<number, PartNote>()
  readonly completed = new Set<number>()
  end: EndNote | undefined
  #file: FileHandle | undefined
  /** Length of the lines that are whole and on disk; what is behind them was torn, and goes before anything is written. */
  #wholeBytes = 0
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, header: UploadHeader) {
    this.path = path
    this.header = header
  }

  /** Starts a new ledger. Throws a Failure if it can't be written. */
  static async create(dataDir: string, facts: Omit<UploadHeader, 'event' | 'version' | 'id'>): Promise<Ledger> {
    const header: UploadHeader = { event: 'begin', version: 1, id: crypto.randomUUID(), ...facts }
    const ledger = new Ledger(join(folder(dataDir), `${header.id}.ndjson`), header)
    try {
      await mkdir(dirname(ledger.path), { recursive: true, mode: 0o700 })
      ledger.#file = await open(ledger.path, 'ax', 0o600)
      await ledger.#append(header)
      await syncFolder(dirname(ledger.path))
    } catch (error) {
      await ledger.close()
      await unlink(ledger.path).catch(() => undefined)
      throw cannotWrite(ledger.path, error)
    }
    return ledger
  }

  /** Every upload in progress, oldest first. Throws a Failure for a ledger that can't be read: it is not "none". */
  static async all(dataDir: string): Promise<Ledger[]> {
    const names = await namesIn(folder(dataDir))
    const ledgers: Ledger[] = []
    for (const name of names.filter(each => each.endsWith('.ndjson'))) {
      const ledger = await Ledger.#read(join(folder(dataDir), name))
      if (ledger !== null) ledgers.push(ledger)
    }
    return ledgers.sort((a, b) => (a.header.started < b.header.started ? -1 : 1))
  }

  /**
   * Removes what killed processes have left of uploads that never began or have ended: a ledger torn in its first line, a
   * lock. Only while no other process can begin an upload.
   */
  static async sweep(dataDir: string): Promise<void> {
    const inProgress = new Set((await Ledger.all(dataDir)).map(({ header }) => header.id))
    for (const name of await namesIn(folder(dataDir))) {
      const [id = ''] = name.split('.')
      if (!inProgress.has(id)) await unlink(join(folder(dataDir), name)).catch(ignoreMissing)
    }
  }

  /** Null where it is gone, or was torn before its first line was whole. */
  static async #read(path: string): Promise<Ledger | null> {
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null
      throw failed(`can't read the ledger ${path} (${messageOf(error)})`, 'make it readable', error)
    }
    const lines = text.split('\n')
    // Whole lines end with a newline; what is behind the last one was torn by a crash, and its step never confirmed.
    const torn = lines.pop() ?? ''
    const notes = lines.map((line, index) => {
      try {
        return JSON.parse(line) as Note
      } catch (error) {
        throw failed(`the ledger ${path} is damaged in line ${index + 1}`, index === 0 ? howToLeave : howToMend, error)
      }
    })
    const [header, ...others] = notes
    if (header === undefined) return null
    if (header.event !== 'begin') throw failed(`${path} is not a ledger of zfs2s3`, 'move it away')
    const ledger = new Ledger(path, header)
    for (const note of others) ledger.#take(note)
    // Not cut off here: whoever only looks may look while another process writes that very line.
    ledger.#wholeBytes = Buffer.byteLength(text) - Buffer.byteLength(torn)
    return ledger
  }

  /** The same upload as it is on disk now; null if it was completed or given up. */
  async again(): Promise<Ledger | null> {
    await this.close()
    return Ledger.#read(this.path)
  }

  /** Notes one thing, and returns when it is on disk. Notes made at the same time are written one after the other. */
  async note(note: Exclude<Note, UploadHeader>): Promise<void> {
    await this.#append(note)
    this.#take(note)
  }

  /** The parts from the first one on without a gap. */
  contiguous(): PartNote[] {
    const run: PartNote[] = []
    for (let part = this.parts.get(1); part !== undefined; part = this.parts.get(run.length + 1)) run.push(part)
    return run
  }

  /** The last of those parts behind which a resumed stream can go on: where, and how many bytes there are up to its end. */
  resumable(): { readonly part: number; readonly bytes: number; readonly point: ResumePoint } | null {
    let bytes = 0
    let last = null
    for (const note of this.contiguous()) {
      bytes += note.bytes
      if (note.resume !== null) last = { part: note.part, bytes, point: note.resume }
    }
    return last
  }

  /** Forgets a part that S3 turned out not to have. Only in memory: the next `note` for it replaces it on disk. */
  forgetPart(part: number): void {
    this.parts.delete(part)
  }

  /** Bytes that S3 has acknowledged. */
  get safeBytes(): number {
    let bytes = 0
    for (const part of this.parts.values()) bytes += part.bytes
    return bytes
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined)
    await this.#file?.close()
    this.#file = undefined
  }

  /** Removes the ledger: the upload is in the catalog, or given up. */
  async drop(): Promise<void> {
    await this.close()
    await unlink(this.path)
    await syncFolder(dirname(this.path))
  }

  #take(note: Note): void {
    switch (note.event) {
      case 'begin':
        break
      case 'creating':
        this.creating.set(note.volume, note.at)
        break
      case 'refused':
        this.creating.delete(note.volume)
        break
      case 'volume':
        this.creating.delete(note.volume)
        this.uploads.set(note.volume, { key: note.key, uploadId: note.uploadId })
        break
      case 'part':
        this.parts.set(note.part, note)
        break
      case 'end':
        this.end = note
        break
      case 'completed':
        this.completed.add(note.volume)
        break
    }
  }

  async #openAgain(): Promise<FileHandle> {
    // Not made anew if it is gone.
    const file = await open(this.path, constants.O_WRONLY | constants.O_APPEND)
    await file.truncate(this.#wholeBytes)
    return file
  }

  #append(note: Note): Promise<void> {
    const written = this.#writing.then(async () => {
      try {
        const line = Buffer.from(`${JSON.stringify(note)}\n`)
        this.#file ??= await this.#openAgain()
        await this.#file.appendFile(line)
        await this.#file.datasync()
        this.#wholeBytes += line.length
      } catch (error) {
        // A disk that fills up leaves half a line, and nothing may be written behind that.
        await this.#file?.close().catch(() => undefined)
        this.#file = undefined
        throw cannotWrite(this.path, error)
      }
    })
    // A later note must not be lost because an earlier one failed; who wrote that one has been told.
    this.#writing = written.catch(() => undefined)
    return written
  }
}

const folder = (dataDir: string) => join(dataDir, 'uploads')

/** What is in S3 proves itself when the stream comes again, so that a line may be missing. */
const howToMend = 'take that line out of the file, then go on with --resume: it asks S3 for what it has'
const howToLeave = 'move it away; aws s3api list-multipart-uploads shows what it left in S3'

const cannotWrite = (path: string, error: unknown) =>
  failed(
    `can't write the ledger ${path} (${messageOf(error)})`,
    'make room or make it writable, then go on with --resume',
    error,
  )

/** The files in a folder; none if it was never made. */
async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw failed(`can't list ${path} (${messageOf(error)})`, 'make it readable', error)
  }
}

const ignoreMissing = (error: unknown): void => {
  if (errorCode(error) !== 'ENOENT') throw error
}

/** A new or removed name is safe only when its folder is on disk too. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
