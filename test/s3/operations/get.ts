/** GetObject and HeadObject. */
import { isArchived, objectHeaders, restoreState } from '../attributes.js'
import type { Slice } from '../blobs.js'
import { checksumHeader } from '../checksums.js'
import { readConditions } from '../conditions.js'
import { refusal } from '../errors.js'
import type { Version } from '../records.js'
import type { Answer, Exchange } from '../service.js'

interface Range {
  readonly start: number
  readonly length: number
}

export function getObject(exchange: Exchange): Answer {
  const version = findVersion(exchange)
  const archived = isArchived(version) && restoreState(version, exchange.service.now()) !== 'restored'
  if (archived)
    throw refusal('InvalidObjectState', "The operation is not valid for the object's storage class", {
      StorageClass: version.storageClass,
    })
  return read(exchange, version)
}

/** The same without the body. Archived objects have a head, too. */
export const headObject = (exchange: Exchange): Answer => read(exchange, findVersion(exchange))

/** The version that a request means. Throws NoSuchKey, NoSuchVersion, or MethodNotAllowed for a delete marker. */
export function findVersion(exchange: Exchange): Version {
  const { objects } = exchange.service
  const versions = objects.versions(exchange.bucket, exchange.key)
  const id = exchange.query.get('versionId')
  const found = id === undefined ? versions[0] : versions.find(version => version.id === id)
  if (found === undefined) {
    if (id === undefined) throw noSuchKey(exchange)
    throw refusal('NoSuchVersion', 'The specified version does not exist.', { Key: exchange.key, VersionId: id })
  }
  if (!found.deleteMarker) return found
  const marker = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': found.id }
  if (id === undefined) throw noSuchKey(exchange, marker)
  throw refusal(
    'MethodNotAllowed',
    'The specified method is not allowed against this resource.',
    { Method: 'GET', ResourceType: 'DeleteMarker' },
    { ...marker, allow: 'DELETE' },
  )
}

const noSuchKey = (exchange: Exchange, headers: Readonly<Record<string, string>> = {}) =>
  refusal('NoSuchKey', 'The specified key does not exist.', { Key: exchange.key }, headers)

function read(exchange: Exchange, version: Version): Answer {
  const unmodified = readConditions(exchange, version)
  if (unmodified !== null) return unmodified
  const number = partNumberOf(exchange)
  const range = number === null ? rangeOf(exchange.headers.get('range'), version.size) : partRange(version, number)
  const headers = objectHeaders(exchange, version, range === null)
  for (const [name, value] of exchange.query)
    if (name.startsWith('response-')) headers[name.slice('response-'.length)] = value
  if (number !== null) Object.assign(headers, partHeaders(exchange, version, number))
  const { start, length } = range ?? { start: 0, length: version.size }
  headers['content-length'] = String(length)
  if (range !== null) headers['content-range'] = `bytes ${start}-${start + length - 1}/${version.size}`
  return { status: range === null ? 200 : 206, headers, body: slicesOf(version, start, length) }
}

function partNumberOf(exchange: Exchange): number | null {
  const text = exchange.query.get('partNumber')
  if (text === undefined) return null
  if (!/^[1-9]\d{0,8}$/.test(text)) throw refusal('InvalidArgument', 'Part number must be a positive integer')
  if (exchange.headers.has('range'))
    throw refusal('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter')
  return Number(text)
}

/** Where a part stands in its object. Parts are counted by their place, whatever number they were uploaded with. */
function partRange(version: Version, number: number): Range | null {
  const part = version.parts[number - 1]
  if (part === undefined)
    throw refusal('InvalidPartNumber', 'The requested partnumber is not satisfiable', {
      ActualPartCount: String(version.parts.length),
      PartNumberRequested: String(number),
    })
  const start = version.parts.slice(0, number - 1).reduce((sum, { size }) => sum + size, 0)
  return part.size === 0 ? null : { start, length: part.size }
}

function partHeaders(exchange: Exchange, version: Version, number: number): Record<string, string> {
  if (version.uploadId === null) return {}
  const headers: Record<string, string> = { 'x-amz-mp-parts-count': String(version.parts.length) }
  const checksum = version.parts[number - 1]?.checksum ?? null
  if (exchange.headers.get('x-amz-checksum-mode') === 'ENABLED' && version.checksum !== null && checksum !== null) {
    headers[checksumHeader(version.checksum.algorithm)] = checksum
    headers['x-amz-checksum-type'] = version.checksum.type
  }
  return headers
}

/** What a Range header asks for; null for everything, which is also what S3 answers if it can't read the header. */
function rangeOf(header: string | undefined, size: number): Range | null {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return null
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (first !== '' && last !== '' && Number(last) < start) return null
  if (start >= size || end < start)
    throw refusal('InvalidRange', 'The requested range is not satisfiable', {
      RangeRequested: header ?? '',
      ActualObjectSize: String(size),
    })
  return { start, length: end - start + 1 }
}

/** The pieces of files that hold a range of an object. */
export function slicesOf(version: Version, start: number, length: number): Slice[] {
  const slices: Slice[] = []
  let position = 0
  for (const part of version.parts) {
    const from = Math.max(start - position, 0)
    const to = Math.min(start + length - position, part.size)
    if (from < to) slices.push({ file: part.file, start: from, end: to })
    position += part.size
  }
  return slices
}
