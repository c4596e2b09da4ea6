/** CompleteMultipartUpload. */
import { encryptionHeaders, versionHeader } from '../attributes.js'
import type { Checksum, ChecksumAlgorithm } from '../checksums.js'
import { checksumAlgorithms, checksumElement, checksumHeader, checksumOfParts } from '../checksums.js'
import { checkWriteConditions } from '../conditions.js'
import { refusal } from '../errors.js'
import type { PartRecord, UploadRecord, Version } from '../records.js'
import type { Answer, Exchange } from '../service.js'
import { answerDocument } from '../service.js'
import type { Element } from '../xml.js'
import { childrenOf, leaf, parseXml, textOf, xmlDocument } from '../xml.js'
import { multipartEtag } from './put.js'
import { uploadOf } from './uploads.js'

/** A part as the request names it. */
interface NamedPart {
  readonly number: number
  readonly etag: string
  /** By their elements: ChecksumSHA256, ...; none if the server doesn't look at checksums. */
  readonly checksums: ReadonlyMap<string, string>
}

export function completeMultipartUpload(exchange: Exchange): Answer {
  const { service, bucket, key } = exchange
  const named = namedParts(exchange)
  const earlier = service.settings.completeAgain ? completedBefore(exchange, named) : null
  if (earlier !== null) return completed(exchange, earlier)

  const upload = uploadOf(exchange)
  const parts = matchingParts(named, service.uploads.parts(upload.id), upload)
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  checkSizes(exchange, parts, size)
  const checksum = service.settings.noChecksums ? null : objectChecksum(exchange, upload, parts)
  checkWriteConditions(exchange)
  const version: Omit<Version, 'id'> = {
    modified: service.now(),
    size,
    etag: multipartEtag(parts),
    checksum,
    parts,
    uploadId: upload.id,
    storageClass: upload.storageClass,
    headers: upload.headers,
    retention: upload.retention,
    legalHold: upload.legalHold,
    restore: null,
    deleteMarker: false,
  }
  const id = service.objects.put(bucket, key, version)
  service.uploads.end(upload.id, new Set(parts.map(part => part.file)))
  return completed(exchange, { ...version, id })
}

function completed(exchange: Exchange, version: Version): Answer {
  const { checksum } = version
  return answerDocument(
    xmlDocument(
      'CompleteMultipartUploadResult',
      leaf('Location', `/${exchange.bucket}/${exchange.key}`),
      leaf('Bucket', exchange.bucket),
      leaf('Key', exchange.key),
      leaf('ETag', `"${version.etag}"`),
      checksum === null ? '' : leaf(checksumElement(checksum.algorithm), checksum.value),
      leaf('ChecksumType', checksum?.type ?? null),
    ),
    { ...encryptionHeaders(version.headers), ...versionHeader(exchange, version.id) },
  )
}

/** The version that this very request made when it came the first time. */
function completedBefore({ service, bucket, key, query }: Exchange, named: readonly NamedPart[]): Version | null {
  for (const version of service.objects.versions(bucket, key)) {
    if (version.deleteMarker || version.uploadId === null || version.uploadId !== query.get('uploadId')) continue
    const same = (part: PartRecord, index: number) =>
      named[index]?.number === part.number && named[index].etag === part.etag
    if (version.parts.length === named.length && version.parts.every(same)) return version
  }
  return null
}

function namedParts({ document, service }: Exchange): NamedPart[] {
  const algorithms = service.settings.noChecksums ? [] : checksumAlgorithms
  const elements = childrenOf(parseXml(document, 'CompleteMultipartUpload'), 'Part')
  const parts = elements.map(element => namedPart(element, algorithms))
  if (parts.length === 0) throw refusal('MalformedXML', 'You must specify at least one part')
  parts.forEach((part, index) => {
    const before = parts[index - 1]
    if (before !== undefined && part.number <= before.number)
      throw refusal('InvalidPartOrder', 'The list of parts was not in ascending order.')
  })
  return parts
}

function namedPart(element: Element, algorithms: readonly ChecksumAlgorithm[]): NamedPart {
  const number = textOf(element, 'PartNumber') ?? ''
  const etag = textOf(element, 'ETag')
  if (!/^[1-9]\d{0,8}$/.test(number) || etag === null)
    throw refusal('MalformedXML', 'A part needs a PartNumber and an ETag')
  const checksums = new Map<string, string>()
  for (const name of algorithms.map(checksumElement)) {
    const value = textOf(element, name)
    if (value !== null) checksums.set(name, value)
  }
  return { number: Number(number), etag: etag.replace(/^"|"$/g, ''), checksums }
}

function matchingParts(named: readonly NamedPart[], stored: readonly PartRecord[], upload: UploadRecord): PartRecord[] {
  const byNumber = new Map(stored.map(part => [part.number, part]))
  const { checksum } = upload
  return named.map(({ number, etag, checksums }) => {
    const part = byNumber.get(number)
    const wanted = checksum === null ? null : checksumElement(checksum.algorithm)
    const others = [...checksums.keys()].filter(name => name !== wanted)
    const value = wanted === null ? undefined : checksums.get(wanted)
    if (part?.etag !== etag || others.length > 0 || (value !== undefined && value !== part.checksum))
      throw refusal(
        'InvalidPart',
        'One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag or checksum may not match.',
        { UploadId: upload.id, PartNumber: String(number), ETag: etag },
      )
    if (checksum?.type === 'COMPOSITE' && value === undefined)
      throw refusal(
        'InvalidRequest',
        `The upload was created using a ${checksum.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
      )
    return part
  })
}

function checkSizes({ service, headers }: Exchange, parts: readonly PartRecord[], size: number): void {
  const { minPartSize, maxObjectSize } = service.settings
  const small = parts.slice(0, -1).find(part => part.size < minPartSize)
  if (small !== undefined)
    throw refusal('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
      ProposedSize: String(small.size),
      MinSizeAllowed: String(minPartSize),
      PartNumber: String(small.number),
      ETag: small.etag,
    })
  if (size > maxObjectSize)
    throw refusal('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed object size.', {
      ProposedSize: String(size),
      MaxSizeAllowed: String(maxObjectSize),
    })
  const announced = headers.get('x-amz-mp-object-size')
  if (announced !== undefined && announced !== String(size))
    throw refusal('InvalidRequest', 'The provided x-amz-mp-object-size does not match the size of the parts')
}

function objectChecksum({ headers }: Exchange, upload: UploadRecord, parts: readonly PartRecord[]): Checksum | null {
  if (upload.checksum === null) return null
  const { algorithm, type } = upload.checksum
  // S3 wants numbers from 1 without gaps here, and has no better answer where it finds others.
  if (type === 'COMPOSITE' && parts.some((part, index) => part.number !== index + 1))
    throw refusal('InternalError', 'We encountered an internal error. Please try again.')
  const checksum = checksumOfParts(
    algorithm,
    type,
    parts.map(({ checksum, size }) => ({ checksum: checksum ?? '', size })),
  )
  const claimed = headers.get(checksumHeader(algorithm))
  const claimedType = headers.get('x-amz-checksum-type')
  if (claimedType !== undefined && claimedType !== type)
    throw refusal('InvalidRequest', `The upload was created with checksum type ${type}, not ${claimedType}`)
  // A composite value may be given with or without its number of parts.
  if (claimed !== undefined && claimed !== checksum.value && claimed !== checksum.value.replace(/-\d+$/, ''))
    throw refusal('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`)
  return checksum
}
