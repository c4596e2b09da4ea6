/** GetObjectAttributes. */
import { versionHeader } from '../attributes.js'
import { checksumElement } from '../checksums.js'
import { refusal } from '../errors.js'
import { countOf } from '../paging.js'
import type { Version } from '../records.js'
import type { Answer, Exchange } from '../service.js'
import { answerDocument } from '../service.js'
import { leaf, node, xmlDocument } from '../xml.js'
import { findVersion } from './get.js'

const known = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']

export function getObjectAttributes(exchange: Exchange): Answer {
  const version = findVersion(exchange)
  const wanted = (exchange.headers.get('x-amz-object-attributes') ?? '').split(',').map(name => name.trim())
  if (wanted.some(name => !known.includes(name)))
    throw refusal('InvalidArgument', 'Invalid attribute name specified.', { ArgumentName: 'x-amz-object-attributes' })
  const { checksum } = version
  return answerDocument(
    xmlDocument(
      'GetObjectAttributesResponse',
      wanted.includes('ETag') ? leaf('ETag', version.etag) : '',
      wanted.includes('Checksum') && checksum !== null
        ? node(
            'Checksum',
            leaf(checksumElement(checksum.algorithm), checksum.value),
            leaf('ChecksumType', checksum.type),
          )
        : '',
      wanted.includes('ObjectParts') && version.uploadId !== null ? objectParts(exchange, version) : '',
      wanted.includes('StorageClass') ? leaf('StorageClass', version.storageClass) : '',
      wanted.includes('ObjectSize') ? leaf('ObjectSize', version.size) : '',
    ),
    { 'last-modified': new Date(version.modified).toUTCString(), ...versionHeader(exchange, version.id) },
  )
}

/** S3 lists the parts only of objects with an additional checksum; of others it just gives their number. */
function objectParts({ headers, service }: Exchange, { parts, checksum }: Version): string {
  const total = leaf('PartsCount', parts.length)
  if (checksum === null) return node('ObjectParts', total)
  const max = countOf('x-amz-max-parts', headers.get('x-amz-max-parts'), service.settings.maxKeys)
  const marker = countOf('x-amz-part-number-marker', headers.get('x-amz-part-number-marker') ?? '0', Infinity)
  const after = parts.filter(part => part.number > marker)
  const page = after.slice(0, max)
  return node(
    'ObjectParts',
    total,
    leaf('PartNumberMarker', marker),
    leaf('NextPartNumberMarker', page.at(-1)?.number ?? 0),
    leaf('MaxParts', max),
    leaf('IsTruncated', page.length < after.length),
    ...page.map(part =>
      node(
        'Part',
        leaf('PartNumber', part.number),
        leaf('Size', part.size),
        leaf(checksumElement(checksum.algorithm), part.checksum),
      ),
    ),
  )
}
