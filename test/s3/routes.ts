/** Which operation a request is, by its method, what it addresses and its query (Amazon S3 API Reference: Actions). */
import { refusal } from './errors.js'
import { restoreObject } from './operations/archive.js'
import { getObjectAttributes } from './operations/attributes.js'
import * as buckets from './operations/buckets.js'
import { completeMultipartUpload } from './operations/complete.js'
import * as configurations from './operations/configurations.js'
import { deleteObject, deleteObjects } from './operations/delete.js'
import { getObject, headObject } from './operations/get.js'
import { listObjectsV2, listObjectVersions } from './operations/list.js'
import * as lock from './operations/lock.js'
import { putObject } from './operations/put.js'
import * as uploads from './operations/uploads.js'
import type { Handler } from './service.js'
import type { Target } from './uri.js'

type Level = 'service' | 'bucket' | 'object'

/**
 * What the body is: ignored, a document, data that the operation reads by itself; a document that the sender must
 * have sent an MD5 sum or another checksum with; or one beside which a checksum header speaks of something else.
 */
type BodyKind = 'none' | 'document' | 'data' | 'digested' | 'other-checksum'

/** An operation: its name, how it is called, what it takes and what it does. */
export type Route = readonly [
  name: string,
  method: string,
  level: Level,
  /** The query parameter that makes the difference; '' for none. */
  parameter: string,
  body: BodyKind,
  handler: Handler,
]

const { acl, lifecycle, policy, replication, encryption, publicAccessBlock, objectLock } = configurations

export const routes: readonly Route[] = [
  ['ListBuckets', 'GET', 'service', '', 'none', buckets.listBuckets],

  ['CreateBucket', 'PUT', 'bucket', '', 'document', buckets.createBucket],
  ['HeadBucket', 'HEAD', 'bucket', '', 'none', buckets.headBucket],
  ['DeleteBucket', 'DELETE', 'bucket', '', 'none', buckets.deleteBucket],
  ['GetBucketLocation', 'GET', 'bucket', 'location', 'none', buckets.getBucketLocation],
  ['GetBucketVersioning', 'GET', 'bucket', 'versioning', 'none', buckets.getBucketVersioning],
  ['PutBucketVersioning', 'PUT', 'bucket', 'versioning', 'digested', buckets.putBucketVersioning],
  ['GetBucketLifecycleConfiguration', 'GET', 'bucket', 'lifecycle', 'none', lifecycle.get],
  ['PutBucketLifecycleConfiguration', 'PUT', 'bucket', 'lifecycle', 'digested', lifecycle.put],
  ['DeleteBucketLifecycle', 'DELETE', 'bucket', 'lifecycle', 'none', lifecycle.remove],
  ['GetBucketPolicy', 'GET', 'bucket', 'policy', 'none', policy.get],
  ['PutBucketPolicy', 'PUT', 'bucket', 'policy', 'digested', policy.put],
  ['DeleteBucketPolicy', 'DELETE', 'bucket', 'policy', 'none', policy.remove],
  ['GetBucketPolicyStatus', 'GET', 'bucket', 'policyStatus', 'none', configurations.getBucketPolicyStatus],
  ['GetBucketAcl', 'GET', 'bucket', 'acl', 'none', acl.get],
  ['PutBucketAcl', 'PUT', 'bucket', 'acl', 'digested', acl.put],
  ['GetBucketReplication', 'GET', 'bucket', 'replication', 'none', replication.get],
  ['PutBucketReplication', 'PUT', 'bucket', 'replication', 'digested', replication.put],
  ['DeleteBucketReplication', 'DELETE', 'bucket', 'replication', 'none', replication.remove],
  ['GetBucketEncryption', 'GET', 'bucket', 'encryption', 'none', encryption.get],
  ['PutBucketEncryption', 'PUT', 'bucket', 'encryption', 'digested', encryption.put],
  ['DeleteBucketEncryption', 'DELETE', 'bucket', 'encryption', 'none', encryption.remove],
  ['GetPublicAccessBlock', 'GET', 'bucket', 'publicAccessBlock', 'none', publicAccessBlock.get],
  ['PutPublicAccessBlock', 'PUT', 'bucket', 'publicAccessBlock', 'digested', publicAccessBlock.put],
  ['DeletePublicAccessBlock', 'DELETE', 'bucket', 'publicAccessBlock', 'none', publicAccessBlock.remove],
  ['GetObjectLockConfiguration', 'GET', 'bucket', 'object-lock', 'none', objectLock.get],
  ['PutObjectLockConfiguration', 'PUT', 'bucket', 'object-lock', 'digested', objectLock.put],
  ['ListMultipartUploads', 'GET', 'bucket', 'uploads', 'none', uploads.listMultipartUploads],
  ['ListObjectVersions', 'GET', 'bucket', 'versions', 'none', listObjectVersions],
  ['ListObjectsV2', 'GET', 'bucket', '', 'none', listObjectsV2],
  ['DeleteObjects', 'POST', 'bucket', 'delete', 'digested', deleteObjects],

  ['CreateMultipartUpload', 'POST', 'object', 'uploads', 'none', uploads.createMultipartUpload],
  ['UploadPart', 'PUT', 'object', 'uploadId', 'data', uploads.uploadPart],
  ['ListParts', 'GET', 'object', 'uploadId', 'none', uploads.listParts],
  ['CompleteMultipartUpload', 'POST', 'object', 'uploadId', 'other-checksum', completeMultipartUpload],
  ['AbortMultipartUpload', 'DELETE', 'object', 'uploadId', 'none', uploads.abortMultipartUpload],
  ['RestoreObject', 'POST', 'object', 'restore', 'document', restoreObject],
  ['GetObjectAttributes', 'GET', 'object', 'attributes', 'none', getObjectAttributes],
  ['GetObjectRetention', 'GET', 'object', 'retention', 'none', lock.getObjectRetention],
  ['PutObjectRetention', 'PUT', 'object', 'retention', 'digested', lock.putObjectRetention],
  ['GetObjectLegalHold', 'GET', 'object', 'legal-hold', 'none', lock.getObjectLegalHold],
  ['PutObjectLegalHold', 'PUT', 'object', 'legal-hold', 'digested', lock.putObjectLegalHold],
  ['PutObject', 'PUT', 'object', '', 'data', putObject],
  ['GetObject', 'GET', 'object', '', 'none', getObject],
  ['HeadObject', 'HEAD', 'object', '', 'none', headObject],
  ['DeleteObject', 'DELETE', 'object', '', 'none', deleteObject],
]

/** The names of all operations. */
export const operationNames: readonly string[] = routes.map(([name]) => name)

/** Parameters that make another operation of a request; those that no route has are not implemented. */
const subresources = new Set([
  ...routes.map(([, , , parameter]) => parameter).filter(parameter => parameter !== ''),
  ...['accelerate', 'analytics', 'append', 'cors', 'intelligent-tiering', 'inventory', 'logging', 'metrics'],
  ...['notification', 'ownershipControls', 'requestPayment', 'select', 'session', 'tagging'],
  ...['torrent', 'website', 'renameObject'],
])

/** The route of a request. Throws MethodNotAllowed or NotImplemented if there is none. */
export function routeOf(method: string, target: Target): Route {
  const level = target.key !== '' ? 'object' : target.bucket !== '' ? 'bucket' : 'service'
  const asked = target.query.map(([name]) => name).filter(name => subresources.has(name))
  const parameter = asked[0] ?? ''
  const found = routes.find(route => route[1] === method && route[2] === level && route[3] === parameter)
  if (found !== undefined) return found
  if (parameter === '')
    throw refusal('MethodNotAllowed', 'The specified method is not allowed against this resource.', { Method: method })
  throw refusal('NotImplemented', 'A parameter you provided implies functionality that is not implemented', {
    Parameter: parameter,
  })
}
