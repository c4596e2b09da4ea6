/** Multipart uploads of one bucket, in the words of this project. */
import type { ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3'
import { type Connection, inPlaceOfSending, required } from './connection.js'
import { holds, type Lock } from './lock.js'
import { httpStatus, s3Code } from './errors.js'
import { decodeListed } from './listing.js'

/** What every new object gets. */
export interface ObjectAttributes {
  readonly storageClass: string
  readonly metadata: Readonly<Record<string, string>>
  /** Server-side encryption: `AES256`, `aws:kms`, `aws:kms:dsse`; undefined leaves it to the bucket. */
  readonly sse: string | undefined
  readonly sseKmsKeyId: string | undefined
  readonly lock?: Lock | undefined
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

export class Uploads {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Starts a multipart upload that checks a SHA-256 for each part; gives its ID, and how often it had to be asked for. */
  async create(
    key: string,
    attributes: ObjectAttributes,
    signal?: AbortSignal,
  ): Promise<{ readonly uploadId: string; readonly attempts: number }> {
    const { storageClass, metadata, sse, sseKmsKeyId, lock } = attributes
    const command = new this.#connection.sdk.CreateMultipartUploadCommand({
      Bucket: this.#connection.bucket,
      Key: key,
      ChecksumAlgorithm: 'SHA256',
      ContentType: 'application/octet-stream',
      Metadata: { ...metadata },
      // Types list the classes that the SDK's release knew; cli/settings has checked the name.
      ...(storageClass !== 'STANDARD' && { StorageClass: storageClass as 'STANDARD' }),
      ...(sse !== undefined && { ServerSideEncryption: sse as 'AES256' }),
      ...(sseKmsKeyId !== undefined && { SSEKMSKeyId: sseKmsKeyId }),
      // S3 takes no date in the past; the upload was then interrupted for longer than it should have been locked.
      ...(holds(lock, new Date()) && {
        ObjectLockMode: lock.mode,
        ObjectLockRetainUntilDate: new Date(lock.until),
      }),
    })
    const answer = await this.#connection.send({ doing: 'start an upload of', key }, signal, options =>
      this.#connection.client.send(command, options),
    )
    return { uploadId: required(answer.UploadId, 'an upload ID'), attempts: answer.$metadata.attempts ?? 1 }
  }

  /**
   * Sends one part with its SHA-256, which S3 compares with what arrives, and gives its ETag.
   * Errors come as the SDK throws them, for the caller to judge.
   */
  async sendPart(
    upload: { readonly key: string; readonly uploadId: string },
    part: { readonly number: number; readonly bytes: Uint8Array; readonly sha256: Buffer },
    signal: AbortSignal,
  ): Promise<string> {
    const command = new this.#connection.sdk.UploadPartCommand({
      Bucket: this.#connection.bucket,
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
    command.middlewareStack.add(() => args => this.#connection.lines.send(args.request, signal), inPlaceOfSending)
    const answer = await this.#connection.client.send(command, { abortSignal: signal })
    return required(answer.ETag, 'an ETag')
  }

  /** All parts of an upload, in order; null if S3 has no such upload (completed, aborted or expired). */
  async parts(key: string, uploadId: string, signal?: AbortSignal): Promise<StoredPart[] | null> {
    const parts: StoredPart[] = []
    let after: string | undefined
    do {
      const command = new this.#connection.sdk.ListPartsCommand({
        Bucket: this.#connection.bucket,
        Key: key,
        UploadId: uploadId,
        ...(after !== undefined && { PartNumberMarker: after }),
      })
      const answer = await this.#connection.send({ doing: 'list the parts of', key }, signal, options =>
        this.#connection.client.send(command, options).catch((error: unknown) => {
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
  async complete(
    upload: { readonly key: string; readonly uploadId: string },
    parts: readonly StoredPart[],
    signal?: AbortSignal,
  ): Promise<'completed' | 'exists' | 'gone'> {
    const command = new this.#connection.sdk.CompleteMultipartUploadCommand({
      Bucket: this.#connection.bucket,
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
    return this.#connection.send({ doing: 'complete the upload of', key: upload.key }, signal, options =>
      this.#connection.client.send(command, options).then(
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
  async abort(key: string, uploadId: string, signal?: AbortSignal): Promise<void> {
    const command = new this.#connection.sdk.AbortMultipartUploadCommand({
      Bucket: this.#connection.bucket,
      Key: key,
      UploadId: uploadId,
    })
    await this.#connection.send({ doing: 'abort the upload of', key }, signal, options =>
      this.#connection.client.send(command, options).catch((error: unknown) => {
        if (!isGone(error)) throw error
      }),
    )
  }

  /** Open uploads of keys that begin with `prefix`. */
  async list(prefix: string, signal?: AbortSignal): Promise<OpenUpload[]> {
    const uploads: OpenUpload[] = []
    let after: UploadMarker | undefined = {}
    while (after !== undefined) {
      const command = new this.#connection.sdk.ListMultipartUploadsCommand({
        Bucket: this.#connection.bucket,
        Prefix: prefix,
        EncodingType: 'url',
        ...after,
      })
      const answer: ListMultipartUploadsCommandOutput = await this.#connection.send(
        { doing: 'list the open uploads of' },
        signal,
        options => this.#connection.client.send(command, options),
      )
      const named = (name: string) => decodeListed(name, answer.EncodingType)
      for (const { Key, UploadId, Initiated } of answer.Uploads ?? []) {
        uploads.push({
          key: named(required(Key, 'a key')),
          uploadId: required(UploadId, 'an upload ID'),
          initiated: Initiated?.toISOString() ?? null,
        })
      }
      after = answer.IsTruncated
        ? { KeyMarker: named(answer.NextKeyMarker ?? ''), UploadIdMarker: answer.NextUploadIdMarker ?? '' }
        : undefined
    }
    return uploads
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
