import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import type { S3ServiceException } from '@aws-sdk/client-s3'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { clientOf } from './client.js'
import { startS3Server } from './server.js'
import type { S3Server } from './server.js'

const Bucket = 'zfs2s3'
let server: S3Server
let s3: ReturnType<typeof clientOf>
before(async () => {
  server = await startS3Server()
  s3 = clientOf(server)
})
after(async () => {
  s3.destroy()
  await server.close()
})

const put = (Key: string, Body: string | Uint8Array = Key, more = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const text = async (Key: string, more = {}) => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
  return (await Body?.transformToString()) ?? assert.fail('no body')
}
const sha256 = (data: string) => createHash('sha256').update(data).digest('base64')

const isStatus = (status: number) => (error: S3ServiceException) => error.$metadata.httpStatusCode === status

describe('an object', () => {
  it('comes back with its bytes, its metadata and its MD5 sum', async () => {
    await put('plain', 'hello', { Metadata: { 'zfs2s3-guid': '1' }, ContentType: 'text/plain' })
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'plain' }))
    assert.equal(await text('plain'), 'hello')
    assert.deepEqual(
      [head.ContentLength, head.ETag, head.Metadata, head.ContentType, head.ServerSideEncryption, head.StorageClass],
      [5, '"5d41402abc4b2a76b9719d911017c592"', { 'zfs2s3-guid': '1' }, 'text/plain', 'AES256', undefined],
    )
  })

  it('can have any key', async () => {
    const odd = [
      'a b',
      'tank/home@b <- tank/home@a',
      'a//b',
      '/',
      '../../etc/passwd',
      'ü/😀',
      '#?&=+%25%',
      '\t\r\n<"\'>',
    ]
    for (const key of odd) await put(key)
    for (const key of odd) assert.equal(await text(key), key)
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }), async key => {
        await put(key)
        assert.equal(await text(key), key)
        await s3.send(new DeleteObjectCommand({ Bucket, Key: key }))
      }),
      { numRuns: 30 },
    )
  })

  it('with a key of 1024 bytes is the longest', async () => {
    await put('ü'.repeat(512))
    await assert.rejects(put(`${'ü'.repeat(512)}x`), { name: 'KeyTooLongError' })
  })

  const conditions: [what: string, more: object, error: string | null][] = [
    ['If-None-Match: * over an object', { IfNoneMatch: '*' }, 'PreconditionFailed'],
    ['If-None-Match with an ETag', { IfNoneMatch: '"abc"' }, 'NotImplemented'],
    ['If-Match with another ETag', { IfMatch: '"abc"' }, 'PreconditionFailed'],
    ['If-Match with its ETag', { IfMatch: '"8fa14cdd754f91cc6554c9e71929cce7"' }, null],
    ['If-Match without an object', { Key: 'not there', IfMatch: '"abc"' }, 'NoSuchKey'],
    ['If-None-Match: * without an object', { Key: 'not there', IfNoneMatch: '*' }, null],
  ]
  for (const [what, more, error] of conditions)
    it(`is put with ${what}: ${error ?? 'done'}`, async () => {
      await put('conditional', 'f')
      const putting = put('conditional', 'F', more)
      await (error === null ? putting : assert.rejects(putting, { name: error }))
      assert.equal(await text('conditional'), error === null && !('Key' in more) ? 'F' : 'f')
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'not there' }))
    })

  it('is put under any condition where conditions are not known', async () => {
    await put('unconditional', 'a')
    server.settings.noConditionalWrites = true
    await put('unconditional', 'b', { IfNoneMatch: '*' })
    server.settings.noConditionalWrites = false
    assert.equal(await text('unconditional'), 'b')
  })
})

describe('reading', () => {
  const ranges: [range: string, bytes: string | null][] = [
    ['bytes=0-0', 'f'],
    ['bytes=2-4', 'nge'],
    ['bytes=5-', 'rs'],
    ['bytes=-2', 'rs'],
    ['bytes=-100', 'fingers'],
    ['bytes=6-100', 's'],
    ['bytes=7-', null],
    ['bytes=7-8', null],
    ['bytes=-0', null],
  ]
  for (const [Range, bytes] of ranges)
    it(`${Range} of seven bytes is ${bytes ?? 'refused'}`, async () => {
      await put('seven', 'fingers')
      const reading = s3.send(new GetObjectCommand({ Bucket, Key: 'seven', Range }))
      if (bytes === null) return assert.rejects(reading, { name: 'InvalidRange' })
      const { Body, ContentRange, $metadata } = await reading
      const start = 'fingers'.lastIndexOf(bytes)
      assert.equal(await Body?.transformToString(), bytes)
      assert.equal($metadata.httpStatusCode, 206)
      assert.equal(ContentRange, `bytes ${start}-${start + bytes.length - 1}/7`)
    })

  for (const Range of ['bytes=3-2', 'bytes=0-1,3-4', 'pages=1-2', 'bytes=-'])
    it(`${Range} is no range, and everything is answered`, async () =>
      assert.equal(await text('seven', { Range }), 'fingers'))

  it('an object without bytes has no range', async () => {
    await put('empty', '')
    assert.equal(await text('empty'), '')
    await assert.rejects(text('empty', { Range: 'bytes=0-' }), { name: 'InvalidRange' })
  })

  it('If-Match refuses another object, If-None-Match the same', async () => {
    const { ETag } = await put('seven', 'fingers')
    assert.equal(await text('seven', { IfMatch: ETag }), 'fingers')
    await assert.rejects(text('seven', { IfMatch: '"other"' }), { name: 'PreconditionFailed' })
    await assert.rejects(text('seven', { IfNoneMatch: ETag }), isStatus(304))
  })

  it('what is not there is NoSuchKey, or just 404 for HEAD', async () => {
    await assert.rejects(text('nothing'), { name: 'NoSuchKey' })
    await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: 'nothing' })), { name: 'NotFound' })
    await assert.rejects(text('seven', { Bucket: 'nowhere' }), { name: 'NoSuchBucket' })
  })

  it('the checksum is answered for all of the object, if it is asked for', async () => {
    await put('checked', 'abc', { ChecksumSHA256: sha256('abc') })
    const read = async (more: object) =>
      (await s3.send(new GetObjectCommand({ Bucket, Key: 'checked', ...more }))).ChecksumSHA256
    assert.equal(await read({ ChecksumMode: 'ENABLED' }), sha256('abc'))
    assert.equal(await read({ ChecksumMode: 'ENABLED', Range: 'bytes=0-1' }), undefined)
    assert.equal(await read({}), undefined)
  })

  it('services without checksums neither look at them nor keep them', async () => {
    server.settings.noChecksums = true
    await put('checked', 'abc', { ChecksumSHA256: sha256('something else') })
    server.settings.noChecksums = false
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'checked', ChecksumMode: 'ENABLED' }))
    assert.equal(head.ChecksumSHA256, undefined)
  })
})

describe('lists', () => {
  const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'b0', 'ü', '\uffee', '😀']
  before(async () => {
    server.objects.createBucket('lists', 0, false)
    for (const Key of keys) await put(Key, 'x', { Bucket: 'lists' })
  })

  async function list(more: object): Promise<string[]> {
    const found: string[] = []
    let ContinuationToken: string | undefined
    do {
      const page = await s3.send(new ListObjectsV2Command({ Bucket: 'lists', ContinuationToken, ...more }))
      const names = [...(page.Contents ?? []).map(o => o.Key), ...(page.CommonPrefixes ?? []).map(p => p.Prefix)]
      found.push(...names.map(name => name ?? ''))
      ContinuationToken = page.NextContinuationToken
      assert.equal(page.IsTruncated, ContinuationToken !== undefined)
      assert.equal(page.KeyCount, names.length)
    } while (ContinuationToken !== undefined)
    return found
  }

  const cases: [what: string, more: object, keys: string[]][] = [
    ['everything', {}, keys],
    ['a prefix', { Prefix: 'b/' }, ['b/1', 'b/2', 'b/c/3']],
    ['a delimiter', { Delimiter: '/' }, ['a', 'b/', 'b0', 'ü', '\uffee', '😀']],
    ['a prefix and a delimiter', { Prefix: 'b/', Delimiter: '/' }, ['b/1', 'b/2', 'b/c/']],
    ['what comes after a key', { StartAfter: 'b/2' }, keys.slice(3)],
    ['nothing', { Prefix: 'zzz' }, []],
  ]
  for (const [what, more, expected] of cases)
    for (const MaxKeys of [1, 2, 3, 1000])
      it(`of ${what} by ${MaxKeys}`, async () =>
        assert.deepEqual((await list({ ...more, MaxKeys })).sort(), [...expected].sort()))

  it('are in the order of UTF-8', async () => assert.deepEqual(await list({}), keys))

  it('have no more entries than the server allows', async () => {
    server.settings.maxKeys = 3
    const page = await s3.send(new ListObjectsV2Command({ Bucket: 'lists' }))
    server.settings.maxKeys = 1000
    assert.deepEqual([page.KeyCount, page.MaxKeys, page.IsTruncated], [3, 3, true])
  })

  it('encode keys if they are asked to', async () => {
    await put('x y+z/%<', 'x', { Bucket: 'lists' })
    const page = await s3.send(new ListObjectsV2Command({ Bucket: 'lists', Prefix: 'x ', EncodingType: 'url' }))
    assert.deepEqual(
      page.Contents?.map(o => o.Key),
      ['x+y%2Bz/%25%3C'],
    )
  })

  it('refuse a token that is none', async () =>
    assert.rejects(s3.send(new ListObjectsV2Command({ Bucket: 'lists', ContinuationToken: 'x' })), {
      name: 'InvalidArgument',
    }))
})

describe('deleting', () => {
  it('what is not there is no error', async () => {
    const { $metadata } = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'never there' }))
    assert.equal($metadata.httpStatusCode, 204)
  })

  it('only what it is believed to be', async () => {
    const { ETag } = await put('doomed', 'x')
    const remove = (IfMatch: string | undefined) => s3.send(new DeleteObjectCommand({ Bucket, Key: 'doomed', IfMatch }))
    await assert.rejects(remove('"other"'), { name: 'PreconditionFailed' })
    await remove(ETag)
    await assert.rejects(text('doomed'), { name: 'NoSuchKey' })
  })

  it('several at once', async () => {
    for (const key of ['1', '2', '3']) await put(key)
    const Objects = [{ Key: '1' }, { Key: '2', ETag: 'other' }, { Key: 'not there' }]
    const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    assert.deepEqual(
      Deleted?.map(o => o.Key),
      ['1', 'not there'],
    )
    assert.deepEqual(
      Errors?.map(o => [o.Key, o.Code]),
      [['2', 'PreconditionFailed']],
    )
    assert.deepEqual([await text('2'), await text('3')], ['2', '3'])
  })
})
