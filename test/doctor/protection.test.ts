import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Access,
  accessFindings,
  encryptionFindings,
  lockFindings,
  versioningFindings,
} from '#src/commands/doctor/protection.js'
import { serviceFindings } from '#src/commands/doctor/service.js'
import type { Finding } from '#src/commands/doctor/finding.js'

const codes = (findings: readonly Finding[]) => findings.map(({ finding, severity }) => `${severity}: ${finding}`)

describe('the settings of a bucket', () => {
  const cases: [what: string, findings: Finding[], expected: string[]][] = [
    ['versioning is on', versioningFindings('Enabled'), []],
    ['versioning is off', versioningFindings('off'), ['warning: versioning-off']],
    ['versioning is suspended', versioningFindings('Suspended'), ['warning: versioning-off']],
    ['no object lock', lockFindings(null), ['note: no-object-lock']],
    ['object lock', lockFindings({ byDefault: null }), ['note: no-default-lock']],
    ['a lock by default', lockFindings({ byDefault: { mode: 'COMPLIANCE', days: 30 } }), ['note: default-lock']],
    ['no encryption', encryptionFindings(null), ['note: not-encrypted']],
    ["S3's own keys", encryptionFindings({ algorithm: 'AES256', kmsKey: null }), []],
    ['a KMS key', encryptionFindings({ algorithm: 'aws:kms', kmsKey: 'arn:k' }), ['warning: kms-key-needed']],
    ['two layers', encryptionFindings({ algorithm: 'aws:kms:dsse', kmsKey: null }), ['warning: kms-key-needed']],
  ]
  for (const [what, findings, expected] of cases) it(what, () => assert.deepEqual(codes(findings), expected))
})

describe('who may get at the bucket', () => {
  const shut: Access = { blocksPublic: true, publicPolicy: false, publicGrants: [], policy: null }
  const cases: [what: string, access: Partial<Access>, expected: string[]][] = [
    ['nobody', {}, []],
    [
      'everybody, by the policy',
      { blocksPublic: false, publicPolicy: true },
      ['danger: public-policy', 'note: public-access-not-blocked'],
    ],
    ['everybody, by the ACL', { blocksPublic: undefined, publicGrants: ['READ'] }, ['danger: public-acl']],
    ['nobody, because it is blocked', { publicPolicy: true, publicGrants: ['WRITE'] }, []],
    ['nobody, but it is not blocked', { blocksPublic: false }, ['note: public-access-not-blocked']],
  ]
  for (const [what, access, expected] of cases) {
    it(what, () =>
      assert.deepEqual(codes(accessFindings({ ...shut, ...access })), [...expected, 'note: who-may-delete']),
    )
  }

  const said = (policy: string | null | undefined) => accessFindings({ ...shut, policy }).at(-1)?.what
  const statement = (more: object) =>
    JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: { AWS: 'arn:u' }, Resource: '*', ...more }] })
  const policies: [what: string, policy: string | null | undefined, expected: string][] = [
    ['a policy that could not be read', undefined, 'the bucket policy could not be read'],
    ['no policy', null, 'there is no bucket policy'],
    ['one that allows to read', statement({ Action: 's3:GetObject' }), 'the bucket policy says nothing about it'],
    [
      'one that allows to delete',
      statement({ Action: ['s3:DeleteObject'] }),
      'the bucket policy allows s3:DeleteObject to {"AWS":"arn:u"}',
    ],
    ['one that allows everything', statement({ Action: 's3:*' }), 'the bucket policy allows s3:* to {"AWS":"arn:u"}'],
    [
      'one that denies it',
      statement({ Effect: 'Deny', Action: 's3:Delete*', Principal: '*', Condition: {} }),
      'the bucket policy denies s3:Delete* to "*" under a condition',
    ],
  ]
  for (const [what, policy, expected] of policies) {
    it(`${what} says what is known`, () => assert.equal(said(policy), `who may delete is not known: ${expected}`))
  }
})

describe('what a service honours', () => {
  const all = { checksums: true, completeIfNone: true, putIfNone: true, putIfMatch: true, left: null }
  it('is no finding if it is everything', () => assert.deepEqual(serviceFindings(all, 'k'), []))
  it('is one for each thing that it ignores', () =>
    assert.deepEqual(
      codes(
        serviceFindings(
          { checksums: false, completeIfNone: false, putIfNone: false, putIfMatch: false, left: null },
          'k',
        ),
      ),
      [
        'warning: ignores-complete-if-none',
        'warning: ignores-put-if-none',
        'warning: ignores-put-if-match',
        'warning: ignores-checksums',
      ],
    ))
  it('is not known where it answers something else', () =>
    assert.deepEqual(codes(serviceFindings({ ...all, putIfMatch: '403 AccessDenied' }, 'k')), [
      'warning: unknown-put-if-match',
    ]))
  it('says what could not be deleted', () =>
    assert.match(serviceFindings({ ...all, left: 'AccessDenied' }, 'k')[0]?.what ?? '', /'k'.*AccessDenied/))
})
