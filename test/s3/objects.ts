/** Buckets and the versions of their objects: in memory, and on disk as one record for each key. */
import { createHash, randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import type { Blobs } from './blobs.js'
import { readRecords, removeRecord, writeRecord } from './disk.js'
import { refusal } from './errors.js'
import type { BucketRecord, DeleteMarker, KeyRecord, Version } from './records.js'
import { byKey, isBucketRecord, isKeyRecord } from './records.js'

interface Bucket {
  readonly record: BucketRecord
  readonly keys: Map<string, readonly (Version | DeleteMarker)[]>
  /** Sorted, until a key comes or goes. */
  sorted: readonly string[] | null
}

/** What a removal did. */
export interface Removal {
  readonly versionId: string | null
  readonly deleteMarker: boolean
}

/**
 * Changes are made without waiting in between, so that each is seen whole or not at all: a condition that was checked
 * just before still holds.
 */
export class Objects {
  readonly #dir: string
  readonly #blobs: Blobs
  readonly #buckets = new Map<string, Bucket>()

  constructor(dir: string, blobs: Blobs) {
    this.#dir = dir
    this.#blobs = blobs
    for (const record of readRecords(`${dir}/buckets`, isBucketRecord, 'bucket')) {
      const keys = readRecords(`${dir}/objects/${record.name}`, isKeyRecord, 'key')
      this.#buckets.set(record.name, {
        record,
        keys: new Map(keys.map(({ key, versions }) => [key, versions])),
        sorted: null,
      })
    }
  }

  /** The files that versions consist of. */
  files(): Set<string> {
    const all = [...this.#buckets.values()].flatMap(bucket => [...bucket.keys.values()].flat())
    return new Set(all.flatMap(filesOf))
  }

  buckets(): BucketRecord[] {
    return [...this.#buckets.values()].map(bucket => bucket.record).sort((a, b) => byKey(a.name, b.name))
  }

  hasBucket(name: string): boolean {
    return this.#buckets.has(name)
  }

  /** Throws NoSuchBucket. */
  bucket(name: string): BucketRecord {
    return this.#bucket(name).record
  }

  createBucket(name: string, created: number, lockable: boolean): void {
    const record: BucketRecord = {
      name,
      created,
      versioning: lockable ? 'Enabled' : null,
      lockable,
      configurations: {},
    }
    readRecords(`${this.#dir}/objects/${name}`, isKeyRecord, 'key')
    this.#buckets.set(name, { record, keys: new Map(), sorted: null })
    this.saveBucket(name)
  }

  /** After its record was changed. */
  saveBucket(name: string): void {
    writeRecord(`${this.#dir}/buckets/${name}.json`, 'bucket', this.bucket(name))
  }

  /** Throws BucketNotEmpty. */
  deleteBucket(name: string): void {
    if (this.#bucket(name).keys.size > 0)
      throw refusal('BucketNotEmpty', 'The bucket you tried to delete is not empty', { BucketName: name })
    removeRecord(`${this.#dir}/buckets/${name}.json`)
    rmSync(`${this.#dir}/objects/${name}`, { recursive: true, force: true })
    this.#buckets.delete(name)
  }

  /** The keys that have a version or a delete marker, in S3's order. */
  keys(bucketName: string): readonly string[] {
    const bucket = this.#bucket(bucketName)
    bucket.sorted ??= [...bucket.keys.keys()].sort(byKey)
    return bucket.sorted
  }

  /** All versions of a key, the newest first. */
  versions(bucketName: string, key: string): readonly (Version | DeleteMarker)[] {
    return this.#bucket(bucketName).keys.get(key) ?? []
  }

  /** What a reader of the key gets, or null if there is nothing or a delete marker. */
  current(bucketName: string, key: string): Version | null {
    const [newest] = this.versions(bucketName, key)
    return newest === undefined || newest.deleteMarker ? null : newest
  }

  /** Adds a version, in place of the one without an id where the bucket isn't versioned. Gives its id. */
  put(bucketName: string, key: string, version: Omit<Version, 'id'>): string {
    return this.#add(bucketName, key, id => ({ ...version, id }))
  }

  /** What DELETE without a version id does: in a versioned bucket it only adds a marker. */
  remove(bucketName: string, key: string, now: number): Removal {
    if (this.bucket(bucketName).versioning === null) {
      this.#save(bucketName, key, [])
      return { versionId: null, deleteMarker: false }
    }
    const id = this.#add(bucketName, key, id => ({ id, modified: now, deleteMarker: true }))
    return { versionId: id, deleteMarker: true }
  }

  /** Removes one version or marker for good. */
  removeVersion(bucketName: string, key: string, id: string): Removal {
    const versions = this.versions(bucketName, key)
    const gone = versions.find(version => version.id === id)
    if (gone !== undefined)
      this.#save(
        bucketName,
        key,
        versions.filter(version => version !== gone),
      )
    return { versionId: id, deleteMarker: gone?.deleteMarker ?? false }
  }

  /** Puts a changed version in the place of the one with its id. */
  replace(bucketName: string, key: string, changed: Version): void {
    const versions = this.versions(bucketName, key)
    this.#save(
      bucketName,
      key,
      versions.map(version => (version.id === changed.id ? changed : version)),
    )
  }

  #add(bucketName: string, key: string, make: (id: string) => Version | DeleteMarker): string {
    const enabled = this.bucket(bucketName).versioning === 'Enabled'
    const id = enabled ? randomBytes(16).toString('hex') : 'null'
    const others = this.versions(bucketName, key).filter(version => version.id !== id)
    this.#save(bucketName, key, [make(id), ...others])
    return id
  }

  #save(bucketName: string, key: string, versions: readonly (Version | DeleteMarker)[]): void {
    const bucket = this.#bucket(bucketName)
    const before = bucket.keys.get(key) ?? []
    if ((before.length === 0) !== (versions.length === 0)) bucket.sorted = null
    const path = `${this.#dir}/objects/${bucketName}/${createHash('sha256').update(key).digest('hex')}.json`
    if (versions.length === 0) {
      removeRecord(path)
      bucket.keys.delete(key)
    } else {
      const record: KeyRecord = { bucket: bucketName, key, versions }
      writeRecord(path, 'key', record)
      bucket.keys.set(key, versions)
    }
    const kept = new Set(versions.flatMap(filesOf))
    this.#blobs.remove(before.flatMap(filesOf).filter(file => !kept.has(file)))
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) throw refusal('NoSuchBucket', 'The specified bucket does not exist', { BucketName: name })
    return bucket
  }
}

const filesOf = (version: Version | DeleteMarker): string[] =>
  version.deleteMarker ? [] : version.parts.map(part => part.file)
