import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { RawRequest } from './client.js'
import { send, sendUnsigned, signed } from './client.js'
import type { S3Server } from './server.js'
import { startS3Server } from './server.js'
import { sha256Hex, sign } from './signature.js'

let server: S3Server
before(async () => {
  server = await startS3Server()
})
after(() => server.close())

const put = { method: 'PUT', target: '/zfs2s3/k', body: 'hello' }
const base64 = (algorithm: string, data: string) => createHash(algorithm).update(data).digest('base64')

describe('a request', () => {
  const cases: [what: string, request: RawRequest, code: string | undefined][] = [
    ['as it was signed', put, undefined],
    ['with a query in another order', { target: '/zfs2s3?prefix=b&list-type=2&encoding-type=url' }, undefined],
    [
      'with another header than was signed',
      { ...put, tamper: { 'x-amz-date': '20200101T000000Z' } },
      'RequestTimeTooSkewed',
    ],
    [
      'with a changed signature',
      { ...put, tamper: { authorization: 'AWS4-HMAC-SHA256 Credential=a' } },
      'AuthorizationHeaderMalformed',
    ],
    ['with an older kind of signature', { ...put, tamper: { authorization: 'AWS key:signature' } }, 'InvalidRequest'],
    [
      'with a header of S3 that was not signed',
      { ...put, tamper: { 'x-amz-storage-class': 'GLACIER' } },
      'AccessDenied',
    ],
    ['without a hash of the body', { ...put, tamper: { 'x-amz-content-sha256': undefined } }, 'InvalidRequest'],
    ['with the hash of another body', { ...put, payload: sha256Hex('x') }, 'XAmzContentSHA256Mismatch'],
    ['with something else than a hash', { ...put, payload: 'x' }, 'InvalidArgument'],
    ['without a hash, but saying so', { ...put, payload: 'UNSIGNED-PAYLOAD' }, undefined],
    ['from a quarter of an hour ago', { ...put, time: new Date(Date.now() - 901_000) }, 'RequestTimeTooSkewed'],
    [
      'without a length',
      { ...put, tamper: { 'content-length': undefined, 'transfer-encoding': 'chunked' } },
      'NotImplemented',
    ],
    ['with the MD5 sum of the body', { ...put, headers: { 'content-md5': base64('md5', 'hello') } }, undefined],
    ['with another MD5 sum', { ...put, headers: { 'content-md5': base64('md5', 'x') } }, 'BadDigest'],
    ['with an MD5 sum that is none', { ...put, headers: { 'content-md5': 'x' } }, 'InvalidDigest'],
    [
      'with two checksums',
      {
        ...put,
        headers: { 'x-amz-checksum-sha256': base64('sha256', 'hello'), 'x-amz-checksum-sha1': base64('sha1', 'hello') },
      },
      'InvalidRequest',
    ],
    ['with a checksum of no known kind', { ...put, headers: { 'x-amz-checksum-md4': 'x' } }, 'InvalidRequest'],
    [
      'that names a checksum and has none',
      { ...put, headers: { 'x-amz-sdk-checksum-algorithm': 'SHA256' } },
      'InvalidRequest',
    ],
    ['with too much metadata', { ...put, headers: { 'x-amz-meta-a': 'x'.repeat(2048) } }, 'MetadataTooLarge'],
    [
      'with an unknown storage class',
      { ...put, headers: { 'x-amz-storage-class': 'DEEP_GLACIER' } },
      'InvalidStorageClass',
    ],
    ['to copy', { ...put, body: '', headers: { 'x-amz-copy-source': '/zfs2s3/x' } }, 'NotImplemented'],
    ['to do what is not implemented', { target: '/zfs2s3/k?tagging' }, 'NotImplemented'],
    ['by an unknown method', { method: 'PATCH', target: '/zfs2s3/k' }, 'MethodNotAllowed'],
    [
      'to delete several keys without a checksum',
      { method: 'POST', target: '/zfs2s3?delete', body: '<Delete/>' },
      'InvalidRequest',
    ],
    ['for a bucket that is not there', { ...put, target: '/nowhere/k' }, 'NoSuchBucket'],
    ['for a bucket of a forbidden name', { method: 'PUT', target: '/No_Bucket' }, 'InvalidBucketName'],
  ]
  for (const [what, request, code] of cases)
    it(`${what}: ${code ?? 'accepted'}`, async () => {
      const { headers } = signed(server, request)
      const tampered = await sendUnsigned(server, { ...request, headers })
      assert.equal(tampered.code, code)
      assert.equal(tampered.status < 300, code === undefined)
    })

  it('without a signature: AccessDenied', async () =>
    assert.equal((await sendUnsigned(server, put)).code, 'AccessDenied'))

  it('of another user, region or secret', async () => {
    const as = async (more: object) =>
      (await sendUnsigned(server, { ...put, ...signed({ ...server, ...more }, put) })).code
    const { accessKeyId, secretAccessKey } = server.credentials
    assert.equal(await as({ credentials: { accessKeyId: 'other', secretAccessKey } }), 'InvalidAccessKeyId')
    assert.equal(await as({ credentials: { accessKeyId, secretAccessKey: 'other' } }), 'SignatureDoesNotMatch')
    assert.equal(await as({ region: 'eu-north-1' }), 'AuthorizationHeaderMalformed')
    assert.equal(await as({ credentials: { accessKeyId, secretAccessKey, sessionToken: 'x' } }), 'InvalidToken')
  })

  it('whose key is not what was signed: SignatureDoesNotMatch', async () => {
    const { headers } = signed(server, { target: '/zfs2s3/a%2Bb' })
    assert.equal((await sendUnsigned(server, { target: '/zfs2s3/a%20b', headers })).code, 'SignatureDoesNotMatch')
  })

  it('for a HEAD has no body in its refusal', async () => {
    const answer = await send(server, { method: 'HEAD', target: '/zfs2s3/nothing' })
    assert.deepEqual([answer.status, answer.body.length], [404, 0])
    assert.match(String(answer.headers['x-amz-request-id']), /^[0-9A-F]{16}$/)
  })
})

it('a session token is needed where the credentials have one, and can expire', async () => {
  const credentials = { ...server.credentials, sessionToken: 'token' }
  const temporary = await startS3Server({ credentials })
  assert.equal((await send(temporary, put)).status, 200)
  temporary.settings.tokenExpired = true
  assert.equal((await send(temporary, put)).code, 'ExpiredToken')
  assert.equal(temporary.env.AWS_SESSION_TOKEN, 'token')
  await temporary.close()
})

describe('a body in chunks', () => {
  const hello = base64('sha256', 'hello')
  const headers = { 'x-amz-decoded-content-length': '5', 'x-amz-trailer': 'x-amz-checksum-sha256' }
  const payload = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  const cases: [what: string, body: string, more: Record<string, string>, code: string | undefined][] = [
    ['with its checksum behind it', `5\r\nhello\r\n0\r\nx-amz-checksum-sha256:${hello}\r\n\r\n`, {}, undefined],
    ['with another checksum', `5\r\nhellx\r\n0\r\nx-amz-checksum-sha256:${hello}\r\n\r\n`, {}, 'BadDigest'],
    ['without the checksum that was announced', '5\r\nhello\r\n0\r\n\r\n', {}, 'MalformedTrailerError'],
    [
      'with another one than was announced',
      '5\r\nhello\r\n0\r\nx-amz-checksum-sha1:x\r\n\r\n',
      {},
      'MalformedTrailerError',
    ],
    [
      'shorter than was announced',
      `4\r\nhell\r\n0\r\nx-amz-checksum-sha256:${base64('sha256', 'hell')}\r\n\r\n`,
      {},
      'IncompleteBody',
    ],
    ['longer than was announced', `6\r\nhello!\r\n0\r\n\r\n`, {}, 'IncompleteBody'],
    ['with a short chunk before the last', `2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`, {}, 'InvalidChunkSizeError'],
    ['that are none', 'hello', {}, 'IncompleteBody'],
  ]
  for (const [what, body, more, code] of cases)
    it(`${what}: ${code ?? 'accepted'}`, async () => {
      const answer = await send(server, {
        ...put,
        target: '/zfs2s3/c',
        body,
        payload,
        headers: { ...headers, ...more },
      })
      assert.equal(answer.code, code)
    })

  it('that are signed, with a signed trailer', async () => {
    const request: RawRequest = { ...put, payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', headers }
    const { headers: signedHeaders, seed } = signed(server, request)
    const chained = (kind: string, before: string, ...hashes: string[]) =>
      sign(seed.key, [`AWS4-HMAC-SHA256-${kind}`, seed.date, seed.scope, before, ...hashes].join('\n'))
    const first = chained('PAYLOAD', seed.signature, sha256Hex(''), sha256Hex('hello'))
    const last = chained('PAYLOAD', first, sha256Hex(''), sha256Hex(''))
    const trailer = `x-amz-checksum-sha256:${hello}`
    const body = (trailerSignature: string) =>
      `5;chunk-signature=${first}\r\nhello\r\n0;chunk-signature=${last}\r\n${trailer}\r\nx-amz-trailer-signature:${trailerSignature}\r\n\r\n`
    const answer = async (signature: string) =>
      (await sendUnsigned(server, { ...request, headers: signedHeaders, body: body(signature) })).code
    assert.equal(await answer(chained('TRAILER', last, sha256Hex(`${trailer}\n`))), undefined)
    assert.equal(await answer(chained('TRAILER', first, sha256Hex(`${trailer}\n`))), 'SignatureDoesNotMatch')
  })
})

describe('a bucket', () => {
  const bucket = (method: string, target: string, body = '') =>
    send(server, { method, target, body, headers: { 'content-md5': base64('md5', body) } })

  const unset: [parameter: string, code: string | undefined][] = [
    ['lifecycle', 'NoSuchLifecycleConfiguration'],
    ['policy', 'NoSuchBucketPolicy'],
    ['replication', 'ReplicationConfigurationNotFoundError'],
    ['publicAccessBlock', 'NoSuchPublicAccessBlockConfiguration'],
    ['object-lock', 'ObjectLockConfigurationNotFoundError'],
    ['encryption', undefined],
    ['versioning', undefined],
    ['location', undefined],
  ]
  for (const [parameter, code] of unset)
    it(`without ${parameter} answers ${code ?? 'what goes without saying'}`, async () =>
      assert.equal((await bucket('GET', `/zfs2s3?${parameter}`)).code, code))

  it('gives back what it was given', async () => {
    const lifecycle = '<LifecycleConfiguration><Rule/></LifecycleConfiguration>'
    assert.equal((await bucket('PUT', '/zfs2s3?lifecycle', lifecycle)).status, 200)
    assert.equal((await bucket('GET', '/zfs2s3?lifecycle')).body.toString(), lifecycle)
    assert.equal((await bucket('PUT', '/zfs2s3?lifecycle', '<x/>')).code, 'MalformedXML')
    assert.equal((await bucket('DELETE', '/zfs2s3?lifecycle')).status, 204)
    assert.equal((await bucket('GET', '/zfs2s3?lifecycle')).code, 'NoSuchLifecycleConfiguration')
  })

  it('goes only when it is empty', async () => {
    assert.equal((await bucket('PUT', '/other-bucket')).status, 200)
    await bucket('PUT', '/other-bucket/k', 'x')
    assert.equal((await bucket('DELETE', '/other-bucket')).code, 'BucketNotEmpty')
    await bucket('DELETE', '/other-bucket/k')
    assert.equal((await bucket('DELETE', '/other-bucket')).status, 204)
    assert.equal((await bucket('HEAD', '/other-bucket')).status, 404)
  })
})
