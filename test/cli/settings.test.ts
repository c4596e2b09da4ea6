/** Where things are: what flags, variables and defaults give, and which of them beats which. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { parseArguments } from '#src/cli/arguments.js'
import type { Context } from '#src/cli/command.js'
import { bucketOptions, type BucketSettings, bucketSettings, storageClass } from '#src/cli/settings.js'
import { Failure } from '#src/failure.js'

const options = [...bucketOptions, { name: 'storage-class', value: 'CLASS', help: '' }]

function context(line: string, env: NodeJS.ProcessEnv): Context {
  const args = parseArguments(line === '' ? [] : line.split(' '), { positionals: 0, options })
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  return {
    name: 'zfs2s3-put',
    args,
    env,
    stdin,
    stdout,
    stderr,
    signal: new AbortController().signal,
    asked: new EventEmitter(),
  }
}

const usage = (message: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error))
  assert.equal(error.status, 2)
  assert.equal(error.message, message)
  return true
}

const both = { AWS_ENDPOINT_URL_S3: 'http://s3', AWS_ENDPOINT_URL: 'http://all' }

describe('the bucket', () => {
  const cases: [what: string, line: string, env: NodeJS.ProcessEnv, is: Partial<BucketSettings>][] = [
    ['is zfs2s3, without a prefix, by default', '', {}, { bucket: 'zfs2s3', prefix: '', endpoint: undefined }],
    ['comes from its variable', '', { ZFS2S3_BUCKET: 'b.1' }, { bucket: 'b.1' }],
    ['a flag beats the variable', '--bucket mine', { ZFS2S3_BUCKET: 'other' }, { bucket: 'mine' }],
    ['a variable that is empty is as if not set', '', { ZFS2S3_BUCKET: '' }, { bucket: 'zfs2s3' }],
    ['the prefix comes from its variable', '', { ZFS2S3_PREFIX: 'host/' }, { prefix: 'host/' }],
    ['a flag beats it too', '--prefix a/', { ZFS2S3_PREFIX: 'b/' }, { prefix: 'a/' }],
    ['the endpoint of S3 beats the general one', '', both, { endpoint: 'http://s3' }],
    [
      'the general one counts where there is no other',
      '',
      { AWS_ENDPOINT_URL: 'http://all' },
      { endpoint: 'http://all' },
    ],
    ['a flag beats both', '--endpoint-url http://flag', both, { endpoint: 'http://flag' }],
    ['patience is a minute for a connection and five for S3', '', {}, { timeoutMs: 60_000, retryForMs: 300_000 }],
    ['or what was asked for', '--timeout 5 --retry-for 0', {}, { timeoutMs: 5000, retryForMs: 0 }],
  ]
  for (const [what, line, env, is] of cases) {
    it(what, () => {
      const settings = bucketSettings(context(line, env))
      assert.deepEqual({ ...settings, ...is }, settings)
    })
  }

  const wrong: [line: string, env: NodeJS.ProcessEnv, message: string][] = [
    ['--bucket s3://mine', {}, "'s3://mine' can't be a bucket"],
    ['--bucket ab', {}, "'ab' can't be a bucket"],
    ['', { ZFS2S3_BUCKET: 'arn:aws:s3:::mine' }, "'arn:aws:s3:::mine' can't be a bucket"],
    ['--prefix /a', {}, "the prefix '/a' starts with /"],
    ['--endpoint-url localhost', {}, "'localhost' is not a URL"],
  ]
  for (const [line, env, message] of wrong) {
    it(`${line || Object.entries(env).join()}: ${message}`, () =>
      assert.throws(() => bucketSettings(context(line, env)), usage(message)))
  }
})

describe('the storage class', () => {
  const cases: [line: string, variable: string | undefined, is: string][] = [
    ['', undefined, 'STANDARD'],
    ['', '', 'STANDARD'],
    ['', 'GLACIER_IR', 'GLACIER_IR'],
    ['', 'DEEP_GLACIER', 'DEEP_ARCHIVE'],
    ['--storage-class STANDARD_IA', 'DEEP_ARCHIVE', 'STANDARD_IA'],
  ]
  for (const [line, variable, is] of cases) {
    it(`'${line}' with ZFS2S3_STORAGE_CLASS=${variable ?? ' not set'} is ${is}`, () =>
      assert.equal(storageClass(context(line, { ZFS2S3_STORAGE_CLASS: variable })), is))
  }

  it('one that S3 does not have is wrong usage', () =>
    assert.throws(() => storageClass(context('--storage-class deep', {})), usage("there is no storage class 'deep'")))
})
