/** What is kept of buckets, objects and uploads. Only what JSON can say; times are milliseconds since 1970. */
import type { Checksum, ChecksumAlgorithm, ChecksumType } from './checksums.js'

export interface BucketRecord {
  readonly name: string
  readonly created: number
  versioning: 'Enabled' | 'Suspended' | null
  /** Whether it was made for object lock. */
  lockable: boolean
  /** Bodies of PutBucketLifecycle and its like, by their query parameter. */
  configurations: Record<string, string>
}

export interface Retention {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE'
  readonly until: number
}

/** What is said about an object when it is put or its upload is begun. */
export interface Attributes {
  /** Content-Type and its like, x-amz-meta-*, and the headers about encryption: given back as they came. */
  readonly headers: Readonly<Record<string, string>>
  readonly storageClass: string
  readonly retention: Retention | null
  readonly legalHold: boolean
}

/** A piece of an object that came in one request, in a file of its own. */
export interface PartRecord {
  readonly number: number
  readonly file: string
  readonly size: number
  /** Without its quotation marks. */
  readonly etag: string
  /** Base64; of the upload's algorithm. */
  readonly checksum: string | null
  readonly modified: number
}

export interface Version {
  readonly id: string
  readonly modified: number
  readonly size: number
  readonly etag: string
  readonly checksum: Checksum | null
  /** One if it was put at once. */
  readonly parts: readonly PartRecord[]
  /** The multipart upload it came from. */
  readonly uploadId: string | null
  readonly storageClass: string
  readonly headers: Readonly<Record<string, string>>
  readonly retention: Retention | null
  readonly legalHold: boolean
  /** The archive tier that intelligent tiering has moved it to. */
  readonly archiveStatus?: string
  /** Of an archived object: until when there is a copy to read, and from when on. */
  readonly restore: { readonly ready: number; readonly expires: number } | null
  readonly deleteMarker: false
}

export interface DeleteMarker {
  readonly id: string
  readonly modified: number
  readonly deleteMarker: true
}

/** All versions of one key, the newest first. */
export interface KeyRecord {
  readonly bucket: string
  readonly key: string
  readonly versions: readonly (Version | DeleteMarker)[]
}

export interface UploadRecord extends Attributes {
  readonly id: string
  readonly bucket: string
  readonly key: string
  readonly initiated: number
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType } | null
}

export const isBucketRecord = (record: object): record is BucketRecord => 'name' in record && 'configurations' in record

export const isKeyRecord = (record: object): record is KeyRecord => 'key' in record && 'versions' in record

export const isUploadRecord = (record: object): record is UploadRecord => 'initiated' in record && 'key' in record

export const isPartRecord = (record: object): record is PartRecord => 'number' in record && 'etag' in record

/** S3's order of keys: by their UTF-8 bytes, in which surrogates come behind everything below U+10000. */
export function byKey(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  for (let index = 0; index < shorter; index++) {
    const difference = rank(a.charCodeAt(index)) - rank(b.charCodeAt(index))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
