/**
 * The least that commands need, as IAM policies (S3 User Guide: Required permissions for Amazon S3 API operations). That
 * each action is needed, and no other, is what test/policy proves.
 */
import { catalogKey, probeKey } from '../../chain/names.js'
import type { CatalogPlace } from '../../cli/settings.js'

export const policyNames = ['put', 'get', 'rm', 'thaw'] as const
export type PolicyName = (typeof policyNames)[number]

interface Needs {
  readonly bucket: readonly string[]
  readonly objects: readonly string[]
  /** Which catalogs it writes, without the right to write streams. */
  readonly catalog?: readonly CatalogPlace[]
}

/**
 * s3:ListBucket is what makes S3 say 404 of an object that is missing, instead of 403 (S3 API: HeadObject, Permissions). It
 * can't be limited to the prefix: a condition on s3:prefix is never met by a HEAD, which has none.
 */
const needs: Readonly<Record<PolicyName | 'put with locks', Needs>> = {
  put: {
    bucket: ['s3:ListBucket', 's3:ListBucketMultipartUploads'],
    objects: ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
  },
  'put with locks': {
    bucket: ['s3:GetBucketObjectLockConfiguration'],
    objects: ['s3:GetObjectRetention', 's3:PutObjectRetention'],
  },
  // verify notes in the catalog what it has found good. Of a copy, a machine that may only read leaves that to others.
  get: { bucket: ['s3:ListBucket'], objects: ['s3:GetObject'], catalog: ['bucket'] },
  rm: {
    bucket: ['s3:ListBucket'],
    objects: ['s3:GetObject', 's3:DeleteObject', 's3:GetObjectRetention', 's3:GetObjectLegalHold'],
    catalog: ['local', 'bucket'],
  },
  thaw: { bucket: ['s3:ListBucket'], objects: ['s3:GetObject', 's3:RestoreObject'] },
}

export interface Place {
  readonly bucket: string
  readonly prefix: string
  readonly region: string | undefined
}

/**
 * @param locks whether for `put --lock-days` as well
 * @param catalog where the catalog is
 */
export function policyFor(
  name: PolicyName,
  { bucket, prefix, region }: Place,
  { locks, catalog }: { readonly locks: boolean; readonly catalog: CatalogPlace },
): object {
  const { bucket: onBucket, objects, catalog: written = [] } = needs[name]
  const more = name === 'put' && locks ? needs['put with locks'] : { bucket: [], objects: [] }
  const arn = `arn:${partitionOf(region)}:s3:::${bucket}`
  const allow = (sid: string, actions: readonly string[], resource: string) => ({
    Sid: `Zfs2s3${sid}`,
    Effect: 'Allow',
    Action: actions,
    Resource: resource,
  })
  const before = `${arn}/${literally(prefix)}`
  const write = ['s3:PutObject']
  return {
    Version: '2012-10-17',
    Statement: [
      allow('Bucket', [...onBucket, ...more.bucket], arn),
      allow('Objects', [...objects, ...more.objects], `${before}*`),
      ...(written.includes(catalog) ? [allow('Catalog', write, before + catalogKey(''))] : []),
      ...(written.includes(catalog) && catalog === 'bucket' ? [allow('Probe', write, before + probeKey(''))] : []),
    ],
  }
}

/** Of an ARN (AWS General Reference: Amazon Resource Names). */
function partitionOf(region = ''): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

/** Wildcards of a resource as what they are (IAM User Guide: Policy variables, Characters that need escaping). */
const literally = (text: string): string => text.replace(/[*?$]/g, character => `\${${character}}`)
