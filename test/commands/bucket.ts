/**
 * What others do in the bucket: `bucket.js delete KEY`, `read KEY` to stdout, `put KEY` with the object's bytes on stdin,
 * `bucket.js begin KEY`, which starts a multipart upload with stdin as its first part and prints its ID and the part's ETag;
 * and `bucket.js api OPERATION JSON`, any other operation of the SDK. `list PREFIX` and `uploads PREFIX` print what is there,
 * with keys behind the prefix; `empty PREFIX` removes all of it.
 */
import { buffer } from 'node:stream/consumers'
import * as sdk from '@aws-sdk/client-s3'
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  ListPartsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'

const client = new S3Client({ forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' })
const [action = '', Key = '', json = '{}'] = process.argv.slice(2)
const Bucket = process.env.ZFS2S3_BUCKET ?? ''

const actions = new Map<string, () => Promise<unknown>>([
  ['delete', () => client.send(new DeleteObjectCommand({ Bucket, Key }))],
  ['read', read],
  ['put', async () => client.send(new PutObjectCommand({ Bucket, Key, Body: await buffer(process.stdin) }))],
  ['begin', begin],
  ['api', api],
  ['list', list],
  ['uploads', uploads],
  ['empty', empty],
])
const act = actions.get(action)
if (act === undefined) throw new Error(`what is '${action}'?`)
await act()

async function read() {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
  process.stdout.write((await Body?.transformToByteArray()) ?? '')
}

async function begin() {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  const part = { Bucket, Key, UploadId, PartNumber: 1, Body: await buffer(process.stdin) }
  const { ETag } = await client.send(new UploadPartCommand(part))
  process.stdout.write(`${UploadId ?? ''}\n${ETag ?? ''}\n`)
}

/** Here the second argument is the operation. */
async function api() {
  const Command = Reflect.get(sdk, `${Key}Command`) as new (input: object) => sdk.GetBucketVersioningCommand
  const input = JSON.parse(json, (name, value: unknown) =>
    name.endsWith('Date') && typeof value === 'string' ? new Date(value) : value,
  ) as object
  const answer = await client.send(new Command({ Bucket, ...input }))
  process.stdout.write(`${JSON.stringify({ ...answer, $metadata: undefined })}\n`)
}

/** As `objects` in helper.bash, as far as S3 tells. */
async function list() {
  for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix: Key })) {
    for (const { Key: key = '', Size: size, ETag: etag } of page.Contents ?? []) {
      const { Metadata, StorageClass: storageClass = 'STANDARD' } = await client.send(
        new HeadObjectCommand({ Bucket, Key: key }),
      )
      const { checksum, parts } = await attributes(key)
      const headers = Object.fromEntries(
        Object.entries(Metadata ?? {}).map(([name, value]) => [`x-amz-meta-${name}`, value]),
      )
      process.stdout.write(
        `${JSON.stringify({ key: key.slice(Key.length), size, etag, storageClass, checksum, parts, headers })}\n`,
      )
    }
  }
}

/** What only services that keep checksums tell. */
async function attributes(key: string) {
  const command = new GetObjectAttributesCommand({ Bucket, Key: key, ObjectAttributes: ['Checksum', 'ObjectParts'] })
  const { Checksum, ObjectParts } = await client
    .send(command)
    .catch(() => ({ Checksum: undefined, ObjectParts: undefined }))
  return {
    checksum: { value: Checksum?.ChecksumSHA256 },
    parts: ObjectParts?.Parts?.map(({ PartNumber, Size }) => ({ number: PartNumber, size: Size })),
  }
}

/** As `open_uploads` in helper.bash. */
async function uploads() {
  for (const upload of await openUploads()) {
    const { Parts } = await client.send(new ListPartsCommand({ Bucket, ...upload }))
    process.stdout.write(`${upload.Key.slice(Key.length)} ${Parts?.length ?? 0}\n`)
  }
}

/** One page of them. */
async function openUploads() {
  const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }))
  return (Uploads ?? []).map(upload => ({ Key: upload.Key ?? '', UploadId: upload.UploadId ?? '' }))
}

/** Objects with all their versions, and uploads, page by page until nothing is left. */
async function empty() {
  if (Key === '') throw new Error('a whole bucket is not emptied')
  for (;;) {
    const open = await openUploads()
    const page = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }))
    const versions = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]
    if (open.length + versions.length === 0) return
    for (const upload of open) await client.send(new AbortMultipartUploadCommand({ Bucket, ...upload }))
    for (const { Key: key = '', VersionId } of versions) {
      await client.send(new DeleteObjectCommand({ Bucket, Key: key, VersionId }))
    }
  }
}
