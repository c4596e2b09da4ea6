/** ListObjectsV2 and ListObjectVersions. */
import { restoreState } from '../attributes.js'
import { refusal } from '../errors.js'
import type { Page, PageEntry } from '../paging.js'
import { countOf, isUrlEncoded, pageOf } from '../paging.js'
import type { DeleteMarker, Version } from '../records.js'
import { byKey } from '../records.js'
import type { Answer, Exchange } from '../service.js'
import { answerDocument } from '../service.js'
import { listEncode } from '../uri.js'
import { leaf, node, xmlDocument } from '../xml.js'

/** What every list has in common: what was asked for, and how names are written. */
export interface ListRequest {
  readonly prefix: string
  readonly delimiter: string
  readonly max: number
  /** Keys as they are written into the answer. */
  readonly encode: (key: string) => string
}

/** Reads the common parameters; `maxName` is the one that limits the page. */
export function listRequest(exchange: Exchange, maxName: string): ListRequest {
  exchange.service.objects.bucket(exchange.bucket)
  const { query } = exchange
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    max: countOf(maxName, query.get(maxName), exchange.service.settings.maxKeys),
    encode: isUrlEncoded(exchange) ? listEncode : key => key,
  }
}

/** The elements that every list begins with. */
export const listHead = (exchange: Exchange, request: ListRequest): string =>
  leaf('Prefix', request.encode(request.prefix)) +
  leaf('Delimiter', request.delimiter === '' ? null : request.encode(request.delimiter)) +
  leaf('EncodingType', exchange.query.get('encoding-type') ?? null)

/** The entries of a page, rolled-up prefixes behind the others as S3 has them. */
export function listEntries<T>(
  { entries }: Page<T>,
  request: ListRequest,
  write: (item: T, key: string) => string,
): string {
  const items = entries.map(entry => ('item' in entry ? write(entry.item, request.encode(entry.key)) : ''))
  const prefixes = entries.map(entry =>
    'prefix' in entry ? node('CommonPrefixes', leaf('Prefix', request.encode(entry.prefix))) : '',
  )
  return items.join('') + prefixes.join('')
}

/** The key or prefix that an entry stands for. */
export const nameOf = (entry: PageEntry<unknown> | undefined): string =>
  entry === undefined ? '' : 'item' in entry ? entry.key : entry.prefix

export function listObjectsV2(exchange: Exchange): Answer {
  const { objects } = exchange.service
  const { query, bucket } = exchange
  if (query.get('list-type') !== '2')
    throw refusal('NotImplemented', 'Only version 2 of ListObjects is implemented; say list-type=2')
  const request = listRequest(exchange, 'max-keys')
  const token = query.get('continuation-token')
  const from = token === undefined ? { after: query.get('start-after') ?? '', prefix: '' } : readToken(token)
  const current = (key: string) => objects.current(bucket, key)
  const keys = objects.keys(bucket).filter(key => current(key) !== null && byKey(key, from.after) > 0)
  const page = pageOf(keys, key => key, { ...request, afterPrefix: from.prefix })
  const last = page.entries.at(-1)
  const write = (key: string, name: string) => {
    const version = current(key)
    return version === null ? '' : node('Contents', leaf('Key', name), versionFields(exchange, version))
  }
  return answerDocument(
    xmlDocument(
      'ListBucketResult',
      leaf('Name', bucket),
      listHead(exchange, request),
      leaf('StartAfter', query.has('start-after') ? request.encode(query.get('start-after') ?? '') : null),
      leaf('ContinuationToken', token ?? null),
      leaf('NextContinuationToken', page.truncated ? writeToken(last) : null),
      leaf('KeyCount', page.entries.length),
      leaf('MaxKeys', request.max),
      leaf('IsTruncated', page.truncated),
      listEntries(page, request, write),
    ),
  )
}

function versionFields(exchange: Exchange, version: Version): string {
  const state = restoreState(version, exchange.service.now())
  const wanted = exchange.headers.get('x-amz-optional-object-attributes')?.includes('RestoreStatus') ?? false
  const expiry = state === 'restored' && version.restore !== null ? version.restore.expires : null
  return (
    leaf('LastModified', isoTime(version.modified)) +
    leaf('ETag', `"${version.etag}"`) +
    leaf('ChecksumAlgorithm', version.checksum?.algorithm ?? null) +
    leaf('ChecksumType', version.checksum?.type ?? null) +
    leaf('Size', version.size) +
    leaf('StorageClass', version.storageClass) +
    (wanted && state !== 'none'
      ? node(
          'RestoreStatus',
          leaf('IsRestoreInProgress', state === 'ongoing'),
          leaf('RestoreExpiryDate', expiry === null ? null : isoTime(expiry)),
        )
      : '')
  )
}

/** A time in S3's XML. */
export const isoTime = (ms: number): string => new Date(ms).toISOString()

const writeToken = (last: PageEntry<unknown> | undefined): string => {
  const prefix = last !== undefined && 'prefix' in last ? last.prefix : ''
  return Buffer.from(JSON.stringify([nameOf(last), prefix])).toString('base64')
}

function readToken(token: string): { after: string; prefix: string } {
  const invalid = () => refusal('InvalidArgument', 'The continuation token provided is incorrect')
  let content: unknown
  try {
    content = JSON.parse(Buffer.from(token, 'base64').toString())
  } catch {
    throw invalid()
  }
  const [after, prefix] = Array.isArray(content) ? (content as unknown[]) : []
  if (typeof after !== 'string' || typeof prefix !== 'string') throw invalid()
  return { after, prefix }
}

interface Entry {
  readonly key: string
  readonly version: Version | DeleteMarker
  readonly latest: boolean
}

export function listObjectVersions(exchange: Exchange): Answer {
  const { objects } = exchange.service
  const { query, bucket } = exchange
  const request = listRequest(exchange, 'max-keys')
  const keyMarker = query.get('key-marker') ?? ''
  const idMarker = query.get('version-id-marker')
  if (idMarker !== undefined && keyMarker === '')
    throw refusal('InvalidArgument', 'A version-id marker cannot be specified without a key marker.')
  const all = objects
    .keys(bucket)
    .flatMap(key =>
      objects.versions(bucket, key).map((version, index): Entry => ({ key, version, latest: index === 0 })),
    )
  const marker = all.findIndex(({ key, version }) => key === keyMarker && version.id === idMarker)
  const rest = marker >= 0 ? all.slice(marker + 1) : all.filter(({ key }) => byKey(key, keyMarker) > 0)
  const afterPrefix = request.delimiter !== '' && keyMarker.endsWith(request.delimiter) ? keyMarker : ''
  const page = pageOf(rest, entry => entry.key, { ...request, afterPrefix })
  const last = page.truncated ? page.entries.at(-1) : undefined
  const write = ({ version, latest }: Entry, name: string) =>
    node(
      version.deleteMarker ? 'DeleteMarker' : 'Version',
      leaf('Key', name),
      leaf('VersionId', version.id),
      leaf('IsLatest', latest),
      version.deleteMarker ? leaf('LastModified', isoTime(version.modified)) : versionFields(exchange, version),
    )
  return answerDocument(
    xmlDocument(
      'ListVersionsResult',
      leaf('Name', bucket),
      listHead(exchange, request),
      leaf('KeyMarker', request.encode(keyMarker)),
      leaf('VersionIdMarker', idMarker ?? ''),
      leaf('NextKeyMarker', last === undefined ? null : request.encode(nameOf(last))),
      leaf('NextVersionIdMarker', last !== undefined && 'item' in last ? last.item.version.id : null),
      leaf('MaxKeys', request.max),
      leaf('IsTruncated', page.truncated),
      listEntries(page, request, write),
    ),
  )
}
