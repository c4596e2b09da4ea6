/** Settings of a bucket that are kept and given back as they came: lifecycle, policy and their like. */
import { refusal } from '../errors.js'
import type { Answer, Exchange, Handler } from '../service.js'
import { answerDocument, bare } from '../service.js'
import { isObject } from '../disk.js'
import { leaf, node, parseXml, xmlDocument } from '../xml.js'

/** The handlers that read, write and remove one setting. */
export interface Configuration {
  readonly get: Handler
  readonly put: Handler
  readonly remove: Handler
}

/** `name` is its query parameter, `check` refuses what is none, and `unset` is what is answered where it isn't set. */
function configuration(
  name: string,
  check: (document: string) => unknown,
  unset: (exchange: Exchange) => Answer,
): Configuration {
  const of = ({ service, bucket }: Exchange) => service.objects.bucket(bucket)
  return {
    get(exchange) {
      const document = of(exchange).configurations[name]
      return document === undefined ? unset(exchange) : answerDocument(document)
    },
    put(exchange) {
      check(exchange.document)
      of(exchange).configurations[name] = exchange.document
      exchange.service.objects.saveBucket(exchange.bucket)
      return bare(200)
    },
    remove(exchange) {
      const record = of(exchange)
      record.configurations = Object.fromEntries(
        Object.entries(record.configurations).filter(([other]) => other !== name),
      )
      exchange.service.objects.saveBucket(exchange.bucket)
      return bare(204)
    },
  }
}

const xml = (root: string) => (document: string) => parseXml(document, root)

function json(document: string): void {
  try {
    const policy: unknown = JSON.parse(document)
    if (isObject(policy) && 'Statement' in policy) return
  } catch {
    // Answered below, as a policy without a statement is.
  }
  throw refusal('MalformedPolicy', 'This policy contains invalid Json')
}

export const lifecycle = configuration('lifecycle', xml('LifecycleConfiguration'), () => {
  throw refusal('NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist')
})

export const policy = configuration('policy', json, () => {
  throw refusal('NoSuchBucketPolicy', 'The bucket policy does not exist')
})

/** Public is what allows something to everybody and asks no condition (S3 User Guide: The meaning of "public"). */
export function getBucketPolicyStatus({ service, bucket }: Exchange): Answer {
  const document = service.objects.bucket(bucket).configurations.policy
  if (document === undefined) throw refusal('NoSuchBucketPolicy', 'The bucket policy does not exist')
  const { Statement: statements } = JSON.parse(document) as { Statement: readonly Record<string, unknown>[] }
  const isPublic = statements.some(
    ({ Effect, Principal, Condition }) =>
      Effect === 'Allow' && ['"*"', '{"AWS":"*"}'].includes(JSON.stringify(Principal)) && Condition === undefined,
  )
  return answerDocument(xmlDocument('PolicyStatus', leaf('IsPublic', isPublic)))
}

/** The owner's alone, unless told otherwise. */
export const acl = configuration('acl', xml('AccessControlPolicy'), () =>
  answerDocument(xmlDocument('AccessControlPolicy', node('Owner', leaf('ID', 'owner')), node('AccessControlList'))),
)

export const replication = configuration('replication', xml('ReplicationConfiguration'), () => {
  throw refusal('ReplicationConfigurationNotFoundError', 'The replication configuration was not found')
})

export const publicAccessBlock = configuration('publicAccessBlock', xml('PublicAccessBlockConfiguration'), () => {
  throw refusal('NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found')
})

/** Never unset: S3 encrypts with keys of its own unless told otherwise. */
export const encryption = configuration('encryption', xml('ServerSideEncryptionConfiguration'), () =>
  answerDocument(
    xmlDocument(
      'ServerSideEncryptionConfiguration',
      node(
        'Rule',
        node('ApplyServerSideEncryptionByDefault', leaf('SSEAlgorithm', 'AES256')),
        leaf('BucketKeyEnabled', false),
      ),
    ),
  ),
)

const plainObjectLock = configuration('object-lock', xml('ObjectLockConfiguration'), ({ service, bucket }) => {
  if (service.objects.bucket(bucket).lockable)
    return answerDocument(xmlDocument('ObjectLockConfiguration', leaf('ObjectLockEnabled', 'Enabled')))
  throw refusal('ObjectLockConfigurationNotFoundError', 'Object Lock configuration does not exist for this bucket')
})

/** Needs versioning, and once switched on stays. */
export const objectLock: Pick<Configuration, 'get' | 'put'> = {
  get: plainObjectLock.get,
  put(exchange) {
    const record = exchange.service.objects.bucket(exchange.bucket)
    if (record.versioning !== 'Enabled')
      throw refusal(
        'InvalidBucketState',
        "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
      )
    record.lockable = true
    return plainObjectLock.put(exchange)
  },
}
