/** Buckets themselves, and whether they are versioned. */
import { refusal } from '../errors.js'
import type { Answer, Exchange } from '../service.js'
import { answerDocument, bare } from '../service.js'
import { leaf, node, parseXml, textOf, xmlDocument } from '../xml.js'
import { isoTime } from './list.js'

export function listBuckets({ service }: Exchange): Answer {
  const buckets = service.objects
    .buckets()
    .map(({ name, created }) => node('Bucket', leaf('Name', name), leaf('CreationDate', isoTime(created))))
  return answerDocument(
    xmlDocument('ListAllMyBucketsResult', node('Owner', leaf('ID', 'owner')), node('Buckets', ...buckets)),
  )
}

/** Whether S3 allows the name (Amazon S3 User Guide: Bucket naming rules). Also what makes it safe as a file's name. */
export const isBucketName = (name: string): boolean =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..') && !/^\d+\.\d+\.\d+\.\d+$/.test(name)

export function createBucket({ service, bucket, headers, document }: Exchange): Answer {
  if (!isBucketName(bucket))
    throw refusal('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: bucket })
  const location =
    document === '' ? null : textOf(parseXml(document, 'CreateBucketConfiguration'), 'LocationConstraint')
  if ((location ?? 'us-east-1') !== service.region)
    throw refusal('InvalidArgument', `The location constraint does not fit the region ${service.region}`)
  // Making one's own bucket again is an error everywhere but in us-east-1.
  if (!service.objects.hasBucket(bucket)) {
    const lockable = headers.get('x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true'
    service.objects.createBucket(bucket, service.now(), lockable)
  } else if (service.region !== 'us-east-1')
    throw refusal('BucketAlreadyOwnedByYou', 'The bucket that you tried to create already exists, and you own it.')
  return bare(200, { location: `/${bucket}` })
}

export function headBucket({ service, bucket }: Exchange): Answer {
  service.objects.bucket(bucket)
  return bare(200, { 'x-amz-bucket-region': service.region })
}

export function deleteBucket({ service, bucket }: Exchange): Answer {
  service.objects.deleteBucket(bucket)
  for (const upload of service.uploads.list(bucket)) service.uploads.end(upload.id, new Set())
  return bare(204)
}

export function getBucketLocation({ service, bucket }: Exchange): Answer {
  service.objects.bucket(bucket)
  return answerDocument(xmlDocument('LocationConstraint', service.region === 'us-east-1' ? '' : service.region))
}

export function getBucketVersioning({ service, bucket }: Exchange): Answer {
  const { versioning } = service.objects.bucket(bucket)
  return answerDocument(xmlDocument('VersioningConfiguration', leaf('Status', versioning)))
}

export function putBucketVersioning({ service, bucket, document }: Exchange): Answer {
  const record = service.objects.bucket(bucket)
  const status = textOf(parseXml(document, 'VersioningConfiguration'), 'Status')
  if (status !== 'Enabled' && status !== 'Suspended')
    throw refusal('MalformedXML', 'Status must be Enabled or Suspended')
  if (status === 'Suspended' && record.lockable)
    throw refusal('InvalidBucketState', 'An Object Lock configuration is present on this bucket')
  record.versioning = status
  service.objects.saveBucket(bucket)
  return bare(200)
}
