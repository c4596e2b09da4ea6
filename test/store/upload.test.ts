/** An upload over a line that breaks, to an S3 that fails: what is in S3 in the end is what was sent, or nothing is. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { Failure } from '#src/failure.js'
import { Ledger } from '#src/store/ledger.js'
import { compositeSha256 } from '#src/store/parts.js'
import { completeUpload } from '#src/store/complete.js'
import { abortUpload, reconcile } from '#src/store/reconcile.js'
import type { Fault } from '../s3/fault.js'
import { header, openPlace, partSize, patience, type Place, readAgain, send, streamOf } from './place.js'

const stream = streamOf(3 * partSize + 1)
const parts = 4
const key = header.key
const notInCatalog = () => false

interface Begun extends Place {
  readonly ledger: Ledger
}

async function begin(test: TestContext, facts: Partial<typeof header> = {}, timeoutMs?: number): Promise<Begun> {
  const place = await openPlace(test, timeoutMs)
  const ledger = await Ledger.create(place.dataDir, { ...header, ...facts })
  test.after(() => ledger.close())
  return { ...place, ledger }
}

const failsWith = (status: number, text: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error))
  assert.equal(error.status, status)
  assert.ok(error.message.includes(text), error.message)
  return true
}

const keysOf = ({ server }: Place) =>
  [key, `${key}#2`, `${key}#3`, `${key}#4`].filter(each => server.objects.current(server.bucket, each) !== null)

describe('an upload', () => {
  it('is nothing to be seen before it is completed, and then the bytes that were sent', async test => {
    const place = await begin(test)
    assert.equal(await send(place, place.ledger, stream), parts)
    assert.deepEqual(keysOf(place), [])
    const [volume] = await completeUpload(place.bucket, place.ledger, parts, patience)
    assert.deepEqual(await place.server.read(key), stream)
    assert.equal(volume.bytes, stream.length)
    const pieces = [0, 1, 2, 3].map(part => stream.subarray(part * partSize, (part + 1) * partSize))
    assert.equal(volume.sha256, compositeSha256(pieces.map(piece => createHash('sha256').update(piece).digest())))
    assert.deepEqual(place.server.uploads.list(place.server.bucket), [])
  })

  it('has each part kept with the SHA-256 that was noted', async test => {
    const place = await begin(test)
    await send(place, place.ledger, stream)
    const [upload] = place.server.uploads.list(place.server.bucket)
    assert.deepEqual(
      place.server.uploads.parts(upload?.id ?? '').map(part => part.checksum),
      place.ledger.contiguous().map(note => Buffer.from(note.sha256, 'hex').toString('base64')),
    )
  })

  it('longer than a volume goes on in others, of which the first is completed last', async test => {
    const place = await begin(test, { partsPerVolume: 2 })
    await send(place, place.ledger, stream)
    const volumes = await completeUpload(place.bucket, place.ledger, parts, patience)
    assert.deepEqual(
      volumes.map(volume => volume.key),
      [key, `${key}#2`],
    )
    const completed = place.server.log.entries({ operation: 'CompleteMultipartUpload' }).map(entry => entry.key)
    assert.deepEqual(completed, [`${key}#2`, key])
    const joined = await Promise.all(volumes.map(volume => place.server.read(volume.key)))
    assert.deepEqual(Buffer.concat(joined), stream)
  })

  it('has no more parts in flight than it is told', async test => {
    const place = await begin(test)
    const { faults, log } = place.server
    faults.add({ operation: 'UploadPart', partNumber: 1, do: 'hold', name: 'one' })
    faults.add({ operation: 'UploadPart', partNumber: 2, do: 'hold', name: 'two' })
    const sending = send(place, place.ledger, stream, { concurrency: 2 })
    await faults.waitForHeld('one', AbortSignal.timeout(10_000))
    await faults.waitForHeld('two', AbortSignal.timeout(10_000))
    assert.equal(log.entries({ operation: 'UploadPart' }).length, 2)
    faults.release()
    assert.equal(await sending, parts)
  })
})

describe('a failure that passes', () => {
  const operation = 'UploadPart'
  const faults: [what: string, ...Fault[]][] = [
    ['the line breaks before a part is handled', { operation, partNumber: 2, do: 'drop' }],
    ['the line breaks in the middle of a part', { operation, partNumber: 2, do: 'drop', at: 'body', bytes: 1 }],
    ['the line breaks when a part is stored, before it is acknowledged', { operation, do: 'drop', at: 'after' }],
    ['S3 fails', { operation, partNumber: 3, do: 'status', code: 'InternalError' }],
    ['S3 wants it slower', { operation, do: 'status', code: 'SlowDown', times: 3 }],
    ['the upload cannot begin', { operation: 'CreateMultipartUpload', do: 'drop' }],
    ['that it began is not answered', { operation: 'CreateMultipartUpload', do: 'drop', at: 'after' }],
    ['the line breaks before completion', { operation: 'CompleteMultipartUpload', do: 'drop' }],
    ['the completion is not answered', { operation: 'CompleteMultipartUpload', do: 'drop', at: 'after' }],
    ['completion fails in the body of a 200', { operation: 'CompleteMultipartUpload', do: 'late-error' }],
    ['the comparison is not answered', { operation: 'HeadObject', nth: 2, do: 'drop', at: 'answer' }],
  ]
  for (const [what, ...fault] of faults) {
    it(`${what}: it is waited out`, async test => {
      const place = await begin(test)
      place.server.faults.add(...fault)
      await send(place, place.ledger, stream)
      await completeUpload(place.bucket, place.ledger, parts, patience)
      assert.deepEqual(place.server.faults.list(), [])
      assert.deepEqual(await place.server.read(key), stream)
      assert.deepEqual(place.server.uploads.list(place.server.bucket), [])
    })
  }

  it('a connection that is silent for too long is given up and tried again', async test => {
    const place = await begin(test, {}, 300)
    place.server.faults.add({ operation, partNumber: 2, do: 'stall' })
    assert.equal(await send(place, place.ledger, stream), parts)
    assert.ok(place.server.log.entries({ operation, partNumber: 2 }).length > 1)
  })
})

describe('a failure that stays', () => {
  it('is thrown, and what was acknowledged is in the ledger', async test => {
    const place = await begin(test)
    place.server.faults.add({ operation: 'UploadPart', partNumber: 3, do: 'status', code: 'AccessDenied', times: 0 })
    await assert.rejects(
      send(place, place.ledger, stream, { concurrency: 1 }),
      failsWith(1, `can't put part 3 of '${key}' in bucket zfs2s3: S3 refuses it (403 AccessDenied)`),
    )
    await place.ledger.close()
    assert.deepEqual([...(await readAgain(test, place.dataDir)).parts.keys()], [1, 2])
    assert.deepEqual(keysOf(place), [])
  })

  it('ends a stream that has fallen silent', { timeout: 10_000 }, async test => {
    const place = await begin(test)
    place.server.faults.add({ operation: 'UploadPart', do: 'status', code: 'AccessDenied', times: 0 })
    let stop = () => undefined
    const silent = async function* () {
      yield stream.subarray(0, partSize)
      await new Promise<void>(resolve => {
        stop = () => {
          resolve()
          return undefined
        }
      })
    }
    await assert.rejects(send(place, place.ledger, silent(), { stop: () => stop() }), failsWith(1, 'part 1'))
  })

  it('is thrown when patience has ended', async test => {
    const place = await begin(test)
    place.server.faults.add({ operation: 'UploadPart', do: 'status', code: 'SlowDown', times: 0 })
    await assert.rejects(send(place, place.ledger, stream, { retryForMs: 1 }), failsWith(1, 'S3 answered 503 SlowDown'))
  })

  it('an interruption ends it at once, with its reason', async test => {
    const place = await begin(test)
    place.server.faults.add({ operation: 'UploadPart', partNumber: 2, do: 'hold', name: 'two' })
    const controller = new AbortController()
    const sending = send(place, place.ledger, stream, { signal: controller.signal })
    await place.server.faults.waitForHeld('two', AbortSignal.timeout(10_000))
    controller.abort(new Error('Ctrl-C'))
    await assert.rejects(sending, /Ctrl-C/)
  })
})

describe('completing', () => {
  it('never overwrites an object', async test => {
    const place = await begin(test)
    await send(place, place.ledger, stream)
    const other = await Ledger.create(`${place.dataDir}/other`, header)
    await send(place, other, streamOf(10))
    await completeUpload(place.bucket, other, 1, patience)
    await assert.rejects(
      completeUpload(place.bucket, place.ledger, parts, patience),
      failsWith(3, `there is already an object '${key}'`),
    )
    assert.deepEqual(await place.server.read(key), streamOf(10))
    await other.close()
  })

  it('nor where one appears after it has looked', async test => {
    const place = await begin(test)
    await send(place, place.ledger, stream)
    const other = await Ledger.create(`${place.dataDir}/other`, header)
    await send(place, other, streamOf(10))
    place.server.faults.add({ operation: 'CompleteMultipartUpload', do: 'hold', name: 'late' })
    const completing = completeUpload(place.bucket, place.ledger, parts, patience)
    await place.server.faults.waitForHeld('late', AbortSignal.timeout(10_000))
    await completeUpload(place.bucket, other, 1, patience)
    place.server.faults.release()
    await assert.rejects(completing, failsWith(3, 'never overwritten'))
    assert.deepEqual(await place.server.read(key), streamOf(10))
    await other.close()
  })

  it('on a service that keeps no checksums it compares sizes and ETags', async test => {
    const place = await begin(test)
    place.server.settings.noChecksums = true
    await send(place, place.ledger, stream)
    await completeUpload(place.bucket, place.ledger, parts, patience)
    assert.deepEqual(await place.server.read(key), stream)
  })

  it('an object with another checksum than was sent is not called stored', async test => {
    const place = await begin(test)
    await send(place, place.ledger, stream)
    place.server.faults.add({ operation: 'HeadObject', nth: 2, do: 'corrupt', what: 'checksum' })
    await assert.rejects(completeUpload(place.bucket, place.ledger, parts, patience), failsWith(3, 'were sent'))
  })

  it('may be done again after a crash at any step', async test => {
    const place = await begin(test, { partsPerVolume: 2 })
    await send(place, place.ledger, stream)
    const first = await completeUpload(place.bucket, place.ledger, parts, patience)
    await place.ledger.close()
    const again = await completeUpload(place.bucket, await readAgain(test, place.dataDir), parts, patience)
    assert.deepEqual(again, first)
  })
})

describe('going on with an upload', () => {
  async function interrupted(test: TestContext, fault: Partial<Fault> = {}): Promise<Begun> {
    const place = await begin(test)
    place.server.faults.add({ operation: 'UploadPart', partNumber: 3, do: 'status', code: 'AccessDenied', ...fault })
    await assert.rejects(send(place, place.ledger, stream, { concurrency: 1 }))
    await place.ledger.close()
    return { ...place, ledger: await readAgain(test, place.dataDir) }
  }

  it('sends nothing again that S3 has', async test => {
    const place = await interrupted(test)
    assert.equal(await send(place, place.ledger, stream), 2)
    await completeUpload(place.bucket, place.ledger, parts, patience)
    assert.deepEqual(await place.server.read(key), stream)
  })

  it('nor what S3 has and the ledger does not know', async test => {
    const place = await interrupted(test, { at: 'after' })
    assert.deepEqual([...(await reconcile(place.bucket, place.ledger, patience.signal)).keys()], [3])
    assert.equal(await send(place, place.ledger, stream), 1)
  })

  it('an ETag that came wrong is put right, though completing had failed because of it', async test => {
    const place = await begin(test)
    place.server.faults.add({ operation: 'UploadPart', partNumber: 2, do: 'corrupt', what: 'etag' })
    await send(place, place.ledger, stream)
    await assert.rejects(completeUpload(place.bucket, place.ledger, parts, patience), failsWith(1, '400 InvalidPart'))
    assert.deepEqual(keysOf(place), [])
    assert.equal(await send(place, place.ledger, stream), 0)
    await completeUpload(place.bucket, place.ledger, parts, patience)
    assert.deepEqual(await place.server.read(key), stream)
  })

  it('a part that S3 has otherwise is sent again', async test => {
    const place = await interrupted(test)
    const note = place.ledger.parts.get(2)
    assert.ok(note)
    await place.ledger.note({ ...note, etag: '"another"', sha256: '0'.repeat(64) })
    await reconcile(place.bucket, place.ledger, patience.signal)
    assert.deepEqual([...place.ledger.parts.keys()], [1])
  })

  it('a stream that differs is refused with the part that differs, and nothing of it is sent', async test => {
    const place = await interrupted(test)
    const other = Buffer.from(stream)
    other[partSize + 5] = 255
    const before = place.server.log.entries({ operation: 'UploadPart' }).length
    await assert.rejects(
      send(place, place.ledger, other, { concurrency: 1 }),
      failsWith(4, 'part 2 (bytes 1000 to 1999) differs from what was uploaded before'),
    )
    assert.equal(place.server.log.entries({ operation: 'UploadPart' }).length, before)
  })

  it('an upload that S3 no longer has is noticed before anything is sent', async test => {
    const place = await interrupted(test)
    place.server.faults.add({ operation: 'ListParts', do: 'forget' })
    await assert.rejects(send(place, place.ledger, stream), failsWith(1, `S3 no longer has the upload of '${key}'`))
  })
})

describe('giving up', () => {
  it('frees the parts of all volumes and drops the ledger', async test => {
    const place = await begin(test, { partsPerVolume: 2 })
    await send(place, place.ledger, stream)
    await abortUpload(place.bucket, place.ledger, notInCatalog)
    assert.deepEqual(place.server.uploads.list(place.server.bucket), [])
    assert.deepEqual(await Ledger.all(place.dataDir), [])
  })

  it('removes what it completed and never entered', async test => {
    const place = await begin(test)
    await send(place, place.ledger, stream)
    await completeUpload(place.bucket, place.ledger, parts, patience)
    await abortUpload(place.bucket, place.ledger, notInCatalog)
    assert.deepEqual(keysOf(place), [])
  })

  it('but not what the catalog has', async test => {
    const place = await begin(test)
    await send(place, place.ledger, stream)
    await completeUpload(place.bucket, place.ledger, parts, patience)
    await abortUpload(place.bucket, place.ledger, each => each === key)
    assert.deepEqual(keysOf(place), [key])
  })

  it('nor the object of somebody else', async test => {
    const place = await begin(test)
    await send(place, place.ledger, stream)
    const other = await Ledger.create(`${place.dataDir}/other`, header)
    await send(place, other, streamOf(10))
    await completeUpload(place.bucket, other, 1, patience)
    await other.close()
    await abortUpload(place.bucket, place.ledger, notInCatalog)
    assert.deepEqual(await place.server.read(key), streamOf(10))
  })

  it('keeps the ledger if S3 cannot be asked', async test => {
    const place = await begin(test)
    await send(place, place.ledger, stream)
    place.server.faults.add({ operation: 'AbortMultipartUpload', do: 'status', code: 'AccessDenied' })
    await assert.rejects(abortUpload(place.bucket, place.ledger, notInCatalog), failsWith(1, "can't abort the upload"))
    assert.equal((await Ledger.all(place.dataDir)).length, 1)
  })
})
