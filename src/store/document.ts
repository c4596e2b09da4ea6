/** An object that is written again and again, always as a whole: the catalog's. A stream is never stored like this. */
import type { Upload } from '@aws-sdk/lib-storage'
import { failed } from '../failure.js'
import { type Connection, required } from './connection.js'
import { httpStatus, isMissing, s3Code } from './errors.js'
import { type Patience, patiently } from './patience.js'

/** In the metadata: whose truth it is. */
const roleMark = 'zfs2s3-catalog'
type Role = 'copy' | 'shared' | null

interface Version {
  readonly version: string
  readonly role: Role
}

/** The least that `Upload` takes for a part. */
const smallestPart = 5 * 2 ** 20

/** What a write rests on. */
interface Condition {
  readonly IfMatch?: string
  readonly IfNoneMatch?: string
}

export class Document {
  readonly key: string
  readonly #connection: Connection
  readonly #probeKey: string
  readonly #patience: Patience

  /** @param probeKey the object on which is tried out whether the service honours conditions */
  constructor(connection: Connection, key: string, probeKey: string, patience: Patience) {
    this.#connection = connection
    this.key = key
    this.#probeKey = probeKey
    this.#patience = patience
  }

  get title(): string {
    return `'${this.key}' in bucket ${this.#connection.bucket}`
  }

  get id(): string {
    return `${this.#connection.bucket}/${this.key}`
  }

  get service(): string {
    return this.#connection.endpoint ?? 'AWS'
  }

  /** Its version, or null if S3 says that there is none. */
  async head(): Promise<Version | null> {
    const opened = await this.#get('look at', 'bytes=0-0')
    return opened === null ? null : { version: opened.version, role: opened.role }
  }

  /** All of it, or null if S3 says that there is none. */
  async read(): Promise<(Version & { readonly text: string }) | null> {
    return this.#get('read')
  }

  /** Replaces it if it still is that version; with null, if there is none. `unable`: the service knows no such condition. */
  async replace(
    text: string,
    role: Role,
    expected: string | null,
  ): Promise<{ version: string } | 'changed' | 'unable'> {
    if (expected === null) return this.#put(this.key, text, role, { IfNoneMatch: '*' })
    const done = await this.#put(this.key, text, role, { IfMatch: expected })
    // Ceph's gateway compares letter by letter with an ETag without quotes, and says of every other one that it has changed.
    return done === 'changed' ? this.#put(this.key, text, role, { IfMatch: expected.replaceAll('"', '') }) : done
  }

  /** Replaces it, whatever it is. */
  async overwrite(text: string, role: Role): Promise<{ version: string }> {
    const done = await this.#put(this.key, text, role, {})
    if (typeof done === 'string') throw failed(`can't write ${this.title}: S3 refuses it`, 'run the command again')
    return done
  }

  /** Whether both conditions keep an object from being overwritten that is not what they say. */
  async honoursConditions(): Promise<boolean> {
    const text = 'zfs2s3 tries out here whether this service honours If-Match and If-None-Match.\n'
    const tries = [{ IfNoneMatch: '*' }, { IfNoneMatch: '*' }, { IfMatch: '"00000000000000000000000000000000"' }]
    const [, ...answers] = [
      await this.#put(this.#probeKey, text, null, tries[0] ?? {}),
      await this.#put(this.#probeKey, text, null, tries[1] ?? {}),
      await this.#put(this.#probeKey, text, null, tries[2] ?? {}),
    ]
    return answers.every(answer => answer === 'changed')
  }

  /** GET also for its version alone: a HEAD that is refused doesn't say why. */
  #get(doing: string, range?: string) {
    const command = { Bucket: this.#connection.bucket, Key: this.key, ...(range !== undefined && { Range: range }) }
    const request = async (options: { abortSignal?: AbortSignal }) => {
      try {
        const answer = await this.#connection.client.send(new this.#connection.sdk.GetObjectCommand(command), options)
        const bytes = await required(answer.Body, 'a body').transformToByteArray()
        return { answer, bytes }
      } catch (error) {
        if (isMissing(error)) return null
        throw error
      }
    }
    return patiently(async () => {
      const read = await this.#connection.send({ doing, key: this.key }, this.#patience.signal, request)
      if (read === null) return null
      const mark = read.answer.Metadata?.[roleMark]
      const role: Role = mark === 'copy' || mark === 'shared' ? mark : null
      return { version: required(read.answer.ETag, 'an ETag'), role, text: this.#textOf(read.bytes) }
    }, this.#patience)
  }

  #textOf(bytes: Uint8Array): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch (error) {
      throw failed(`${this.title} is damaged: it is not text`, 'see what it is; it is not overwritten', error)
    }
  }

  async #put(key: string, text: string, role: Role, condition: Condition) {
    const { Upload } = await import('@aws-sdk/lib-storage')
    const { signal } = this.#patience
    return patiently(async () => {
      const abortController = new AbortController()
      const stop = () => abortController.abort()
      signal.addEventListener('abort', stop)
      try {
        const body = Buffer.from(text)
        const upload: Upload = new Upload({
          client: this.#connection.client,
          abortController,
          // In one request, however long: only such a one needs no right but s3:PutObject, and leaves nothing behind.
          partSize: Math.max(body.length, smallestPart),
          params: {
            Bucket: this.#connection.bucket,
            Key: key,
            Body: body,
            ContentType: 'application/yaml',
            // Never archived, whatever the streams are: it is what a restore begins with.
            StorageClass: 'STANDARD',
            // Buckets that lock what is new ask for a checksum (S3 API: PutObject).
            ChecksumAlgorithm: 'SHA256',
            ...(role !== null && { Metadata: { [roleMark]: role } }),
            ...condition,
          },
        })
        const answer = await this.#connection.send({ doing: 'write', key }, signal, async () => {
          try {
            return await upload.done()
          } catch (error) {
            const refusal = conditionRefused(error, condition)
            if (refusal !== null) return refusal
            throw error
          }
        })
        return typeof answer === 'string' ? answer : { version: required(answer.ETag, 'an ETag') }
      } finally {
        signal.removeEventListener('abort', stop)
      }
    }, this.#patience)
  }
}

/** What S3 says where a condition doesn't hold (S3 User Guide: Conditional writes), and services that know none. */
function conditionRefused(error: unknown, { IfMatch, IfNoneMatch }: Condition): 'changed' | 'unable' | null {
  if (IfMatch === undefined && IfNoneMatch === undefined) return null
  const status = httpStatus(error)
  if (status === 412) return 'changed'
  if (status === 409 && s3Code(error) === 'ConditionalRequestConflict') return 'changed'
  if (status === 404 && IfMatch !== undefined && isMissing(error)) return 'changed'
  if (status === 501 || (status === 400 && s3Code(error) === 'NotImplemented')) return 'unable'
  return null
}
