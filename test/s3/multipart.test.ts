import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { CompletedPart, CreateMultipartUploadCommandInput } from '@aws-sdk/client-s3'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { after, before, beforeEach, describe, it } from 'node:test'
import { clientOf } from './client.js'
import type { S3Server } from './server.js'
import { startS3Server } from './server.js'
import { defaultSettings } from './settings.js'

const Bucket = 'zfs2s3'
let server: S3Server
let s3: ReturnType<typeof clientOf>
before(async () => {
  server = await startS3Server()
  s3 = clientOf(server)
})
beforeEach(() => Object.assign(server.settings, defaultSettings, { minPartSize: 4 }))
after(async () => {
  s3.destroy()
  await server.close()
})

const hash = (algorithm: string, ...data: (string | Buffer)[]) =>
  data.reduce((running, piece) => running.update(piece), createHash(algorithm)).digest()
const sha256 = (data: string) => hash('sha256', data).toString('base64')

async function create(Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}) {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))
  return { Bucket, Key, UploadId }
}
type Upload = Awaited<ReturnType<typeof create>>

async function upload(to: Upload, PartNumber: number, Body: string, more = {}): Promise<CompletedPart> {
  const { ETag } = await s3.send(new UploadPartCommand({ ...to, PartNumber, Body, ...more }))
  return { PartNumber, ETag }
}
const uploadChecked = async (to: Upload, PartNumber: number, Body: string): Promise<CompletedPart> => {
  const ChecksumSHA256 = sha256(Body)
  return { ...(await upload(to, PartNumber, Body, { ChecksumSHA256 })), ChecksumSHA256 }
}
const complete = (to: Upload, Parts: CompletedPart[], more = {}) =>
  s3.send(new CompleteMultipartUploadCommand({ ...to, MultipartUpload: { Parts }, ...more }))

const files = () => readdirSync(`${server.dir}/data`).length

describe('a multipart upload', () => {
  it('makes one object of its parts, with their checksums', async () => {
    const to = await create('whole', { ChecksumAlgorithm: 'SHA256', Metadata: { a: 'b' }, StorageClass: 'GLACIER_IR' })
    const parts = [await uploadChecked(to, 2, 'wxyz'), await uploadChecked(to, 1, 'abcde')].reverse()
    parts.push(await uploadChecked(to, 3, '!'))
    const { ETag, ChecksumSHA256, ChecksumType } = await complete(to, parts, { IfNoneMatch: '*' })

    const bodies = ['abcde', 'wxyz', '!']
    const composite = `${hash('sha256', ...bodies.map(body => hash('sha256', body))).toString('base64')}-3`
    const etag = `"${hash('md5', ...bodies.map(body => hash('md5', body))).toString('hex')}-3"`
    assert.deepEqual([ETag, ChecksumSHA256, ChecksumType], [etag, composite, 'COMPOSITE'])

    const object = await s3.send(new GetObjectCommand({ Bucket, Key: 'whole', ChecksumMode: 'ENABLED' }))
    assert.equal(await object.Body?.transformToString(), 'abcdewxyz!')
    assert.deepEqual(
      [object.ETag, object.ChecksumSHA256, object.Metadata, object.StorageClass],
      [etag, composite, { a: 'b' }, 'GLACIER_IR'],
    )
    assert.deepEqual(server.uploads.list(Bucket), [])
  })

  it('can be read by range across parts and by part', async () => {
    const read = async (more: object) => {
      const { Body, ...rest } = await s3.send(
        new GetObjectCommand({ Bucket, Key: 'whole', ChecksumMode: 'ENABLED', ...more }),
      )
      return { text: await Body?.transformToString(), ...rest }
    }
    assert.equal((await read({ Range: 'bytes=3-9' })).text, 'dewxyz!')
    const second = await read({ PartNumber: 2 })
    assert.deepEqual(
      [second.text, second.ContentRange, second.PartsCount, second.ChecksumSHA256],
      ['wxyz', 'bytes 5-8/10', 3, sha256('wxyz')],
    )
    await assert.rejects(read({ PartNumber: 4 }), { name: 'InvalidPartNumber' })
  })

  it('says afterwards what its parts were, page by page', async () => {
    const attributes = (more: object) =>
      s3.send(
        new GetObjectAttributesCommand({
          Bucket,
          Key: 'whole',
          ObjectAttributes: ['ObjectParts', 'Checksum', 'ObjectSize', 'ETag'],
          ...more,
        }),
      )
    const first = await attributes({ MaxParts: 2 })
    assert.equal(first.ObjectSize, 10)
    assert.equal(first.Checksum?.ChecksumSHA256?.endsWith('-3'), true)
    assert.deepEqual(
      [first.ObjectParts?.TotalPartsCount, first.ObjectParts?.IsTruncated, first.ObjectParts?.NextPartNumberMarker],
      [3, true, '2'],
    )
    const rest = await attributes({ PartNumberMarker: '2' })
    assert.deepEqual(rest.ObjectParts?.Parts, [{ PartNumber: 3, Size: 1, ChecksumSHA256: sha256('!') }])
  })

  it('lists its parts page by page, the latest of each number', async () => {
    const to = await create('parts', { ChecksumAlgorithm: 'SHA256' })
    for (const number of [3, 1, 2, 10]) await uploadChecked(to, number, `old ${number}`)
    await uploadChecked(to, 2, 'new 2')
    const first = await s3.send(new ListPartsCommand({ ...to, MaxParts: 3 }))
    assert.deepEqual(
      first.Parts?.map(part => [part.PartNumber, part.Size, part.ChecksumSHA256]),
      [1, 2, 3].map(number => [number, 5, sha256(number === 2 ? 'new 2' : `old ${number}`)]),
    )
    assert.deepEqual([first.IsTruncated, first.ChecksumAlgorithm, first.ChecksumType], [true, 'SHA256', 'COMPOSITE'])
    const rest = await s3.send(new ListPartsCommand({ ...to, PartNumberMarker: first.NextPartNumberMarker }))
    assert.deepEqual([rest.Parts?.map(part => part.PartNumber), rest.IsTruncated], [[10], false])
    await s3.send(new AbortMultipartUploadCommand(to))
    await assert.rejects(s3.send(new ListPartsCommand(to)), { name: 'NoSuchUpload' })
  })

  it('is listed with others page by page', async () => {
    const keys = ['l/a', 'l/a', 'l/b c', 'l/ü']
    const uploads = []
    for (const key of keys) uploads.push(await create(key))
    const found: (string | undefined)[] = []
    let markers = {}
    for (let more = true; more;) {
      const page = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'l/', MaxUploads: 1, ...markers }))
      found.push(...(page.Uploads ?? []).map(({ Key }) => Key))
      markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
      more = page.IsTruncated ?? false
    }
    assert.deepEqual(found, keys)
    for (const one of uploads) await s3.send(new AbortMultipartUploadCommand(one))
  })

  it('leaves no files behind when it is aborted', async () => {
    const before = files()
    const to = await create('gone')
    await upload(to, 1, 'abcd')
    await upload(to, 1, 'efgh')
    assert.equal(files(), before + 1)
    await s3.send(new AbortMultipartUploadCommand(to))
    assert.equal(files(), before)
    await assert.rejects(s3.send(new AbortMultipartUploadCommand(to)), { name: 'NoSuchUpload' })
    await assert.rejects(upload(to, 2, 'ijkl'), { name: 'NoSuchUpload' })
    assert.equal(files(), before)
  })

  it('may have a checksum over the whole object instead, which is that of an object put at once', async () => {
    const to = await create('full', { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' })
    // The check value of CRC-32: that of "123456789".
    const parts = []
    for (const [number, body] of [
      [1, '1234'],
      [2, '56789'],
    ] as const)
      parts.push(await upload(to, number, body, { ChecksumAlgorithm: 'CRC32' }))
    const { ChecksumCRC32 } = await complete(to, parts)
    assert.equal(ChecksumCRC32, Buffer.from('cbf43926', 'hex').toString('base64'))
  })
})

describe('completing is refused', () => {
  let to: Upload
  let one: CompletedPart
  let two: CompletedPart
  beforeEach(async () => {
    to = await create('refused', { ChecksumAlgorithm: 'SHA256' })
    one = await uploadChecked(to, 1, 'abcd')
    two = await uploadChecked(to, 2, 'efgh')
  })

  const cases: [what: string, parts: () => CompletedPart[], more: object, code: string][] = [
    ['in the wrong order', () => [two, one], {}, 'InvalidPartOrder'],
    ['with a part twice', () => [one, one], {}, 'InvalidPartOrder'],
    ['without parts', () => [], {}, 'MalformedXML'],
    ['with a part that was not uploaded', () => [one, { ...two, PartNumber: 3 }], {}, 'InvalidPart'],
    ['with another ETag', () => [one, { ...two, ETag: one.ETag }], {}, 'InvalidPart'],
    ['with another checksum', () => [one, { ...two, ChecksumSHA256: sha256('x') }], {}, 'InvalidPart'],
    ['without a checksum', () => [one, { ...two, ChecksumSHA256: undefined }], {}, 'InvalidRequest'],
    ['with part numbers that leave one out', () => [two], {}, 'InternalError'],
    ['with another checksum of the object', () => [one, two], { ChecksumSHA256: sha256('x') }, 'BadDigest'],
    ['with another size of the object', () => [one, two], { MpuObjectSize: 9 }, 'InvalidRequest'],
    ['with the upload of another key', () => [one, two], { Key: 'other' }, 'NoSuchUpload'],
  ]
  for (const [what, parts, more, code] of cases)
    it(what, async () => {
      await assert.rejects(complete(to, parts(), more), { name: code })
      assert.equal(server.uploads.parts(to.UploadId ?? '').length, 2)
    })

  it('over an object, if it must not be there', async () => {
    const first = await create('refused')
    await complete(first, [await upload(first, 1, 'x')])
    await assert.rejects(complete(to, [one, two], { IfNoneMatch: '*' }), { name: 'PreconditionFailed' })
    assert.equal((await server.read('refused')).toString(), 'x')
  })

  it('with a part below the minimum that is not the last', async () => {
    const short = await uploadChecked(to, 1, 'abc')
    await assert.rejects(complete(to, [short, two]), { name: 'EntityTooSmall' })
    server.settings.minPartSize = 3
    await complete(to, [short, two])
  })

  it('a second time, unless the server is told to answer as before', async () => {
    const first = await complete(to, [one, two])
    await assert.rejects(complete(to, [one, two]), { name: 'NoSuchUpload' })
    server.settings.completeAgain = true
    assert.equal((await complete(to, [one, two])).ETag, first.ETag)
    await assert.rejects(complete(to, [one]), { name: 'NoSuchUpload' })
  })
})

describe('a part is refused', () => {
  const cases: [what: string, number: number, more: object, code: string][] = [
    ['with the number 0', 0, {}, 'InvalidArgument'],
    ['with a number above the highest', 10_001, {}, 'InvalidArgument'],
    ['with the wrong SHA-256', 1, { ChecksumSHA256: sha256('x') }, 'BadDigest'],
    ['with a SHA-256 that is none', 1, { ChecksumSHA256: 'abc' }, 'InvalidRequest'],
    ["with a checksum that isn't the upload's", 1, { ChecksumAlgorithm: 'CRC32' }, 'InvalidRequest'],
    ['without a checksum', 1, {}, 'InvalidRequest'],
  ]
  for (const [what, number, more, code] of cases)
    it(what, async () => {
      const to = await create('part', { ChecksumAlgorithm: 'SHA256' })
      const before = files()
      await assert.rejects(upload(to, number, 'abcd', more), { name: code })
      assert.deepEqual(server.uploads.parts(to.UploadId ?? ''), [])
      assert.equal(files(), before)
    })

  it('above the size that one may have', async () => {
    server.settings.maxPartSize = 4
    await assert.rejects(upload(await create('part'), 1, 'abcde'), { name: 'EntityTooLarge' })
  })
})

it('services without checksums take an upload with them, and have none afterwards', async () => {
  server.settings.noChecksums = true
  const to = await create('unchecked', { ChecksumAlgorithm: 'SHA256' })
  const part = await upload(to, 1, 'abc', { ChecksumSHA256: sha256('something else') })
  const { ChecksumSHA256 } = await complete(to, [{ ...part, ChecksumSHA256: sha256('abc') }])
  assert.equal(ChecksumSHA256, undefined)
})

it('checksums that do not fit together are refused when the upload is created', async () => {
  await assert.rejects(create('x', { ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' }), {
    name: 'InvalidRequest',
  })
  await assert.rejects(create('x', { ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'COMPOSITE' }), {
    name: 'InvalidRequest',
  })
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: 'x' })), { name: 'NotFound' })
})
