/**
 * What a service honours of what zfs2s3 relies on, tried out on an object of its own: written, looked at and deleted again.
 */
import { createHash } from 'node:crypto'
import type { Connection } from './connection.js'
import { httpStatus, s3Code } from './errors.js'
import { compositeSha256 } from './parts.js'

/** Whether the service does what it is asked; a text says why that isn't known. */
export type Honoured = boolean | string

export interface Probed {
  /** The SHA-256 of an object that was uploaded in parts is kept, and told. */
  readonly checksums: Honoured
  /** Completing an upload with `If-None-Match: *` leaves alone an object that is there. */
  readonly completeIfNone: Honoured
  /** So does PutObject. */
  readonly putIfNone: Honoured
  /** PutObject with `If-Match` replaces only the object that was meant. */
  readonly putIfMatch: Honoured
  /** Why the object could not be deleted; null if it was. */
  readonly left: string | null
}

/** `key` must be one that nothing else can have. Throws what the SDK throws if not even that object can be uploaded. */
export async function probe(connection: Connection, key: string, signal: AbortSignal): Promise<Probed> {
  const trial = new Trial(connection, key, signal)
  let answers
  try {
    await trial.upload()
    answers = {
      checksums: await trial.keepsChecksum(),
      completeIfNone: await refuses(() => trial.upload('*')),
      putIfNone: await refuses(() => trial.put({ IfNoneMatch: '*' })),
      putIfMatch: await refuses(() => trial.put({ IfMatch: `"${'0'.repeat(32)}"` })),
    }
  } catch (error) {
    // What went wrong first is what is said.
    await trial.removeAll().catch(() => undefined)
    throw error
  }
  const left = await trial.removeAll().then(() => null, s3Code)
  return { ...answers, left }
}

/** Whether a request that must not succeed is refused as S3 refuses it (412). */
async function refuses(request: () => Promise<unknown>): Promise<Honoured> {
  try {
    await request()
    return false
  } catch (error) {
    const status = httpStatus(error)
    if (status === undefined) throw error
    if (status === 412) return true
    // What the service says that it doesn't know it doesn't honour.
    return s3Code(error) === 'NotImplemented' ? false : `${status} ${s3Code(error)}`
  }
}

const content = Buffer.from('zfs2s3-doctor tries out here what the service honours. This object may be deleted.\n')
const digest = createHash('sha256').update(content).digest()

class Trial {
  readonly #connection: Connection
  readonly #address: { readonly Bucket: string; readonly Key: string }
  readonly #options: { readonly abortSignal: AbortSignal }
  /** Undefined where the bucket keeps no versions. */
  readonly #written = new Set<string | undefined>()

  constructor(connection: Connection, key: string, signal: AbortSignal) {
    this.#connection = connection
    this.#address = { Bucket: connection.bucket, Key: key }
    this.#options = { abortSignal: signal }
  }

  /** Writes the object as streams are written: in parts. */
  async upload(ifNoneMatch?: string): Promise<void> {
    const { sdk, client } = this.#connection
    const begin = new sdk.CreateMultipartUploadCommand({ ...this.#address, ChecksumAlgorithm: 'SHA256' })
    const { UploadId } = await client.send(begin, this.#options)
    const ChecksumSHA256 = digest.toString('base64')
    try {
      const part = { ...this.#address, UploadId, PartNumber: 1, Body: content, ChecksumSHA256 }
      const { ETag } = await client.send(new sdk.UploadPartCommand(part), this.#options)
      const end = new sdk.CompleteMultipartUploadCommand({
        ...this.#address,
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag, ChecksumSHA256 }] },
        ...(ifNoneMatch !== undefined && { IfNoneMatch: ifNoneMatch }),
      })
      this.#written.add((await client.send(end, this.#options)).VersionId)
    } catch (error) {
      await client.send(new sdk.AbortMultipartUploadCommand({ ...this.#address, UploadId }), this.#options)
      throw error
    }
  }

  async put(condition: { readonly IfNoneMatch: string } | { readonly IfMatch: string }): Promise<void> {
    const { sdk, client } = this.#connection
    const command = new sdk.PutObjectCommand({ ...this.#address, Body: content, ...condition })
    this.#written.add((await client.send(command, this.#options)).VersionId)
  }

  async keepsChecksum(): Promise<boolean> {
    const { sdk, client } = this.#connection
    const command = new sdk.HeadObjectCommand({ ...this.#address, ChecksumMode: 'ENABLED' })
    return (await client.send(command, this.#options)).ChecksumSHA256 === compositeSha256([digest])
  }

  /** Deletes what was written here and nothing else: where versions are kept, each by its ID. */
  async removeAll(): Promise<void> {
    const { sdk, client } = this.#connection
    for (const VersionId of this.#written) {
      await client.send(new sdk.DeleteObjectCommand({ ...this.#address, VersionId }), this.#options)
    }
  }
}
