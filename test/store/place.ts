/** An S3 server, a bucket in it and an upload's ledger, for one test. */
import type { TestContext } from 'node:test'
import { Ledger } from '#src/store/ledger.js'
import type { UploadHeader } from '#src/store/notes.js'
import { cutIntoParts } from '#src/store/parts.js'
import { Pieces } from '#src/stream/pieces.js'
import { Bucket } from '#src/store/s3.js'
import { reconcile } from '#src/store/reconcile.js'
import { sendParts } from '#src/store/upload.js'
import { temporary } from '../catalog/temporary.js'
import { type S3Server, startS3Server } from '../s3/server.js'

/** Bytes of a part in these tests, which the server is told to accept. */
export const partSize = 1000

/** What begins an upload. */
export const header: Omit<UploadHeader, 'event' | 'version' | 'id'> = {
  started: '2026-01-01T00:00:00Z',
  bucket: 'zfs2s3',
  key: 'tank/home@a',
  snapshot: { name: 'tank/home@a', guid: '1' },
  base: null,
  storageClass: 'STANDARD',
  sse: undefined,
  sseKmsKeyId: undefined,
  filter: null,
  held: false,
  check: 'records',
  begin: null,
  metadata: { 'zfs2s3-snapshot': 'tank/home@a' },
  partSize,
  partsPerVolume: 10_000,
}

export interface Place {
  readonly server: S3Server
  readonly bucket: Bucket
  readonly dataDir: string
}

/** `timeoutMs`: how long a connection may be silent. */
export async function openPlace(test: TestContext, timeoutMs = 60_000): Promise<Place> {
  const server = await startS3Server({ settings: { minPartSize: 1 } })
  Object.assign(process.env, server.env, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' })
  const place = { bucket: server.bucket, endpoint: server.url, region: server.region, profile: undefined, timeoutMs }
  const bucket = await Bucket.open(place)
  test.after(async () => {
    bucket.close()
    await server.close()
  })
  return { server, bucket, dataDir: await temporary(test) }
}

/** Bytes that differ from part to part. */
export const streamOf = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) % 251))

export const patience = { retryForMs: 20_000, signal: new AbortController().signal }

export interface Sending {
  readonly retryForMs?: number
  readonly signal?: AbortSignal
  readonly concurrency?: number
  /** What ends the stream when a part fails; by default nothing has to. */
  readonly stop?: () => void
}

/** Sends `chunks` through the ledger's upload, comparing with S3 before. Gives how many parts had to be sent. */
export async function send(
  { bucket }: Place,
  ledger: Ledger,
  chunks: AsyncIterable<Uint8Array> | Uint8Array,
  options: Sending = {},
): Promise<number> {
  const stream = chunks instanceof Uint8Array ? once(chunks) : chunks
  let sent = 0
  const onPart = (_: number, wasSent: boolean) => {
    if (wasSent) sent += 1
  }
  const signal = options.signal ?? patience.signal
  const inS3 = await reconcile(bucket, ledger, signal)
  await sendParts(
    bucket,
    ledger,
    cutIntoParts(stream, Pieces.anywhere(partSize), 1, () => null),
    inS3,
    { ...patience, concurrency: 3, stop: () => undefined, ...options, onPart },
  )
  return sent
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}

/** The one ledger in a data directory, read again as another process would. */
export async function readAgain(test: TestContext, dataDir: string): Promise<Ledger> {
  const [ledger] = await Ledger.all(dataDir)
  if (ledger === undefined) throw new Error('there is no ledger')
  test.after(() => ledger.close())
  return ledger
}
