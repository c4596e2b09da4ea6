/** Multipart uploads in progress and their parts, in memory and on disk. */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import type { Blobs } from './blobs.js'
import { readRecords, writeRecord } from './disk.js'
import { refusal } from './errors.js'
import type { PartRecord, UploadRecord } from './records.js'
import { byKey, isPartRecord, isUploadRecord } from './records.js'

interface Upload {
  readonly record: UploadRecord
  readonly parts: Map<number, PartRecord>
}

export class Uploads {
  readonly #dir: string
  readonly #blobs: Blobs
  readonly #uploads = new Map<string, Upload>()

  /** `completed`: files that objects consist of. An upload that owns one was completed just before the process was killed. */
  constructor(dir: string, blobs: Blobs, completed: ReadonlySet<string>) {
    this.#dir = `${dir}/uploads`
    this.#blobs = blobs
    for (const record of readRecords(this.#dir, isUploadRecord, 'upload')) {
      const parts = readRecords(this.#folder(record.id), isPartRecord, 'part')
      this.#uploads.set(record.id, { record, parts: new Map(parts.map(part => [part.number, part])) })
      if (parts.some(part => completed.has(part.file))) this.#drop(record.id)
    }
  }

  files(): Set<string> {
    return new Set([...this.#uploads.values()].flatMap(upload => [...upload.parts.values()].map(part => part.file)))
  }

  /** Begins an upload and gives its id. */
  create(upload: Omit<UploadRecord, 'id'>): string {
    const id = randomBytes(32).toString('hex')
    const record: UploadRecord = { ...upload, id }
    readRecords(this.#folder(id), isPartRecord, 'part')
    writeRecord(`${this.#folder(id)}.json`, 'upload', record)
    this.#uploads.set(id, { record, parts: new Map() })
    return id
  }

  /** Throws NoSuchUpload, also if the upload is another key's. */
  get(bucket: string, key: string, id: string): UploadRecord {
    const record = this.#uploads.get(id)?.record
    if (record?.bucket !== bucket || record.key !== key)
      throw refusal(
        'NoSuchUpload',
        'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
        { UploadId: id },
      )
    return record
  }

  /** A bucket's uploads by key, and by their begin where the key is the same. */
  list(bucket: string): UploadRecord[] {
    return [...this.#uploads.values()]
      .map(upload => upload.record)
      .filter(record => record.bucket === bucket)
      .sort((a, b) => byKey(a.key, b.key) || a.initiated - b.initiated || byKey(a.id, b.id))
  }

  /** An upload's parts by number. */
  parts(id: string): PartRecord[] {
    return [...(this.#uploads.get(id)?.parts.values() ?? [])].sort((a, b) => a.number - b.number)
  }

  /** Adds a part, in place of an earlier one of that number. */
  putPart(id: string, part: PartRecord): void {
    const upload = this.#uploads.get(id)
    if (upload === undefined) return
    const earlier = upload.parts.get(part.number)
    writeRecord(`${this.#folder(id)}/${part.number}.json`, 'part', part)
    upload.parts.set(part.number, part)
    if (earlier !== undefined) this.#blobs.remove([earlier.file])
  }

  /** Ends an upload. Its files go, but for those that an object consists of now. */
  end(id: string, kept: ReadonlySet<string>): void {
    const files = this.parts(id).map(part => part.file)
    this.#drop(id)
    this.#blobs.remove(files.filter(file => !kept.has(file)))
  }

  #drop(id: string): void {
    rmSync(`${this.#folder(id)}.json`, { force: true })
    rmSync(this.#folder(id), { recursive: true, force: true })
    this.#uploads.delete(id)
  }

  #folder(id: string): string {
    return `${this.#dir}/${id}`
  }
}
