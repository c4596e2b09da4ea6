/** If-Match and its like (Amazon S3 User Guide: Conditional requests). */
import { refusal } from './errors.js'
import type { Version } from './records.js'
import type { Answer, Exchange } from './service.js'
import { bare } from './service.js'

const failed = (condition: string) =>
  refusal('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    Condition: condition,
  })

const isMatch = (header: string, etag: string): boolean =>
  header.split(',').some(tag => ['*', etag, `"${etag}"`].includes(tag.trim()))

/**
 * Whether an object may be written, to be asked in the same step as it is. Throws PreconditionFailed, and NoSuchKey
 * where If-Match finds nothing.
 */
export function checkWriteConditions(exchange: Exchange): void {
  const { headers, service } = exchange
  const noneMatch = headers.get('if-none-match')
  const match = headers.get('if-match')
  if (service.settings.noConditionalWrites) return
  if (noneMatch !== undefined && (noneMatch !== '*' || match !== undefined))
    throw refusal('NotImplemented', 'A header you provided implies functionality that is not implemented', {
      Header: 'If-None-Match',
    })
  const current = service.objects.current(exchange.bucket, exchange.key)
  if (noneMatch !== undefined && current !== null) throw failed('If-None-Match')
  if (match === undefined) return
  if (current === null) throw refusal('NoSuchKey', 'The specified key does not exist.', { Key: exchange.key })
  const isSame = service.settings.bareWriteTags ? match === current.etag : isMatch(match, current.etag)
  if (!isSame) throw failed('If-Match')
}

/** Whether an object with `etag`, null if there is none, may be deleted: by If-Match, or by DeleteObjects' ETag. */
export function mayDelete(condition: string | null, etag: string | null): boolean {
  if (condition === null) return true
  return etag !== null && isMatch(condition, etag)
}

/** Throws PreconditionFailed if If-Match forbids to delete. */
export function checkDeleteCondition(exchange: Exchange): void {
  if (exchange.service.settings.noConditionalWrites) return
  const current = exchange.service.objects.current(exchange.bucket, exchange.key)
  if (!mayDelete(exchange.headers.get('if-match') ?? null, current?.etag ?? null)) throw failed('If-Match')
}

/** What the conditions of a GET or HEAD come to: null if it is to be answered. Throws PreconditionFailed. */
export function readConditions({ headers }: Exchange, version: Version): Answer | null {
  const match = headers.get('if-match')
  const noneMatch = headers.get('if-none-match')
  const unmodifiedSince = Date.parse(headers.get('if-unmodified-since') ?? '')
  const modifiedSince = Date.parse(headers.get('if-modified-since') ?? '')
  if (match !== undefined) {
    if (!isMatch(match, version.etag)) throw failed('If-Match')
  } else if (version.modified > unmodifiedSince) throw failed('If-Unmodified-Since')
  const notModified = noneMatch === undefined ? version.modified <= modifiedSince : isMatch(noneMatch, version.etag)
  return notModified ? bare(304, { etag: `"${version.etag}"` }) : null
}
