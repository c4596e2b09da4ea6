/** How requests to one bucket are sent: with the SDK's client, and with every error as a Failure that names the bucket. */
import type { S3Client } from '@aws-sdk/client-s3'
import { failed } from '../failure.js'
import { type BucketPlace, openClient, type OpenClient, type Sdk } from './client.js'
import { type Asked, s3Failure } from './errors.js'
import type { Lines } from './lines.js'

/** What a request is about, for messages: `put part 3 of` and a key. */
export type Doing = Pick<Asked, 'doing' | 'key'>

export class Connection {
  readonly bucket: string
  readonly endpoint: string | undefined
  readonly sdk: Sdk
  readonly client: S3Client
  /** On which parts and ranges travel. */
  readonly lines: Lines

  private constructor({ sdk, client, lines }: OpenClient, { bucket, endpoint }: BucketPlace) {
    this.sdk = sdk
    this.client = client
    this.lines = lines
    this.bucket = bucket
    this.endpoint = endpoint
  }

  /** Loads the SDK and makes a client. Asks the network nothing. */
  static async open(place: BucketPlace): Promise<Connection> {
    return new Connection(await openClient(place), place)
  }

  /** Frees its sockets. */
  close(): void {
    this.client.destroy()
    this.lines.destroy()
  }

  /** What `request` gives; what it throws comes as a Failure. */
  async send<T>(
    doing: Doing,
    signal: AbortSignal | undefined,
    request: (options: { abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    try {
      return await request(signal === undefined ? {} : { abortSignal: signal })
    } catch (error) {
      throw this.failure(error, doing, signal)
    }
  }

  /** An error of a request on this bucket as a Failure. */
  failure(error: unknown, doing: Doing, signal?: AbortSignal): unknown {
    return s3Failure(error, { ...doing, bucket: this.bucket, endpoint: this.endpoint }, signal)
  }
}

/** Where a middleware stands in for the SDK's own way to send a request: innermost, so that each try passes through it. */
export const inPlaceOfSending = { step: 'deserialize', priority: 'low' } as const

/** A field of an answer that S3 always sends. Throws a Failure where a service has left it out. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw failed(`the service answered without ${what}`, 'it does not speak S3 well enough')
  return value
}
