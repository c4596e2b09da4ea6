/** Whether an IAM policy allows a request. The setting `identityPolicy` holds it; without one everything is allowed. */
import { isObject } from './disk.js'
import { refusal } from './errors.js'

/** A request, as far as a policy looks at it. */
export interface Requested {
  readonly operation: string
  readonly bucket: string
  readonly key: string
  readonly headers: ReadonlyMap<string, string>
  readonly query: ReadonlyMap<string, string>
}

type Resource = 'bucket' | 'object'
type Needed = readonly [action: string, resource: Resource]

/** What each operation needs (Amazon S3 User Guide: Required permissions for Amazon S3 API operations). */
const permissions: Readonly<Record<string, (request: Requested) => readonly Needed[]>> = {
  CreateMultipartUpload: storing,
  UploadPart: () => [['s3:PutObject', 'object']],
  CompleteMultipartUpload: () => [['s3:PutObject', 'object']],
  PutObject: storing,
  AbortMultipartUpload: () => [['s3:AbortMultipartUpload', 'object']],
  ListParts: () => [['s3:ListMultipartUploadParts', 'object']],
  ListMultipartUploads: () => [['s3:ListBucketMultipartUploads', 'bucket']],
  ListObjectsV2: () => [['s3:ListBucket', 'bucket']],
  ListObjectVersions: () => [['s3:ListBucketVersions', 'bucket']],
  HeadBucket: () => [['s3:ListBucket', 'bucket']],
  GetObject: reading,
  HeadObject: reading,
  DeleteObject: ({ query }) => [[query.has('versionId') ? 's3:DeleteObjectVersion' : 's3:DeleteObject', 'object']],
  RestoreObject: () => [['s3:RestoreObject', 'object']],
  GetObjectRetention: () => [['s3:GetObjectRetention', 'object']],
  PutObjectRetention: ({ headers }) => [
    ['s3:PutObjectRetention', 'object'],
    ...(headers.has('x-amz-bypass-governance-retention') ? [['s3:BypassGovernanceRetention', 'object'] as const] : []),
  ],
  GetObjectLegalHold: () => [['s3:GetObjectLegalHold', 'object']],
  PutObjectLegalHold: () => [['s3:PutObjectLegalHold', 'object']],
  GetBucketVersioning: () => [['s3:GetBucketVersioning', 'bucket']],
  GetBucketLifecycleConfiguration: () => [['s3:GetLifecycleConfiguration', 'bucket']],
  GetBucketPolicy: () => [['s3:GetBucketPolicy', 'bucket']],
  GetBucketPolicyStatus: () => [['s3:GetBucketPolicyStatus', 'bucket']],
  GetBucketAcl: () => [['s3:GetBucketAcl', 'bucket']],
  GetBucketEncryption: () => [['s3:GetEncryptionConfiguration', 'bucket']],
  GetPublicAccessBlock: () => [['s3:GetBucketPublicAccessBlock', 'bucket']],
  GetObjectLockConfiguration: () => [['s3:GetBucketObjectLockConfiguration', 'bucket']],
}

/** A lock or an If-Match needs more than storing does (S3 API: PutObject; User Guide: conditional writes). */
function storing({ headers }: Requested): readonly Needed[] {
  return [
    ['s3:PutObject', 'object'],
    ...(headers.has('x-amz-object-lock-mode') ? [['s3:PutObjectRetention', 'object'] as const] : []),
    ...(headers.has('x-amz-object-lock-legal-hold') ? [['s3:PutObjectLegalHold', 'object'] as const] : []),
    ...(headers.has('if-match') ? [['s3:GetObject', 'object'] as const] : []),
  ]
}

function reading({ query }: Requested): readonly Needed[] {
  return [[query.has('versionId') ? 's3:GetObjectVersion' : 's3:GetObject', 'object']]
}

/** Throws AccessDenied for a request that the policy doesn't allow, as of an operation that isn't in the table. */
export function authorize(policy: string, request: Requested): void {
  if (policy === '') return
  const needed = permissions[request.operation]?.(request) ?? [['s3:*', 'bucket'] as const]
  for (const [action, resource] of needed) {
    if (isAllowed(policy, action, request.bucket, resource === 'object' ? request.key : null)) continue
    throw denied(`no identity-based policy allows the ${action} action`)
  }
}

/** Without s3:ListBucket nobody is told that an object is missing (S3 API: HeadObject, Permissions). */
export function disguised(policy: string, bucket: string, code: string): boolean {
  return code === 'NoSuchKey' && !isAllowed(policy, 's3:ListBucket', bucket, null)
}

export const denied = (why: string) => refusal('AccessDenied', `User is not authorized: ${why}`)

/** Whether the policy allows an action on a bucket, or on an object in it. */
export function isAllowed(policy: string, action: string, bucket: string, key: string | null): boolean {
  if (policy === '') return true
  const resource = `arn:aws:s3:::${bucket}${key === null ? '' : `/${key}`}`
  const statements = statementsOf(policy)
  const fits = (effect: string) =>
    statements.some(
      statement =>
        statement.effect === effect &&
        statement.actions.some(pattern => isLike(action.toLowerCase(), pattern.toLowerCase())) &&
        statement.resources.some(pattern => isLike(resource, pattern)),
    )
  return fits('Allow') && !fits('Deny')
}

interface Statement {
  readonly effect: string
  readonly actions: readonly string[]
  readonly resources: readonly string[]
}

function statementsOf(policy: string): Statement[] {
  const document: unknown = JSON.parse(policy)
  const list = isObject(document) && 'Statement' in document ? document.Statement : undefined
  if (!Array.isArray(list)) throw new TypeError('not a policy')
  return list.map((statement: unknown) => {
    const fields = new Map(Object.entries(isObject(statement) ? statement : {}))
    for (const name of fields.keys()) {
      if (!['Sid', 'Effect', 'Action', 'Resource'].includes(name)) throw new TypeError(`${name} is not understood`)
    }
    return {
      effect: String(fields.get('Effect')),
      actions: textsIn(fields.get('Action')),
      resources: textsIn(fields.get('Resource')),
    }
  })
}

const textsIn = (value: unknown): string[] => (Array.isArray(value) ? value : [value]).map(String)

/** `*` and `?` are wildcards, unless they are written as the variables `${*}` and `${?}` (IAM User Guide: Policy variables). */
function isLike(value: string, pattern: string): boolean {
  const source = pattern.replace(/\$\{([*?$])\}|[*?]|[^]/g, (piece, literal: string | undefined) => {
    if (literal !== undefined) return `\\${literal}`
    if (piece === '*') return '[^]*'
    return piece === '?' ? '[^]' : piece.replace(/[\\^$.|+()[\]{}/-]/g, '\\$&')
  })
  return new RegExp(`^${source}$`).test(value)
}
