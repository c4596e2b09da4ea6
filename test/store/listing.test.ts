/** What a listing gives, and that nothing passes for an empty bucket. */
import assert from 'node:assert/strict'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, it, type TestContext } from 'node:test'
import { Failure } from '#src/failure.js'
import { decodeListed } from '#src/store/listing.js'
import { Bucket } from '#src/store/s3.js'
import { clientOf } from '../s3/client.js'
import type { Fault } from '../s3/fault.js'
import { all } from './buckets.js'
import { openPlace, patience, type Place } from './place.js'

const keysOf = async ({ bucket }: Place, prefix = '') =>
  (await all(bucket.list(prefix, patience))).map(({ key }) => key)

async function withObjects(test: TestContext, keys: readonly string[]): Promise<Place> {
  const place = await openPlace(test)
  const client = clientOf(place.server)
  test.after(() => client.destroy())
  for (const Key of keys) {
    await client.send(new PutObjectCommand({ Bucket: place.server.bucket, Key, Body: Key }))
  }
  return place
}

describe('listing a bucket', () => {
  it('gives nothing of an empty bucket', async test => assert.deepEqual(await keysOf(await openPlace(test)), []))

  it('gives each object with its size, ETag, class and time', async test => {
    const place = await withObjects(test, ['tank/home@a'])
    const [object] = await all(place.bucket.list('', patience))
    const head = await place.bucket.head('tank/home@a')
    assert.ok(object !== undefined && head !== null)
    const { modified, ...rest } = object
    assert.deepEqual(rest, { key: 'tank/home@a', bytes: 11, etag: head.etag, storageClass: 'STANDARD' })
    assert.match(modified, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  })

  it('goes on over pages, and keeps to the prefix', async test => {
    const inside = Array.from({ length: 25 }, (_, index) => `a/tank@${String(index).padStart(2, '0')}`)
    const place = await withObjects(test, ['Z', ...inside, 'b/tank@0'])
    place.server.settings.maxKeys = 10
    assert.deepEqual(await keysOf(place, 'a/'), inside)
    assert.equal(place.server.log.entries({ operation: 'ListObjectsV2' }).length, 3)
  })

  it('gives keys as they are, whatever is in them', async test => {
    const keys = [
      'a b',
      ' a+b%2B ',
      'tank@b <- tank@a',
      'line\nbreak',
      '\u0001',
      'x&<y>',
      'ü/𝔵',
      '../up',
      'a//b',
      '%zz',
    ].sort()
    const place = await withObjects(test, keys)
    place.server.settings.maxKeys = 3
    assert.deepEqual((await keysOf(place)).sort(), keys)
  })

  it('gives uploads of such keys as well', async test => {
    const keys = [' a+b%2B ', 'line\nbreak', '\u0001', 'ü/𝔵'].sort()
    const place = await openPlace(test)
    place.server.settings.maxKeys = 1
    const attributes = { storageClass: 'STANDARD', metadata: {}, sse: undefined, sseKmsKeyId: undefined }
    for (const key of keys) await place.bucket.uploads.create(key, attributes)
    assert.deepEqual((await place.bucket.uploads.list('')).map(({ key }) => key).sort(), keys)
  })

  const passing: [what: string, fault: Omit<Fault, 'operation'>][] = [
    ['503, more often than the SDK tries', { do: 'status', status: 503, code: 'SlowDown', times: 4 }],
    ['a line that breaks in the middle of a page', { do: 'drop', at: 'answer', bytes: 300, nth: 2 }],
  ]
  for (const [what, fault] of passing) {
    it(`waits out ${what}`, async test => {
      const place = await withObjects(test, ['a', 'b', 'c'])
      place.server.settings.maxKeys = 1
      place.server.faults.add({ operation: 'ListObjectsV2', ...fault })
      assert.deepEqual(await keysOf(place), ['a', 'b', 'c'])
    })
  }

  const endings: [what: string, fault: Omit<Fault, 'operation'>, message: RegExp][] = [
    ['403', { do: 'status', status: 403, code: 'AccessDenied' }, /can't list bucket .*403 AccessDenied/],
    ['403 on the second page', { do: 'status', status: 403, code: 'AccessDenied', nth: 2 }, /403 AccessDenied/],
    ['500 for too long', { do: 'status', status: 500, code: 'InternalError', times: 0 }, /can't list bucket/],
    ['an answer that always breaks off', { do: 'drop', at: 'answer', bytes: 300, times: 0 }, /can't list bucket/],
  ]
  for (const [what, fault, message] of endings) {
    it(`${what} is no end of the list`, async test => {
      const place = await withObjects(test, ['a', 'b', 'c'])
      place.server.settings.maxKeys = 1
      place.server.faults.add({ operation: 'ListObjectsV2', ...fault })
      await assert.rejects(all(place.bucket.list('', { ...patience, retryForMs: 0 })), error => {
        assert.ok(error instanceof Failure)
        assert.match(error.message, message)
        return error.status === 1
      })
    })
  }

  it('a bucket that is not there is none', async test => {
    const { server } = await openPlace(test)
    const place = { endpoint: server.url, region: server.region, profile: undefined, timeoutMs: 1000 }
    const bucket = await Bucket.open({ ...place, bucket: 'elsewhere' })
    test.after(() => bucket.close())
    await assert.rejects(all(bucket.list('', patience)), /there is no bucket elsewhere/)
  })

  const names: [listed: string, encoding: string | undefined, name: string][] = [
    ['a+b%2Bc', 'url', 'a b+c'],
    ['a+b%2Bc', undefined, 'a+b%2Bc'],
  ]
  for (const [listed, encoding, name] of names) {
    it(`reads ${listed} as ${name}, encoding ${encoding ?? 'not told'}`, () =>
      assert.equal(decodeListed(listed, encoding), name))
  }
  it('does not guess what a broken encoding means', () =>
    assert.throws(() => decodeListed('%E4', 'url'), /which is not encoded as it says/))
})
