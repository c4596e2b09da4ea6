import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  RestoreObjectCommand,
} from '@aws-sdk/client-s3'
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

describe('a versioned bucket', () => {
  const Versioned = 'versioned'
  before(async () => {
    server.objects.createBucket(Versioned, 0, true)
    await s3.send(new PutBucketVersioningCommand({ Bucket: Versioned, VersioningConfiguration: { Status: 'Enabled' } }))
  })

  it('keeps every version behind a delete marker, until it is deleted by its id', async () => {
    const one = await put('k', 'one', { Bucket: Versioned })
    const two = await put('k', 'two', { Bucket: Versioned })
    const marker = await s3.send(new DeleteObjectCommand({ Bucket: Versioned, Key: 'k' }))
    assert.equal(marker.DeleteMarker, true)
    await assert.rejects(text('k', { Bucket: Versioned }), { name: 'NoSuchKey' })
    await assert.rejects(text('k', { Bucket: Versioned, VersionId: marker.VersionId }), { name: 'MethodNotAllowed' })
    assert.equal(await text('k', { Bucket: Versioned, VersionId: one.VersionId }), 'one')
    const list = await s3.send(new ListObjectVersionsCommand({ Bucket: Versioned }))
    assert.deepEqual(
      list.Versions?.map(v => [v.VersionId, v.IsLatest]),
      [
        [two.VersionId, false],
        [one.VersionId, false],
      ],
    )
    assert.deepEqual(
      list.DeleteMarkers?.map(v => [v.VersionId, v.IsLatest]),
      [[marker.VersionId, true]],
    )
    await s3.send(new DeleteObjectCommand({ Bucket: Versioned, Key: 'k', VersionId: marker.VersionId }))
    assert.equal(await text('k', { Bucket: Versioned }), 'two')
    await assert.rejects(text('k', { Bucket: Versioned, VersionId: 'x' }), { name: 'NoSuchVersion' })
  })

  it('lists versions page by page', async () => {
    for (const key of ['p1', 'p1', 'p1', 'p2']) await put(key, 'x', { Bucket: Versioned })
    const found: (string | undefined)[] = []
    let markers = {}
    for (let more = true; more;) {
      const page = await s3.send(
        new ListObjectVersionsCommand({ Bucket: Versioned, Prefix: 'p', MaxKeys: 1, ...markers }),
      )
      found.push(...(page.Versions ?? []).map(version => version.Key))
      markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
      more = page.IsTruncated ?? false
    }
    assert.deepEqual(found, ['p1', 'p1', 'p1', 'p2'])
  })

  it('does not delete a version that is locked', async () => {
    const lock = {
      Bucket: Versioned,
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: new Date(Date.now() + 3_600_000),
    }
    await assert.rejects(put('locked', 'x', lock), { name: 'InvalidRequest' })
    const { VersionId } = await put('locked', 'x', { ...lock, ChecksumSHA256: sha256('x') })
    const remove = (more = {}) =>
      s3.send(new DeleteObjectCommand({ Bucket: Versioned, Key: 'locked', VersionId, ...more }))
    await assert.rejects(remove(), { name: 'AccessDenied' })
    const Mode = 'COMPLIANCE'
    const RetainUntilDate = new Date(Date.now() + 7_200_000)
    const target = { Bucket: Versioned, Key: 'locked' }
    await s3.send(new PutObjectRetentionCommand({ ...target, Retention: { Mode, RetainUntilDate } }))
    const { Retention } = await s3.send(new GetObjectRetentionCommand(target))
    assert.deepEqual(Retention, { Mode, RetainUntilDate })
    await assert.rejects(remove({ BypassGovernanceRetention: true }), { name: 'AccessDenied' })
    server.settings.skewMs = 7_300_000
    const late = clientOf(server)
    const removeLate = () => late.send(new DeleteObjectCommand({ Bucket: Versioned, Key: 'locked', VersionId }))
    // The SDK sets its clock by the Date of the refusal.
    await assert.rejects(removeLate(), { name: 'RequestTimeTooSkewed' })
    await removeLate()
    late.destroy()
    server.settings.skewMs = 0
  })
})

describe('an archived object', () => {
  const Key = 'frozen'
  const restore = (Days: number, Tier?: 'Expedited') =>
    s3.send(new RestoreObjectCommand({ Bucket, Key, RestoreRequest: { Days, GlacierJobParameters: Tier && { Tier } } }))
  const head = () => s3.send(new HeadObjectCommand({ Bucket, Key }))
  const thawing = () => head().then(({ Restore }) => Restore)

  it('can be read only after it was restored', async () => {
    await put(Key, 'ice', { StorageClass: 'DEEP_ARCHIVE' })
    server.settings.restoreMs = 3_600_000
    await assert.rejects(text(Key), { name: 'InvalidObjectState' })
    await assert.rejects(restore(1, 'Expedited'), { name: 'InvalidArgument' })
    assert.equal((await head()).StorageClass, 'DEEP_ARCHIVE')
    assert.equal(await thawing(), undefined)
    assert.equal((await restore(2)).$metadata.httpStatusCode, 202)
    assert.equal(await thawing(), 'ongoing-request="true"')
    await assert.rejects(text(Key), { name: 'InvalidObjectState' })
    await assert.rejects(restore(2), { name: 'RestoreAlreadyInProgress' })
    await server.alter({ key: Key, restore: 'finish' })
    assert.match(
      (await thawing()) ?? '',
      /^ongoing-request="false", expiry-date="\w{3}, \d\d \w{3} \d{4} 00:00:00 GMT"$/,
    )
    assert.equal(await text(Key), 'ice')
    assert.equal((await restore(3)).$metadata.httpStatusCode, 200)
    await server.alter({ key: Key, restore: 'expire' })
    await assert.rejects(text(Key), { name: 'InvalidObjectState' })
  })

  it('is restored after its time', async () => {
    server.settings.restoreMs = 0
    await restore(1)
    assert.equal(await text(Key), 'ice')
  })

  it('cannot be restored if it is not archived', async () => {
    await server.alter({ key: Key, storageClass: 'STANDARD' })
    await assert.rejects(restore(1), { name: 'InvalidObjectState' })
  })
})
