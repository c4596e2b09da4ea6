/**
 * The objects of one bucket, in the words of this project. Only this file, and what it is made of (connection, uploads),
 * know what the SDK's commands look like.
 */
import type { Readable } from 'node:stream'
import { type ArchiveState, archiveState, type Tier } from './archive.js'
import type { BucketPlace } from './client.js'
import { Configuration } from './configuration.js'
import { Connection, type Doing, inPlaceOfSending, required } from './connection.js'
import { Document } from './document.js'
import { httpStatus, isMissing, s3Code } from './errors.js'
import { type ListedObject, listObjects } from './listing.js'
import type { Patience } from './patience.js'
import { type Lock, lockOf } from './lock.js'
import { probe, type Probed } from './probe.js'
import type { Into } from './reception.js'
import { Uploads } from './uploads.js'

/** What S3 says of an object (S3 API: HeadObject). */
export interface StoredObject {
  readonly bytes: number
  readonly etag: string
  /** S3's own SHA-256: composite `base64-N` for multipart objects; null where the service keeps none. */
  readonly sha256: string | null
  readonly storageClass: string
  /** Whether it can be read now. */
  readonly archive: ArchiveState
  /** Null where it has none, and where s3:GetObjectRetention isn't allowed: S3 then leaves the headers out. */
  readonly lock: Lock | null
  /** Whether it is held without an end (s3:GetObjectLegalHold is needed to see it). */
  readonly legalHold: boolean
  /** User metadata, keys lower case and without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * What deleting has done: `gone`, or `kept` as an old version behind a delete marker. Where versioning is suspended S3
 * doesn't say whether it keeps one: what was stored while it was on (S3 User Guide: Working with delete markers).
 */
export type Removed = 'gone' | 'kept'

export class Bucket {
  readonly name: string
  readonly configuration: Configuration
  readonly uploads: Uploads
  readonly #connection: Connection
  /** Whether S3 has said of this bucket's own objects that one is missing: then the bucket is there. */
  #exists = false

  private constructor(connection: Connection) {
    this.#connection = connection
    this.name = connection.bucket
    this.uploads = new Uploads(connection)
    this.configuration = new Configuration(connection)
  }

  /** Loads the SDK and makes a client. Asks the network nothing. */
  static async open(place: BucketPlace): Promise<Bucket> {
    return new Bucket(await Connection.open(place))
  }

  /** Frees its connections. */
  close(): void {
    this.#connection.close()
  }

  /** All objects whose keys begin with `prefix`, in the order of S3. Throws a Failure unless the list is complete. */
  list(prefix: string, patience: Patience): AsyncGenerator<ListedObject> {
    return listObjects(this.#connection, prefix, patience)
  }

  /** Size, checksum and metadata of an object, or null if S3 says that there is none. */
  async head(key: string, signal?: AbortSignal): Promise<StoredObject | null> {
    const command = new this.#connection.sdk.HeadObjectCommand({ Bucket: this.name, Key: key, ChecksumMode: 'ENABLED' })
    const answer = await this.#connection.send({ doing: 'look at', key }, signal, options =>
      this.#connection.client.send(command, options).catch(async (error: unknown) => {
        const reason = await this.#reasonOf(error, key, options)
        if (isMissing(reason)) return null
        throw reason
      }),
    )
    if (answer === null) return null
    // S3 leaves the header out for STANDARD (S3 API: HeadObject, x-amz-storage-class).
    const storageClass = answer.StorageClass ?? 'STANDARD'
    return {
      bytes: required(answer.ContentLength, 'a size'),
      etag: required(answer.ETag, 'an ETag'),
      sha256: answer.ChecksumSHA256 ?? null,
      storageClass,
      archive: archiveState({ storageClass, archiveStatus: answer.ArchiveStatus, restore: answer.Restore }),
      lock: lockOf(answer.ObjectLockMode, answer.ObjectLockRetainUntilDate),
      legalHold: answer.ObjectLockLegalHoldStatus === 'ON',
      metadata: answer.Metadata ?? {},
    }
  }

  /**
   * Reads the bytes of an object from position `from` to the one before `to`, and says how many have come:
   * fewer than asked for if the line broke on the way. `etag`: fail (412) if it has been replaced by another object. Errors
   * come as the SDK throws them, for the caller to judge.
   */
  async read(
    key: string,
    { from, to, etag }: { readonly from: number; readonly to: number; readonly etag: string },
    into: Into,
    signal: AbortSignal,
  ): Promise<number> {
    const { sdk, client, lines } = this.#connection
    const command = new sdk.GetObjectCommand({
      Bucket: this.name,
      Key: key,
      IfMatch: etag,
      Range: `bytes=${from}-${to - 1}`,
    })
    const body: { arriving: Promise<number> | null } = { arriving: null }
    command.middlewareStack.add(
      () => async args => {
        const taken = await lines.take(args.request, into, signal)
        body.arriving = taken.arriving
        return taken
      },
      inPlaceOfSending,
    )
    const { ContentRange: sent } = await client.send(command, { abortSignal: signal })
    // A service that ignores the range sends other bytes.
    const isRight = sent?.startsWith(`bytes ${from}-`) === true
    return required(isRight ? (body.arriving ?? undefined) : undefined, 'the range that was asked for')
  }

  /**
   * Asks for an archived object to be made readable for some days. That this was asked before is no error. Intelligent
   * tiering takes no days: there the object itself moves back (S3 API: RestoreObject).
   */
  async thaw(
    key: string,
    { tier, days }: { readonly tier: Tier; readonly days: number | null },
    signal: AbortSignal,
  ): Promise<void> {
    const command = new this.#connection.sdk.RestoreObjectCommand({
      Bucket: this.name,
      Key: key,
      RestoreRequest: { ...(days !== null && { Days: days }), GlacierJobParameters: { Tier: tier } },
    })
    await this.#connection.send({ doing: 'thaw', key }, signal, options =>
      this.#connection.client.send(command, options).catch((error: unknown) => {
        if (s3Code(error) !== 'RestoreAlreadyInProgress') throw error
      }),
    )
  }

  /** An object that is written as a whole; on the one with `probeKey` is tried out whether the service honours conditions. */
  document(key: string, probeKey: string, patience: Patience): Document {
    return new Document(this.#connection, key, probeKey, patience)
  }

  /** Deletes an object. That it isn't there is no error (S3 API: DeleteObject). */
  async remove(key: string, signal?: AbortSignal): Promise<Removed> {
    const command = new this.#connection.sdk.DeleteObjectCommand({ Bucket: this.name, Key: key })
    const { DeleteMarker } = await this.#connection.send({ doing: 'delete', key }, signal, options =>
      this.#connection.client.send(command, options),
    )
    return DeleteMarker === true ? 'kept' : 'gone'
  }

  /** Locks an object. S3 refuses what would weaken a lock that it has (S3 API: PutObjectRetention). */
  async retain(key: string, lock: Lock, signal?: AbortSignal): Promise<void> {
    const command = new this.#connection.sdk.PutObjectRetentionCommand({
      Bucket: this.name,
      Key: key,
      Retention: { Mode: lock.mode, RetainUntilDate: new Date(lock.until) },
    })
    await this.#connection.send({ doing: 'lock', key }, signal, options =>
      this.#connection.client.send(command, options),
    )
  }

  /** Tries out what the service honours, on an object whose key nothing else can have. */
  async probe(key: string, signal: AbortSignal): Promise<Probed> {
    return this.#connection.send({ doing: 'try out the service with', key }, signal, () =>
      probe(this.#connection, key, signal),
    )
  }

  /** An error of a request on this bucket as a Failure. */
  failure(error: unknown, doing: Doing, signal?: AbortSignal): unknown {
    return this.#connection.failure(error, doing, signal)
  }

  /**
   * A refused HEAD has no body and so no error code: that an object is missing looks like a missing bucket, and expired
   * credentials like a policy. The same asked with GET says which.
   */
  async #reasonOf(error: unknown, key: string, options: { abortSignal?: AbortSignal }): Promise<unknown> {
    const status = httpStatus(error) ?? 0
    if (status < 400 || status >= 500 || (status === 404 && this.#exists)) return error
    const command = new this.#connection.sdk.GetObjectCommand({ Bucket: this.name, Key: key, Range: 'bytes=0-0' })
    try {
      const answer = await this.#connection.client.send(command, options)
      ;(answer.Body as unknown as Readable).destroy()
      return error
    } catch (reason) {
      if (isMissing(reason)) this.#exists = true
      return s3Code(reason) === 'InvalidObjectState' ? error : reason
    }
  }
}
