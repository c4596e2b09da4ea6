/**
 * The SDK's client, set up as this project needs it. The only file that makes one. The SDK is loaded when the first bucket
 * is opened, so that commands that need no S3 start quickly.
 */
import type { S3Client } from '@aws-sdk/client-s3'
import { Lines } from './lines.js'
import { Pace } from './pace.js'

/** Where a bucket is; the same fields as in cli/settings. */
export interface BucketPlace {
  readonly bucket: string
  readonly endpoint: string | undefined
  readonly region: string | undefined
  readonly profile: string | undefined
  /** How long a connection may be silent, in milliseconds. */
  readonly timeoutMs: number
  /** Bytes a second, up and down, that all requests together may take; as many as go if left out. */
  readonly limitRate?: number | undefined
}

export type Sdk = typeof import('@aws-sdk/client-s3')

export interface OpenClient {
  readonly sdk: Sdk
  readonly client: S3Client
  /** On which its parts and ranges travel. */
  readonly lines: Lines
}

/** Loads the SDK and makes a client. Asks the network nothing. */
export async function openClient(place: BucketPlace): Promise<OpenClient> {
  const { endpoint, region, profile, timeoutMs, limitRate } = place
  const pace = limitRate === undefined ? null : new Pace(limitRate)
  const connectMs = Math.min(timeoutMs, 10_000)
  const sdk = await import('@aws-sdk/client-s3')
  const make = (configured: string | undefined) =>
    new sdk.S3Client({
      ...(configured !== undefined && { region: configured }),
      ...(profile !== undefined && { profile }),
      // Other services seldom have a DNS name for each bucket.
      ...(endpoint !== undefined && { endpoint, forcePathStyle: !endpoint.includes('.amazonaws.com') }),
      followRegionRedirects: true,
      // Parts carry the SHA-256 that we compute anyway; a CRC32 on top breaks other services (aws/aws-sdk-js-v3#6810).
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // Only parts are long enough, and those are sent by `Lines`.
      expectContinueHeader: false,
      logger: silent,
      requestHandler: {
        connectionTimeout: connectMs,
        socketTimeout: timeoutMs,
        // Each command bounds itself what it has in flight; the SDK's own bound of 50 would make requests wait unseen.
        httpAgent: { maxSockets: Infinity },
        httpsAgent: { maxSockets: Infinity },
      },
    })
  const asConfigured = make(region)
  // As the Python tool's boto3: no region at all means the one that every AWS account has, and S3 says where to go.
  const hasRegion = await asConfigured.config.region().then(
    () => true,
    () => false,
  )
  const client = hasRegion ? asConfigured : make('us-east-1')
  return { sdk, client, lines: new Lines({ connectMs, timeoutMs, pace }) }
}

const nothing = () => undefined
/** stderr is ours: the SDK would write there what the user can do nothing about, as that two sources of credentials are set. */
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing }
