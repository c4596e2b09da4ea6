/** CreateMultipartUpload, UploadPart, AbortMultipartUpload, and the lists of parts and uploads. */
import { attributesOf, encryptionHeaders } from '../attributes.js'
import { checksumAlgorithmOf, checksumElement, checksumTypes } from '../checksums.js'
import { refusal } from '../errors.js'
import { countOf, pageOf } from '../paging.js'
import type { PartRecord, UploadRecord } from '../records.js'
import { byKey } from '../records.js'
import type { Answer, Exchange, ReceivedBlob } from '../service.js'
import { answerDocument, bare } from '../service.js'
import { leaf, node, xmlDocument } from '../xml.js'
import { isoTime, listEntries, listHead, listRequest, nameOf } from './list.js'
import { checksumHeaders, etagOf, refuseCopy, requireDigestForLock } from './put.js'

export function createMultipartUpload(exchange: Exchange): Answer {
  const { service, bucket, key } = exchange
  service.objects.bucket(bucket)
  const attributes = attributesOf(exchange)
  const checksum = wantedChecksum(exchange)
  const id = service.uploads.create({ bucket, key, initiated: service.now(), checksum, ...attributes })
  return answerDocument(
    xmlDocument('InitiateMultipartUploadResult', leaf('Bucket', bucket), leaf('Key', key), leaf('UploadId', id)),
    {
      ...encryptionHeaders(attributes.headers),
      ...(checksum === null
        ? {}
        : { 'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type }),
    },
  )
}

function wantedChecksum({ headers, service }: Exchange): UploadRecord['checksum'] {
  const name = headers.get('x-amz-checksum-algorithm')
  const type = headers.get('x-amz-checksum-type')
  if (service.settings.noChecksums) return null
  if (name === undefined) {
    if (type === undefined) return null
    throw refusal('InvalidRequest', 'The x-amz-checksum-type header can only be used with x-amz-checksum-algorithm')
  }
  const algorithm = checksumAlgorithmOf(name)
  if (algorithm === undefined)
    throw refusal('InvalidRequest', 'Checksum algorithm provided is unsupported. Please try again with another one')
  const types = checksumTypes(algorithm)
  const taken = type === undefined ? types[0] : types.find(known => known === type.toUpperCase())
  if (taken === undefined)
    throw refusal(
      'InvalidRequest',
      `The ${type ?? ''} checksum type cannot be used with the ${name} checksum algorithm.`,
    )
  return { algorithm, type: taken }
}

/** The upload that a request is about; throws NoSuchUpload. */
export function uploadOf({ service, bucket, key, query }: Exchange): UploadRecord {
  service.objects.bucket(bucket)
  return service.uploads.get(bucket, key, query.get('uploadId') ?? '')
}

export async function uploadPart(exchange: Exchange): Promise<Answer> {
  const { service } = exchange
  refuseCopy(exchange)
  const number = partNumberOf(exchange)
  requireDigestForLock(exchange, uploadOf(exchange))
  const body = await exchange.receive()
  // Again, because the upload may have been completed or aborted while the body came.
  const upload = uploadOf(exchange)
  checkAlgorithm(upload, body)
  const etag = etagOf(body)
  service.uploads.putPart(upload.id, {
    number,
    file: body.file,
    size: body.size,
    etag,
    checksum: body.checksum?.value ?? null,
    modified: service.now(),
  })
  return bare(200, { etag: `"${etag}"`, ...encryptionHeaders(upload.headers), ...checksumHeaders(body) })
}

function partNumberOf({ query, service }: Exchange): number {
  const { maxParts } = service.settings
  const text = query.get('partNumber') ?? ''
  const number = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : Infinity
  if (number > maxParts)
    throw refusal('InvalidArgument', `Part number must be an integer between 1 and ${maxParts}, inclusive`, {
      ArgumentName: 'partNumber',
      ArgumentValue: text,
    })
  return number
}

function checkAlgorithm(upload: UploadRecord, body: ReceivedBlob): void {
  const expected = upload.checksum?.algorithm.toLowerCase() ?? 'null'
  const actual = body.checksum?.algorithm.toLowerCase() ?? 'null'
  if (expected !== actual)
    throw refusal(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${actual}`,
    )
}

export function abortMultipartUpload(exchange: Exchange): Answer {
  exchange.service.uploads.end(uploadOf(exchange).id, new Set())
  return bare(204)
}

export function listParts(exchange: Exchange): Answer {
  const { service, query } = exchange
  const upload = uploadOf(exchange)
  const max = countOf('max-parts', query.get('max-parts'), service.settings.maxKeys)
  const marker = countOf('part-number-marker', query.get('part-number-marker') ?? '0', Infinity)
  const after = service.uploads.parts(upload.id).filter(part => part.number > marker)
  const page = after.slice(0, max)
  return answerDocument(
    xmlDocument(
      'ListPartsResult',
      leaf('Bucket', exchange.bucket),
      leaf('Key', exchange.key),
      leaf('UploadId', upload.id),
      leaf('PartNumberMarker', marker),
      leaf('NextPartNumberMarker', page.at(-1)?.number ?? 0),
      leaf('MaxParts', max),
      leaf('IsTruncated', page.length < after.length && max > 0),
      leaf('StorageClass', upload.storageClass),
      checksumFields(upload),
      ...page.map(part => node('Part', leaf('LastModified', isoTime(part.modified)), partFields(part, upload))),
    ),
  )
}

const partFields = (part: PartRecord, { checksum }: UploadRecord): string =>
  leaf('PartNumber', part.number) +
  leaf('ETag', `"${part.etag}"`) +
  leaf('Size', part.size) +
  (checksum === null ? '' : leaf(checksumElement(checksum.algorithm), part.checksum))

const checksumFields = ({ checksum }: UploadRecord): string =>
  checksum === null ? '' : leaf('ChecksumAlgorithm', checksum.algorithm) + leaf('ChecksumType', checksum.type)

export function listMultipartUploads(exchange: Exchange): Answer {
  const { service, query, bucket } = exchange
  const request = listRequest(exchange, 'max-uploads')
  const keyMarker = query.get('key-marker') ?? ''
  // Without a key marker S3 ignores the other one.
  const idMarker = keyMarker === '' ? '' : (query.get('upload-id-marker') ?? '')
  const all = service.uploads.list(bucket)
  const marker = all.findIndex(upload => upload.key === keyMarker && upload.id === idMarker)
  const rest = marker >= 0 ? all.slice(marker + 1) : all.filter(({ key }) => byKey(key, keyMarker) > 0)
  const afterPrefix = request.delimiter !== '' && keyMarker.endsWith(request.delimiter) ? keyMarker : ''
  const page = pageOf(rest, upload => upload.key, { ...request, afterPrefix })
  const last = page.truncated ? page.entries.at(-1) : undefined
  const write = (upload: UploadRecord, name: string) =>
    node(
      'Upload',
      leaf('UploadId', upload.id),
      leaf('Key', name),
      leaf('Initiated', isoTime(upload.initiated)),
      leaf('StorageClass', upload.storageClass),
      checksumFields(upload),
    )
  return answerDocument(
    xmlDocument(
      'ListMultipartUploadsResult',
      leaf('Bucket', bucket),
      listHead(exchange, request),
      leaf('KeyMarker', request.encode(keyMarker)),
      leaf('UploadIdMarker', idMarker),
      leaf('NextKeyMarker', last === undefined ? null : request.encode(nameOf(last))),
      leaf('NextUploadIdMarker', last !== undefined && 'item' in last ? last.item.id : null),
      leaf('MaxUploads', request.max),
      leaf('IsTruncated', page.truncated),
      listEntries(page, request, write),
    ),
  )
}
