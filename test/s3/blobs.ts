/** Files of bytes: parts, and objects put at once. Nobody else's names are used, so no key can point out of the folder. */
import { randomUUID } from 'node:crypto'
import { createReadStream, mkdirSync, readdirSync, rmSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open, rm } from 'node:fs/promises'

/** A piece of a file: its name, and the bytes from `start` up to but not including `end`. */
export interface Slice {
  readonly file: string
  readonly start: number
  readonly end: number
}

/** 1 MiB: enough that writing costs little for each byte. */
const writeSize = 1024 ** 2

export class Blobs {
  readonly #folder: string
  /** How many answers still read a file. */
  readonly #readers = new Map<string, number>()
  readonly #doomed = new Set<string>()

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    this.#folder = folder
  }

  /** Removes what no record speaks of: the rests of requests during which the process was killed. */
  sweep(used: ReadonlySet<string>): void {
    for (const name of readdirSync(this.#folder)) if (!used.has(name)) rmSync(this.#path(name))
  }

  async create(): Promise<BlobWriter> {
    const file = randomUUID()
    return new BlobWriter(file, this.#path(file), await open(this.#path(file), 'wx'))
  }

  /** Gives the bytes of slices one after the other. They stay readable meanwhile, even if the object is removed. */
  async *read(slices: readonly Slice[]): AsyncGenerator<Buffer> {
    for (const { file } of slices) this.#readers.set(file, (this.#readers.get(file) ?? 0) + 1)
    try {
      for (const { file, start, end } of slices) {
        if (end <= start) continue
        const stream = createReadStream(this.#path(file), { start, end: end - 1, highWaterMark: writeSize / 2 })
        for await (const chunk of stream) if (Buffer.isBuffer(chunk)) yield chunk
      }
    } finally {
      for (const { file } of slices) this.#release(file)
    }
  }

  /** Removes files, or lets them go when nobody reads them any more. */
  remove(files: Iterable<string>): void {
    for (const file of files) {
      if (this.#readers.has(file)) this.#doomed.add(file)
      else rmSync(this.#path(file), { force: true })
    }
  }

  /** Damage: the lowest bit of the byte at `offset` is turned over. */
  async flipBit(file: string, offset: number): Promise<void> {
    const handle = await open(this.#path(file), 'r+')
    try {
      const byte = Buffer.alloc(1)
      await handle.read(byte, 0, 1, offset)
      byte.writeUInt8(byte.readUInt8(0) ^ 1)
      await handle.write(byte, 0, 1, offset)
    } finally {
      await handle.close()
    }
  }

  #release(file: string): void {
    const left = (this.#readers.get(file) ?? 1) - 1
    if (left > 0) this.#readers.set(file, left)
    else {
      this.#readers.delete(file)
      if (this.#doomed.delete(file)) rmSync(this.#path(file), { force: true })
    }
  }

  #path(file: string): string {
    return `${this.#folder}/${file}`
  }
}

/** A file being written. While a mebibyte is on its way to the disk the next one is gathered. */
export class BlobWriter {
  readonly file: string
  readonly #path: string
  readonly #handle: FileHandle
  #gathered: Buffer[] = []
  #gatheredBytes = 0
  #writing: Promise<unknown> = Promise.resolve()

  constructor(file: string, path: string, handle: FileHandle) {
    this.file = file
    this.#path = path
    this.#handle = handle
  }

  async write(chunk: Buffer): Promise<void> {
    this.#gathered.push(chunk)
    this.#gatheredBytes += chunk.length
    if (this.#gatheredBytes >= writeSize) await this.#flush()
  }

  async close(): Promise<void> {
    try {
      await this.#flush()
      await this.#writing
    } finally {
      await this.#handle.close()
    }
  }

  /** Gives up: the file is removed. */
  async discard(): Promise<void> {
    await this.#writing.catch(() => undefined)
    await this.#handle.close()
    await rm(this.#path, { force: true })
  }

  async #flush(): Promise<void> {
    await this.#writing
    const chunks = this.#gathered
    this.#gathered = []
    this.#gatheredBytes = 0
    if (chunks.length === 0) return
    this.#writing = this.#writeAll(chunks)
    // Looked at by the next flush or by close; until then it must not count as unhandled.
    this.#writing.catch(() => undefined)
  }

  async #writeAll(chunks: readonly Buffer[]): Promise<void> {
    const expected = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const { bytesWritten } = await this.#handle.writev(chunks)
    if (bytesWritten === expected) return
    await this.#handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten))
  }
}
