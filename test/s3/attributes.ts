/** What the headers of a request say about an object to be stored, and the answer's headers about a stored one. */
import { isAllowed } from './authorize.js'
import { checksumHeader } from './checksums.js'
import { refusal } from './errors.js'
import type { Attributes, Retention, Version } from './records.js'
import type { Exchange } from './service.js'
import { parseXml, textOf } from './xml.js'

/** Headers that are given back as they came. Those about encryption are repeated by UploadPart as well. */
const kept = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-amz-website-redirect-location',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
]

const storageClasses = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
]

/** 2 KB: what user metadata may take, names and values together. */
const maxMetadata = 2048

/** Whether an object must be restored before it can be read, or must have been. */
export const isArchived = ({ storageClass, archiveStatus }: Version): boolean =>
  storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE' || archiveStatus !== undefined

/** What a request says about the object that it stores. */
export function attributesOf(exchange: Exchange): Attributes {
  const { headers } = exchange
  if (headers.has('x-amz-server-side-encryption-customer-algorithm'))
    throw refusal('NotImplemented', 'Encryption with customer-provided keys is not implemented')
  const storageClass = headers.get('x-amz-storage-class') ?? 'STANDARD'
  if (!storageClasses.includes(storageClass))
    throw refusal('InvalidStorageClass', 'The storage class you specified is not valid')
  return { headers: keptHeaders(headers), storageClass, ...lockOf(exchange) }
}

function keptHeaders(headers: ReadonlyMap<string, string>): Record<string, string> {
  const result: Record<string, string> = {
    'content-type': 'binary/octet-stream',
    'x-amz-server-side-encryption': 'AES256',
  }
  let metadata = 0
  for (const [name, value] of headers) {
    if (name.startsWith('x-amz-meta-')) metadata += name.length - 'x-amz-meta-'.length + value.length
    else if (!kept.includes(name)) continue
    result[name] = value
  }
  if (metadata > maxMetadata)
    throw refusal('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', {
      Size: String(metadata),
      MaxSizeAllowed: String(maxMetadata),
    })
  const encodings = (result['content-encoding'] ?? '').split(',').map(encoding => encoding.trim())
  const real = encodings.filter(encoding => encoding !== '' && encoding !== 'aws-chunked')
  delete result['content-encoding']
  return real.length > 0 ? { ...result, 'content-encoding': real.join(',') } : result
}

/** Of what is kept, the headers about encryption. */
export const encryptionHeaders = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-server-side-encryption')))

function lockOf(exchange: Exchange): { retention: Retention | null; legalHold: boolean } {
  const { headers, service } = exchange
  const bucket = service.objects.bucket(exchange.bucket)
  const mode = headers.get('x-amz-object-lock-mode') ?? null
  const until = headers.get('x-amz-object-lock-retain-until-date') ?? null
  const hold = headers.get('x-amz-object-lock-legal-hold')
  if ((mode === null) !== (until === null))
    throw refusal(
      'InvalidArgument',
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    )
  if (mode !== null || hold !== undefined) {
    if (!bucket.lockable) throw refusal('InvalidRequest', 'Bucket is missing Object Lock Configuration')
    if (hold !== undefined && hold !== 'ON' && hold !== 'OFF')
      throw refusal('InvalidArgument', 'Legal Hold must be either of ON or OFF')
  }
  const retention =
    mode === null || until === null
      ? defaultRetention(bucket.configurations['object-lock'], service.now())
      : retentionOf(mode, until, service.now())
  return { retention, legalHold: hold === 'ON' }
}

/** A retention as a request gives it. Throws if it is none, or ends in the past. */
export function retentionOf(mode: string | null, until: string | null, now: number): Retention {
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') throw refusal('InvalidArgument', 'Unknown wormMode directive')
  const time = Date.parse(until ?? '')
  if (Number.isNaN(time)) throw refusal('InvalidArgument', 'The retain until date must be provided in ISO 8601 format')
  if (time <= now) throw refusal('InvalidArgument', 'The retain until date must be in the future!')
  return { mode, until: time }
}

const dayMs = 24 * 60 * 60 * 1000

function defaultRetention(configuration: string | undefined, now: number): Retention | null {
  if (configuration === undefined) return null
  const rule = parseXml(configuration, 'ObjectLockConfiguration').children.find(child => child.name === 'Rule')
  const byDefault = rule?.children.find(child => child.name === 'DefaultRetention')
  if (byDefault === undefined) return null
  const days = Number(textOf(byDefault, 'Days') ?? 0) + 365 * Number(textOf(byDefault, 'Years') ?? 0)
  return retentionOf(textOf(byDefault, 'Mode'), new Date(now + days * dayMs).toISOString(), now)
}

/** An archived object's state: not restored, being restored, or with a copy to read for a time. */
export function restoreState(version: Version, now: number): 'none' | 'ongoing' | 'restored' {
  if (version.restore === null || now >= version.restore.expires) return 'none'
  return now < version.restore.ready ? 'ongoing' : 'restored'
}

/** The headers that GET and HEAD have about an object. `whole` is whether all of it is answered. */
export function objectHeaders(exchange: Exchange, version: Version, whole: boolean): Record<string, string> {
  const headers: Record<string, string> = {
    ...version.headers,
    etag: `"${version.etag}"`,
    'last-modified': new Date(version.modified).toUTCString(),
    'accept-ranges': 'bytes',
    ...versionHeader(exchange, version.id),
  }
  if (version.storageClass !== 'STANDARD') headers['x-amz-storage-class'] = version.storageClass
  const state = restoreState(version, exchange.service.now())
  if (state === 'ongoing') headers['x-amz-restore'] = 'ongoing-request="true"'
  // Intelligent tiering makes no copy: the object itself is back.
  if (version.archiveStatus !== undefined && state !== 'restored')
    headers['x-amz-archive-status'] = version.archiveStatus
  if (version.archiveStatus === undefined && state === 'restored' && version.restore !== null)
    headers['x-amz-restore'] =
      `ongoing-request="false", expiry-date="${new Date(version.restore.expires).toUTCString()}"`
  // Who may not ask for them isn't told (S3 API: HeadObject).
  const may = (action: string) =>
    isAllowed(exchange.service.settings.identityPolicy, action, exchange.bucket, exchange.key)
  if (version.retention !== null && may('s3:GetObjectRetention')) {
    headers['x-amz-object-lock-mode'] = version.retention.mode
    headers['x-amz-object-lock-retain-until-date'] = new Date(version.retention.until).toISOString()
  }
  if (version.legalHold && may('s3:GetObjectLegalHold')) headers['x-amz-object-lock-legal-hold'] = 'ON'
  if (whole && version.checksum !== null && exchange.headers.get('x-amz-checksum-mode') === 'ENABLED') {
    headers[checksumHeader(version.checksum.algorithm)] = version.checksum.value
    headers['x-amz-checksum-type'] = version.checksum.type
  }
  return headers
}

/** The header with a version's id, which buckets have that were ever versioned. */
export const versionHeader = (exchange: Exchange, id: string): Record<string, string> =>
  exchange.service.objects.bucket(exchange.bucket).versioning === null ? {} : { 'x-amz-version-id': id }
