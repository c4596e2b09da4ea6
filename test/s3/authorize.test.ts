import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { httpStatus } from '#src/store/errors.js'
import { authorize, isAllowed } from './authorize.js'
import { clientOf } from './client.js'
import { startS3Server } from './server.js'

const allow = (Action: string | string[], Resource: string | string[], more: object[] = []) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }, ...more] })

describe('a policy', () => {
  const arn = 'arn:aws:s3:::b'
  const cases: [what: string, policy: string, key: string | null, isAllowed: boolean][] = [
    ['that is none allows everything', '', 'k', true],
    ['allows what it names', allow('s3:GetObject', `${arn}/k`), 'k', true],
    ['allows nothing else', allow('s3:PutObject', `${arn}/k`), 'k', false],
    ['may use wildcards', allow('s3:Get*', `${arn}/pre/*`), 'pre/k', true],
    ['is about these objects only', allow('s3:Get*', `${arn}/pre/*`), 'other/k', false],
    ['of objects is not about the bucket', allow('s3:GetObject', `${arn}/*`), null, false],
    ['may mean a wildcard as it is', allow('s3:GetObject', `${arn}/a\${*}/*`), 'a*/k', true],
    ['then means nothing else', allow('s3:GetObject', `${arn}/a\${*}/*`), 'ab/k', false],
    ['takes a dot as it is', allow('s3:GetObject', `${arn}/a.b`), 'axb', false],
    [
      'that denies beats one that allows',
      allow('s3:*', `${arn}/*`, [{ Effect: 'Deny', Action: 's3:GetObject', Resource: '*' }]),
      'k',
      false,
    ],
  ]
  for (const [what, policy, key, expected] of cases) {
    it(what, () => assert.equal(isAllowed(policy, 's3:GetObject', 'b', key), expected))
  }

  it('allows a lock only to who may lock', () => {
    const request = { operation: 'PutObject', bucket: 'b', key: 'k', query: new Map<string, string>() }
    const policy = allow('s3:PutObject', `${arn}/*`)
    authorize(policy, { ...request, headers: new Map() })
    const headers = new Map([['x-amz-object-lock-mode', 'GOVERNANCE']])
    assert.throws(() => authorize(policy, { ...request, headers }), { code: 'AccessDenied' })
  })

  it('says that an object is missing only to who may list', async test => {
    const server = await startS3Server()
    const client = clientOf(server)
    test.after(async () => {
      client.destroy()
      await server.close()
    })
    const head = () => client.send(new HeadObjectCommand({ Bucket: server.bucket, Key: 'k' }))
    const object = `arn:aws:s3:::${server.bucket}/*`
    server.settings.identityPolicy = allow('s3:GetObject', object)
    await assert.rejects(head(), error => httpStatus(error) === 403)
    server.settings.identityPolicy = allow(['s3:GetObject', 's3:ListBucket'], [object, `arn:aws:s3:::${server.bucket}`])
    await assert.rejects(head(), error => httpStatus(error) === 404)
    const put = new PutObjectCommand({ Bucket: server.bucket, Key: 'k', Body: 'x' })
    await assert.rejects(client.send(put), { name: 'AccessDenied' })
  })
})
