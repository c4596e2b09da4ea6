/**
 * What others do in the bucket: `bucket.js delete KEY`, `bucket.js put KEY` with the object's bytes on stdin, and
 * `bucket.js begin KEY`, which starts a multipart upload with stdin as its first part and prints its ID and the part's ETag.
 */
import { buffer } from 'node:stream/consumers'
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'

const client = new S3Client({ forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' })
const [action = '', Key] = process.argv.slice(2)
const Bucket = process.env.ZFS2S3_BUCKET

const actions = new Map<string, () => Promise<unknown>>([
  ['delete', () => client.send(new DeleteObjectCommand({ Bucket, Key }))],
  ['put', async () => client.send(new PutObjectCommand({ Bucket, Key, Body: await buffer(process.stdin) }))],
  ['begin', begin],
])
const act = actions.get(action)
if (act === undefined) throw new Error(`what is '${action}'?`)
await act()

async function begin() {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  const part = { Bucket, Key, UploadId, PartNumber: 1, Body: await buffer(process.stdin) }
  const { ETag } = await client.send(new UploadPartCommand(part))
  process.stdout.write(`${UploadId ?? ''}\n${ETag ?? ''}\n`)
}
