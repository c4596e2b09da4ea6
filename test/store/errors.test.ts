/** What is said, and with which status, about an error between us and S3. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure, refused } from '#src/failure.js'
import { isMissing, isPassing, s3Failure } from '#src/store/errors.js'

const answer = (status: number, name: string, message = name) =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } })
const broken = (code: string) => Object.assign(new Error(`connect ${code}`), { code })

const asked = { doing: 'read', key: 'tank/home@a', bucket: 'b', endpoint: 'http://s3' }

describe('an error of S3 is said', () => {
  const thing = "'tank/home@a' in bucket b"
  const cases: [error: Error, status: number, message: string, remedy: RegExp | undefined][] = [
    [answer(403, 'InvalidAccessKeyId'), 1, `can't read ${thing} (InvalidAccessKeyId)`, /AWS_ACCESS_KEY_ID/],
    [answer(403, 'SignatureDoesNotMatch'), 1, `can't read ${thing} (SignatureDoesNotMatch)`, /secret key/],
    [answer(400, 'ExpiredToken'), 1, `can't read ${thing} (ExpiredToken)`, /renew them/],
    [answer(403, 'RequestTimeTooSkewed'), 1, `can't read ${thing} (RequestTimeTooSkewed)`, /clock/],
    [answer(404, 'NoSuchBucket'), 1, 'there is no bucket b at http://s3', /aws s3 mb s3:\/\/b/],
    [answer(403, 'InvalidObjectState'), 5, `${thing} is archived`, /restore it/],
    [answer(403, 'AccessDenied'), 1, `can't read ${thing}: S3 refuses it (403 AccessDenied)`, /IAM policy/],
    [answer(503, 'SlowDown', 'slower'), 1, `can't read ${thing}: S3 answered 503 SlowDown (slower)`, /again later/],
    [
      answer(400, 'EntityTooSmall'),
      1,
      `can't read ${thing}: S3 answered 400 EntityTooSmall (EntityTooSmall)`,
      undefined,
    ],
    [broken('ECONNREFUSED'), 1, `can't read ${thing}: no answer from http://s3 (ECONNREFUSED)`, /network/],
    [new Error('what?'), 1, `can't read ${thing}: no answer from http://s3 (what?)`, undefined],
  ]
  for (const [error, status, message, remedy] of cases) {
    it(`${error.name} ${error.message}: ${message}`, () => {
      const failure = s3Failure(error, asked)
      assert.ok(failure instanceof Failure)
      assert.equal(failure.status, status)
      assert.equal(failure.message, message)
      if (remedy === undefined) assert.equal(failure.remedy, undefined)
      else assert.match(failure.remedy ?? '', remedy)
      assert.equal(failure.cause, error)
    })
  }

  it('of a bucket, where no object was asked for', () => {
    const failure = s3Failure(answer(403, 'AccessDenied'), { doing: 'list', bucket: 'b', endpoint: undefined })
    assert.ok(failure instanceof Failure)
    assert.equal(failure.message, "can't list bucket b: S3 refuses it (403 AccessDenied)")
  })

  it('not at all where it is a Failure already', () => {
    const no = refused('no')
    assert.equal(s3Failure(no, asked), no)
  })

  it('nor where the command was interrupted: then that is the reason', () => {
    const reason = new Error('Ctrl-C')
    assert.equal(s3Failure(broken('ECONNRESET'), asked, AbortSignal.abort(reason)), reason)
  })
})

describe('an object is missing', () => {
  const cases: [error: unknown, is: boolean][] = [
    [answer(404, 'NotFound'), true],
    [answer(404, 'NoSuchKey'), true],
    [answer(404, 'NoSuchBucket'), false],
    [answer(404, 'NoSuchUpload'), false],
    [answer(403, 'AccessDenied'), false],
    [broken('ECONNREFUSED'), false],
    ['NotFound', false],
  ]
  for (const [error, is] of cases)
    it(`${String(error)}: ${is ? 'yes' : 'no'}`, () => assert.equal(isMissing(error), is))
})

describe('an error passes', () => {
  const cases: [error: unknown, is: boolean][] = [
    [answer(500, 'InternalError'), true],
    [answer(503, 'SlowDown'), true],
    [answer(429, 'TooManyRequests'), true],
    [answer(400, 'RequestTimeout'), true],
    [answer(501, 'NotImplemented'), false],
    [answer(400, 'InvalidPart'), false],
    [broken('ECONNRESET'), true],
    [broken('ENOTFOUND'), true],
    [broken('ENOENT'), false],
    [new TypeError('a bug'), false],
    [s3Failure(broken('ECONNRESET'), asked), true],
    [refused('no'), false],
  ]
  for (const [error, is] of cases)
    it(`${String(error)}: ${is ? 'yes' : 'no'}`, () => assert.equal(isPassing(error), is))
})
