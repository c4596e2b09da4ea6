/**
 * What others do in the bucket: `bucket.js delete KEY`, `bucket.js put KEY` with the object's bytes on stdin,
 * `bucket.js begin KEY`, which starts a multipart upload with stdin as its first part and prints its ID and the part's ETag;
 * and `bucket.js api OPERATION JSON`, any other operation of the SDK.
 */
import { buffer } from 'node:stream/consumers'
import * as sdk from '@aws-sdk/client-s3'
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'

const client = new S3Client({ forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' })
const [action = '', Key, json = '{}'] = process.argv.slice(2)
const Bucket = process.env.ZFS2S3_BUCKET

const actions = new Map<string, () => Promise<unknown>>([
  ['delete', () => client.send(new DeleteObjectCommand({ Bucket, Key }))],
  ['put', async () => client.send(new PutObjectCommand({ Bucket, Key, Body: await buffer(process.stdin) }))],
  ['begin', begin],
  ['api', api],
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

/** Here the second argument is the operation. */
async function api() {
  const Command = Reflect.get(sdk, `${Key ?? ''}Command`) as new (input: object) => sdk.GetBucketVersioningCommand
  const input = JSON.parse(json, (name, value: unknown) =>
    name.endsWith('Date') && typeof value === 'string' ? new Date(value) : value,
  ) as object
  const answer = await client.send(new Command({ Bucket, ...input }))
  process.stdout.write(`${JSON.stringify({ ...answer, $metadata: undefined })}\n`)
}
