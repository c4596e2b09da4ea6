/**
 * A bucket's own settings, in the words of this project. Each is read by itself, since a policy may allow one and not
 * another. All throw a Failure where S3 doesn't answer; `settingOr` makes a value of "may not know".
 */
import type { LifecycleRule as SdkRule } from '@aws-sdk/client-s3'
import { rfc3339 } from '../chain/edge.js'
import { Failure } from '../failure.js'
import type { Connection } from './connection.js'
import { httpStatus, isPassing, s3Code } from './errors.js'
import type { Lifecycle, LifecycleRule } from './lifecycle.js'
import { type LockMode, lockModes } from './lock.js'

/** Object lock is switched on; what new objects get that ask for nothing else. */
export interface ObjectLock {
  readonly byDefault: { readonly mode: LockMode; readonly days: number } | null
}

/** How new objects are encrypted that ask for nothing else. */
export interface Encryption {
  /** `AES256`, `aws:kms`, `aws:kms:dsse`. */
  readonly algorithm: string
  readonly kmsKey: string | null
}

/** What is set, or why it isn't known. */
export type Setting<T> = { readonly value: T } | { readonly unknown: string }

export class Configuration {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Null if object lock is off. */
  async objectLock(signal?: AbortSignal): Promise<ObjectLock | null> {
    const { sdk, client, bucket: Bucket } = this.#connection
    const answer = await this.#ask('the object lock of', signal, 'ObjectLockConfigurationNotFoundError', options =>
      client.send(new sdk.GetObjectLockConfigurationCommand({ Bucket }), options),
    )
    const configured = answer?.ObjectLockConfiguration
    if (configured?.ObjectLockEnabled !== 'Enabled') return null
    const { Mode, Days, Years } = configured.Rule?.DefaultRetention ?? {}
    const mode = lockModes.find(each => each === Mode)
    return { byDefault: mode === undefined ? null : { mode, days: Days ?? (Years ?? 0) * 365 } }
  }

  async versioning(signal?: AbortSignal): Promise<'Enabled' | 'Suspended' | 'off'> {
    const { sdk, client, bucket: Bucket } = this.#connection
    const answer = await this.#ask('the versioning of', signal, '', options =>
      client.send(new sdk.GetBucketVersioningCommand({ Bucket }), options),
    )
    return answer?.Status ?? 'off'
  }

  async lifecycle(signal?: AbortSignal): Promise<Lifecycle> {
    const { sdk, client, bucket: Bucket } = this.#connection
    const answer = await this.#ask('the lifecycle rules of', signal, 'NoSuchLifecycleConfiguration', options =>
      client.send(new sdk.GetBucketLifecycleConfigurationCommand({ Bucket }), options),
    )
    return {
      rules: (answer?.Rules ?? []).filter(({ Status }) => Status === 'Enabled').map(ruleOf),
      // S3 API: GetBucketLifecycleConfiguration, x-amz-transition-default-minimum-object-size.
      smallOnesToo: answer?.TransitionDefaultMinimumObjectSize === 'varies_by_storage_class',
    }
  }

  /** Null where the service encrypts nothing by itself; AWS always does. */
  async encryption(signal?: AbortSignal): Promise<Encryption | null> {
    const { sdk, client, bucket: Bucket } = this.#connection
    const unset = 'ServerSideEncryptionConfigurationNotFoundError'
    const answer = await this.#ask('the encryption of', signal, unset, options =>
      client.send(new sdk.GetBucketEncryptionCommand({ Bucket }), options),
    )
    const [rule] = answer?.ServerSideEncryptionConfiguration?.Rules ?? []
    const { SSEAlgorithm, KMSMasterKeyID } = rule?.ApplyServerSideEncryptionByDefault ?? {}
    return SSEAlgorithm === undefined ? null : { algorithm: SSEAlgorithm, kmsKey: KMSMasterKeyID ?? null }
  }

  /** Whether S3 keeps the bucket from becoming public, whatever policies and ACLs say (S3 User Guide: Blocking public access). */
  async blocksPublicAccess(signal?: AbortSignal): Promise<boolean> {
    const { sdk, client, bucket: Bucket } = this.#connection
    const unset = 'NoSuchPublicAccessBlockConfiguration'
    const answer = await this.#ask('the public access block of', signal, unset, options =>
      client.send(new sdk.GetPublicAccessBlockCommand({ Bucket }), options),
    )
    const { BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets } =
      answer?.PublicAccessBlockConfiguration ?? {}
    return [BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets].every(each => each === true)
  }

  /** Whether S3 itself calls the bucket's policy public. */
  async hasPublicPolicy(signal?: AbortSignal): Promise<boolean> {
    const { sdk, client, bucket: Bucket } = this.#connection
    const answer = await this.#ask('the policy status of', signal, 'NoSuchBucketPolicy', options =>
      client.send(new sdk.GetBucketPolicyStatusCommand({ Bucket }), options),
    )
    return answer?.PolicyStatus?.IsPublic ?? false
  }

  /** What the ACL allows to everybody, or to everybody with an AWS account: `READ`, `WRITE`, `FULL_CONTROL`, ... */
  async publicGrants(signal?: AbortSignal): Promise<string[]> {
    const { sdk, client, bucket: Bucket } = this.#connection
    const answer = await this.#ask('the ACL of', signal, '', options =>
      client.send(new sdk.GetBucketAclCommand({ Bucket }), options),
    )
    const isPublic = /\/groups\/global\/(AllUsers|AuthenticatedUsers)$/
    const grants = (answer?.Grants ?? []).filter(({ Grantee }) => isPublic.test(Grantee?.URI ?? ''))
    return grants.flatMap(({ Permission }) => Permission ?? [])
  }

  /** The bucket policy's text, or null if it has none. */
  async policy(signal?: AbortSignal): Promise<string | null> {
    const { sdk, client, bucket: Bucket } = this.#connection
    const answer = await this.#ask('the policy of', signal, 'NoSuchBucketPolicy', options =>
      client.send(new sdk.GetBucketPolicyCommand({ Bucket }), options),
    )
    return answer?.Policy ?? null
  }

  /** Null where S3 says with the code `unset` that nothing is set. */
  #ask<T>(
    what: string,
    signal: AbortSignal | undefined,
    unset: string,
    request: (options: { abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T | null> {
    return this.#connection.send({ doing: `read ${what}` }, signal, options =>
      request(options).catch((error: unknown) => {
        if (s3Code(error) === unset) return null
        throw error
      }),
    )
  }
}

/**
 * What `read` gives; or why it isn't known, where S3 does not allow to ask (403) or the service knows no such question.
 * What hinders every question is thrown: no answer, wrong credentials, no such bucket.
 */
export async function settingOr<T>(read: () => Promise<T>): Promise<Setting<T>> {
  try {
    return { value: await read() }
  } catch (error) {
    if (!(error instanceof Failure) || error.cause === undefined || isPassing(error)) throw error
    const status = httpStatus(error.cause)
    const code = s3Code(error.cause)
    if (status === undefined || hindersAll.has(code)) throw error
    return { unknown: `S3 answered ${status} ${code}` }
  }
}

const hindersAll = new Set([
  ...['NoSuchBucket', 'InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken'],
  ...['TokenRefreshRequired', 'RequestTimeTooSkewed', 'PermanentRedirect', 'AuthorizationHeaderMalformed'],
])

/** A rule with its filter in one piece: S3 has it in four forms (S3 API: LifecycleRuleFilter). */
function ruleOf(rule: SdkRule): LifecycleRule {
  const { ID, Filter, Expiration, Transitions, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload } = rule
  const and = Filter?.And
  const when = ({ Days, Date }: { Days?: number | undefined; Date?: Date | undefined }) =>
    Date === undefined ? { days: Days ?? 0 } : { date: rfc3339(Date) }
  const expires = Expiration?.Days !== undefined || Expiration?.Date !== undefined
  return {
    id: ID ?? '',
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- old rules still have it there
    prefix: and?.Prefix ?? Filter?.Prefix ?? rule.Prefix ?? '',
    isForTagged: Filter?.Tag !== undefined || (and?.Tags ?? []).length > 0,
    largerThan: and?.ObjectSizeGreaterThan ?? Filter?.ObjectSizeGreaterThan ?? null,
    smallerThan: and?.ObjectSizeLessThan ?? Filter?.ObjectSizeLessThan ?? null,
    expiration: expires ? when(Expiration) : null,
    cleansMarkers: Expiration?.ExpiredObjectDeleteMarker === true,
    transitions: (Transitions ?? []).map(each => ({ ...when(each), storageClass: each.StorageClass ?? '' })),
    noncurrentExpiration:
      NoncurrentVersionExpiration === undefined
        ? null
        : {
            days: NoncurrentVersionExpiration.NoncurrentDays ?? 0,
            keeps: NoncurrentVersionExpiration.NewerNoncurrentVersions ?? 0,
          },
    abortsUploadsAfterDays: AbortIncompleteMultipartUpload?.DaysAfterInitiation ?? null,
  }
}
