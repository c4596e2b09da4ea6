/** A bucket on a test server, and objects in it that were uploaded in parts. */
import { createHash } from 'node:crypto'
import type { Edge, Volume } from '#src/chain/edge.js'
import { compositeSha256 } from '#src/store/parts.js'
import { Bucket } from '#src/store/s3.js'
import type { StoredPart } from '#src/store/uploads.js'
import type { S3Server } from '../s3/server.js'
import { edge } from '../chain/notation.js'

/** Opens the server's bucket as the commands do. A connection that is silent is given up after `timeoutMs`. */
export function openBucket(server: S3Server, timeoutMs = 10_000): Promise<Bucket> {
  Object.assign(process.env, server.env, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' })
  return Bucket.open({
    bucket: server.bucket,
    endpoint: server.url,
    region: server.region,
    profile: undefined,
    timeoutMs,
  })
}

/** Uploads `bytes` in parts, and gives the edge that the catalog would have. */
export async function storeEdge(bucket: Bucket, key: string, bytes: Buffer, partSize: number): Promise<Edge> {
  const volume = await storeVolume(bucket, key, bytes, partSize)
  return edge('a', { partSize, volumes: [volume] })
}

/** Uploads `bytes` in parts, as one object. */
export async function storeVolume(bucket: Bucket, key: string, bytes: Buffer, partSize: number): Promise<Volume> {
  const attributes = { storageClass: 'STANDARD', metadata: {}, sse: undefined, sseKmsKeyId: undefined }
  const { uploadId } = await bucket.uploads.create(key, attributes)
  const parts: StoredPart[] = []
  const digests: Buffer[] = []
  for (let from = 0; from < bytes.length; from += partSize) {
    const piece = bytes.subarray(from, from + partSize)
    const sha256 = createHash('sha256').update(piece).digest()
    const part = { number: parts.length + 1, bytes: piece, sha256 }
    const etag = await bucket.uploads.sendPart({ key, uploadId }, part, new AbortController().signal)
    parts.push({ number: part.number, bytes: piece.length, etag, sha256: sha256.toString('base64') })
    digests.push(sha256)
  }
  await bucket.uploads.complete({ key, uploadId }, parts)
  const object = await bucket.head(key)
  return { key, bytes: bytes.length, sha256: compositeSha256(digests), etag: object?.etag ?? null }
}

/** All that an async iterable gives. Node 20 has no Array.fromAsync. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** All bytes of a stream whose chunks are good for a moment only. */
export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Buffer[] = []
  for await (const chunk of chunks) copies.push(Buffer.from(chunk))
  return Buffer.concat(copies)
}
