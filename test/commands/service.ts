/**
 * What an S3 service lacks, as words on one line, for tests that need it (`needs_s3` in helper.bash): found out with small
 * objects under the prefix that is the only argument. They are left there.
 */
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3'

const client = new S3Client({ forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED', maxAttempts: 1 })
const [prefix = ''] = process.argv.slice(2)
const Bucket = process.env.ZFS2S3_BUCKET
const Body = 'a'

/** Each with what is tried: false, or an error of the service, means that it lacks it. */
const abilities: readonly (readonly [what: string, has: () => Promise<boolean>])[] = [
  ['storage-classes', async () => (await put('class', { StorageClass: 'STANDARD_IA' })).StorageClass === 'STANDARD_IA'],
  ['archive', archives],
  ['checksums', async () => (await multipart('sum')).ChecksumSHA256 !== undefined],
  ['conditional-put', async () => fails(await put('put'), put('put', { IfNoneMatch: '*' }))],
  ['conditional-complete', async () => fails(await put('complete'), multipart('complete', { IfNoneMatch: '*' }))],
]
const head = (key: string) => client.send(new HeadObjectCommand({ Bucket, Key: prefix + key, ChecksumMode: 'ENABLED' }))

async function put(key: string, more: { StorageClass?: 'STANDARD_IA' | 'GLACIER'; IfNoneMatch?: string } = {}) {
  await client.send(new PutObjectCommand({ Bucket, Key: prefix + key, Body, ...more }))
  return head(key)
}

async function multipart(key: string, more: { IfNoneMatch?: string } = {}) {
  const object = { Bucket, Key: prefix + key }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm: 'SHA256' }))
  const part = { PartNumber: 1, ChecksumSHA256: 'ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=' }
  const { ETag } = await client.send(new UploadPartCommand({ ...object, UploadId, Body, ...part }))
  const MultipartUpload = { Parts: [{ ETag, ...part }] }
  await client.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload, ...more }))
  return head(key)
}

async function archives() {
  const { StorageClass } = await put('cold', { StorageClass: 'GLACIER' })
  await client.send(new RestoreObjectCommand({ Bucket, Key: `${prefix}cold`, RestoreRequest: { Days: 1 } }))
  return StorageClass === 'GLACIER'
}

/** Whether the service refuses the second, after something that it did not. */
const fails = async (_first: unknown, second: Promise<unknown>) => (await orRefused(second)) === 'refused'

/** What comes of it; what goes wrong otherwise than by the service's refusal is thrown. */
const orRefused = <T>(doing: Promise<T>) =>
  doing.catch((error: unknown) => {
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode !== undefined) return 'refused' as const
    throw error
  })

const lacking: string[] = []
for (const [what, has] of abilities) if ((await orRefused(has())) !== true) lacking.push(what)
process.stdout.write(`${lacking.join(' ')}\n`)
