/**
 * One bucket, in the words of this project. The only file that knows what the SDK's commands look like.
 */
import type { Readable } from 'node:stream'
import type { ListMultipartUploadsCommandOutput, S3Client } from '@aws-sdk/client-s3'
import { failed } from '../failure.js'
import { type ArchiveState, archiveState, type Tier } from './archive.js'
import { type BucketPlace, openClient, type OpenClient, type Sdk } from './client.js'
import { type Asked, httpStatus, isMissing, s3Code, s3Failure } from './errors.js'

/** What S3 says of an object (S3 API: HeadObject). */
export interface StoredObject {
  readonly bytes: number
  readonly etag: string
  /** S3's own SHA-256: composite `base64-N` for multipart objects; null where the service keeps none. */
  readonly sha256: string | null
  readonly storageClass: string
  /** Whether it can be read now. */
  readonly archive: ArchiveState
  /** User metadata, keys lower case and without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>
}

/** What every new object gets. */
export interface ObjectAttributes {
  readonly storageClass: string
  readonly metadata: Readonly<Record<string, string>>
  /** Server-side encryption: `AES256`, `aws:kms`, `aws:kms:dsse`; undefined leaves it to the bucket. */
  readonly sse: string | undefined
  readonly sseKmsKeyId: string | undefined
}

/** A part that S3 has (S3 API: ListParts). */
export interface StoredPart {
  readonly number: number
  readonly bytes: number
  readonly etag: string
  /** Base64; null where the service keeps none. */
  readonly sha256: string | null
}

/** A multipart upload that is neither completed nor aborted (S3 API: ListMultipartUploads). */
export interface OpenUpload {
  readonly key: string
  readonly uploadId: string
  /** RFC 3339; null where the service doesn't say. */
  readonly initiated: string | null
}

export class Bucket {
  readonly name: string
  readonly endpoint: string | undefined
  readonly #sdk: Sdk
  readonly #client: S3Client
  /** Whether S3 has said of this bucket's own objects that one is missing: then the bucket is there. */
  #exists = false

  private constructor({ sdk, client }: OpenClient, place: BucketPlace) {
    this.#sdk = sdk
    this.#client = client
    this.name = place.bucket
    this.endpoint = place.endpoint
  }

  /** Loads the SDK and makes a client. Asks the network nothing. */
  static async open(place: BucketPlace): Promise<Bucket> {
    return new Bucket(await openClient(place), place)
  }

  /** Frees its connections. */
  close(): void {
    this.#client.destroy()
  }

  /** Size, checksum and metadata of an object, or null if S3 says that there is none. */
  async head(key: string, signal?: AbortSignal): Promise<StoredObject | null> {
    const command = new this.#sdk.HeadObjectCommand({ Bucket: this.name, Key: key, ChecksumMode: 'ENABLED' })
    const answer = await this.#send({ doing: 'look at', key }, signal, options =>
      this.#client.send(command, options).catch(async (error: unknown) => {
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
      metadata: answer.Metadata ?? {},
    }
  }

  /**
   * The bytes of an object from position `from` to the one before `to`. `etag`: fail (412) if it has been replaced by another
   * object. Errors come as the SDK throws them, for the caller to judge.
   */
  async read(
    key: string,
    { from, to, etag }: { readonly from: number; readonly to: number; readonly etag: string },
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const command = new this.#sdk.GetObjectCommand({
      Bucket: this.name,
      Key: key,
      IfMatch: etag,
      Range: `bytes=${from}-${to - 1}`,
    })
    const answer = await this.#client.send(command, { abortSignal: signal })
    const { ContentRange: sent } = answer
    // A service that ignores the range sends other bytes.
    required(sent?.startsWith(`bytes ${from}-`) === true ? sent : undefined, 'the range that was asked for')
    // The SDK's type covers browsers too; on Node a body is a Readable.
    return answer.Body as unknown as AsyncIterable<Uint8Array>
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
    const command = new this.#sdk.RestoreObjectCommand({
      Bucket: this.name,
      Key: key,
      RestoreRequest: { ...(days !== null && { Days: days }), GlacierJobParameters: { Tier: tier } },
    })
    await this.#send({ doing: 'thaw', key }, signal, options =>
      this.#client.send(command, options).catch((error: unknown) => {
        if (s3Code(error) !== 'RestoreAlreadyInProgress') throw error
      }),
    )
  }

  /** Deletes an object. That it isn't there is no error (S3 API: DeleteObject). */
  async remove(key: string, signal?: AbortSignal): Promise<void> {
    const command = new this.#sdk.DeleteObjectCommand({ Bucket: this.name, Key: key })
    await this.#send({ doing: 'delete', key }, signal, options => this.#client.send(command, options))
  }

  /** Starts a multipart upload that checks a SHA-256 for each part; gives its ID, and how often it had to be asked for. */
  async createUpload(
    key: string,
    attributes: ObjectAttributes,
    signal?: AbortSignal,
  ): Promise<{ readonly uploadId: string; readonly attempts: number }> {
    const { storageClass, metadata, sse, sseKmsKeyId } = attributes
    const command = new this.#sdk.CreateMultipartUploadCommand({
      Bucket: this.name,
      Key: key,
      ChecksumAlgorithm: 'SHA256',
      ContentType: 'application/octet-stream',
      Metadata: { ...metadata },
      // Types list the classes that the SDK's release knew; cli/settings has checked the name.
      ...(storageClass !== 'STANDARD' && { StorageClass: storageClass as 'STANDARD' }),
      ...(sse !== undefined && { ServerSideEncryption: sse as 'AES256' }),
      ...(sseKmsKeyId !== undefined && { SSEKMSKeyId: sseKmsKeyId }),
    })
    const answer = await this.#send({ doing: 'start an upload of', key }, signal, options =>
      this.#client.send(command, options),
    )
    return { uploadId: required(answer.UploadId, 'an upload ID'), attempts: answer.$metadata.attempts ?? 1 }
  }

  /**
   * Sends one part with its SHA-256, which S3 compares with what arrives, and gives its ETag.
   * Errors come as the SDK throws them, for the caller to judge.
   */
  async uploadPart(
    upload: { readonly key: string; readonly uploadId: string },
    part: { readonly number: number; readonly bytes: Uint8Array; readonly sha256: Buffer },
    signal: AbortSignal,
  ): Promise<string> {
    const command = new this.#sdk.UploadPartCommand({
      Bucket: this.name,
      Key: upload.key,
      UploadId: upload.uploadId,
      PartNumber: part.number,
      Body: part.bytes,
      ContentLength: part.bytes.length,
      ChecksumSHA256: part.sha256.toString('base64'),
    })
    // The signature takes the hash that is already known, so that the SDK doesn't hash the part again.
    const known = { 'x-amz-content-sha256': part.sha256.toString('hex') }
    command.middlewareStack.add(next => args => next({ ...args, request: withHeaders(args.request, known) }), {
      step: 'build',
    })
    const answer = await this.#client.send(command, { abortSignal: signal })
    return required(answer.ETag, 'an ETag')
  }

  /** All parts of an upload, in order; null if S3 has no such upload (completed, aborted or expired). */
  async listParts(key: string, uploadId: string, signal?: AbortSignal): Promise<StoredPart[] | null> {
    const parts: StoredPart[] = []
    let after: string | undefined
    do {
      const command = new this.#sdk.ListPartsCommand({
        Bucket: this.name,
        Key: key,
        UploadId: uploadId,
        ...(after !== undefined && { PartNumberMarker: after }),
      })
      const answer = await this.#send({ doing: 'list the parts of', key }, signal, options =>
        this.#client.send(command, options).catch((error: unknown) => {
          if (isGone(error)) return null
          throw error
        }),
      )
      if (answer === null) return null
      for (const part of answer.Parts ?? []) {
        parts.push({
          number: required(part.PartNumber, 'a part number'),
          bytes: required(part.Size, 'a size'),
          etag: required(part.ETag, 'an ETag'),
          sha256: part.ChecksumSHA256 ?? null,
        })
      }
      after = answer.IsTruncated ? answer.NextPartNumberMarker : undefined
    } while (after !== undefined)
    return parts
  }

  /**
   * Makes the object out of its parts, unless there is one of that key: `exists` (412). `gone` says that S3 has no such
   * upload any more, as after a completion whose answer was lost; the caller must look.
   */
  async completeUpload(
    upload: { readonly key: string; readonly uploadId: string },
    parts: readonly StoredPart[],
    signal?: AbortSignal,
  ): Promise<'completed' | 'exists' | 'gone'> {
    const command = new this.#sdk.CompleteMultipartUploadCommand({
      Bucket: this.name,
      Key: upload.key,
      UploadId: upload.uploadId,
      IfNoneMatch: '*',
      MultipartUpload: {
        Parts: parts.map(({ number, etag, sha256 }) => ({
          PartNumber: number,
          ETag: etag,
          ...(sha256 !== null && { ChecksumSHA256: sha256 }),
        })),
      },
    })
    return this.#send({ doing: 'complete the upload of', key: upload.key }, signal, options =>
      this.#client.send(command, options).then(
        () => 'completed' as const,
        (error: unknown) => {
          if (isGone(error)) return 'gone' as const
          if (httpStatus(error) === 412) return 'exists' as const
          throw error
        },
      ),
    )
  }

  /** Gives up an upload and frees its parts. That S3 has none is no error. */
  async abortUpload(key: string, uploadId: string, signal?: AbortSignal): Promise<void> {
    const command = new this.#sdk.AbortMultipartUploadCommand({ Bucket: this.name, Key: key, UploadId: uploadId })
    await this.#send({ doing: 'abort the upload of', key }, signal, options =>
      this.#client.send(command, options).catch((error: unknown) => {
        if (!isGone(error)) throw error
      }),
    )
  }

  /** Open uploads of keys that begin with `prefix`. */
  async listUploads(prefix: string, signal?: AbortSignal): Promise<OpenUpload[]> {
    const uploads: OpenUpload[] = []
    let after: UploadMarker | undefined = {}
    while (after !== undefined) {
      const command = new this.#sdk.ListMultipartUploadsCommand({ Bucket: this.name, Prefix: prefix, ...after })
      const answer: ListMultipartUploadsCommandOutput = await this.#send(
        { doing: 'list the open uploads of' },
        signal,
        options => this.#client.send(command, options),
      )
      for (const { Key, UploadId, Initiated } of answer.Uploads ?? []) {
        uploads.push({
          key: required(Key, 'a key'),
          uploadId: required(UploadId, 'an upload ID'),
          initiated: Initiated?.toISOString() ?? null,
        })
      }
      after = answer.IsTruncated
        ? { KeyMarker: answer.NextKeyMarker ?? '', UploadIdMarker: answer.NextUploadIdMarker ?? '' }
        : undefined
    }
    return uploads
  }

  /** An error of a request on this bucket as a Failure. */
  failure(error: unknown, asked: Pick<Asked, 'doing' | 'key'>, signal?: AbortSignal): unknown {
    return s3Failure(error, { ...asked, bucket: this.name, endpoint: this.endpoint }, signal)
  }

  /**
   * A refused HEAD has no body and so no error code: that an object is missing looks like a missing bucket, and expired
   * credentials like a policy. The same asked with GET says which.
   */
  async #reasonOf(error: unknown, key: string, options: { abortSignal?: AbortSignal }): Promise<unknown> {
    const status = httpStatus(error) ?? 0
    if (status < 400 || status >= 500 || (status === 404 && this.#exists)) return error
    const command = new this.#sdk.GetObjectCommand({ Bucket: this.name, Key: key, Range: 'bytes=0-0' })
    try {
      const answer = await this.#client.send(command, options)
      ;(answer.Body as unknown as Readable).destroy()
      return error
    } catch (reason) {
      if (isMissing(reason)) this.#exists = true
      return s3Code(reason) === 'InvalidObjectState' ? error : reason
    }
  }

  async #send<T>(
    asked: Pick<Asked, 'doing' | 'key'>,
    signal: AbortSignal | undefined,
    request: (options: { abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    try {
      return await request(signal === undefined ? {} : { abortSignal: signal })
    } catch (error) {
      throw this.failure(error, asked, signal)
    }
  }
}

const isGone = (error: unknown): boolean => s3Code(error) === 'NoSuchUpload'

interface UploadMarker {
  readonly KeyMarker?: string
  readonly UploadIdMarker?: string
}

/** A request of the SDK with more headers; it is the SDK that knows what else is in it. */
function withHeaders(request: unknown, headers: Readonly<Record<string, string>>): unknown {
  if (typeof request === 'object' && request !== null && 'headers' in request) {
    Object.assign(request.headers as object, headers)
  }
  return request
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw failed(`the service answered without ${what}`, 'it does not speak S3 well enough')
  return value
}
