/** PutObject. */
import { createHash, randomBytes } from 'node:crypto'
import { attributesOf, encryptionHeaders, versionHeader } from '../attributes.js'
import { checksumHeader } from '../checksums.js'
import { checkWriteConditions } from '../conditions.js'
import { refusal } from '../errors.js'
import type { Attributes } from '../records.js'
import type { Answer, Exchange, ReceivedBlob } from '../service.js'
import { bare } from '../service.js'

export async function putObject(exchange: Exchange): Promise<Answer> {
  refuseCopy(exchange)
  const { objects, now } = withClock(exchange)
  objects.bucket(exchange.bucket)
  const attributes = attributesOf(exchange)
  requireDigestForLock(exchange, attributes)
  const body = await exchange.receive()
  checkWriteConditions(exchange)
  const checksum = body.checksum === null ? null : { ...body.checksum, type: 'FULL_OBJECT' as const }
  const modified = now()
  const etag = etagOf(body)
  const id = objects.put(exchange.bucket, exchange.key, {
    modified,
    size: body.size,
    etag,
    checksum,
    parts: [{ number: 1, file: body.file, size: body.size, etag, checksum: checksum?.value ?? null, modified }],
    uploadId: null,
    restore: null,
    deleteMarker: false,
    ...attributes,
  })
  return bare(200, {
    etag: `"${etag}"`,
    ...encryptionHeaders(attributes.headers),
    ...versionHeader(exchange, id),
    ...checksumHeaders(body),
    ...(checksum === null ? {} : { 'x-amz-checksum-type': checksum.type }),
  })
}

const withClock = ({ service }: Exchange) => ({ objects: service.objects, now: () => service.now() })

/** An ETag without its quotation marks: the MD5 sum, or where that is switched off something of the same look. */
export const etagOf = (body: ReceivedBlob): string => (body.md5 ?? randomBytes(16)).toString('hex')

/** The ETag of an object made of parts: the MD5 sum over theirs, and their number. */
export function multipartEtag(parts: readonly { readonly etag: string }[]): string {
  const over = createHash('md5')
  for (const { etag } of parts) over.update(etag, 'hex')
  return `${over.digest('hex')}-${parts.length}`
}

/** What is answered about the checksum of a body that was received. */
export const checksumHeaders = (body: ReceivedBlob): Record<string, string> =>
  body.checksum === null ? {} : { [checksumHeader(body.checksum.algorithm)]: body.checksum.value }

/** Copies must not be taken for puts of nothing. */
export function refuseCopy(exchange: Exchange): void {
  if (exchange.headers.has('x-amz-copy-source')) throw refusal('NotImplemented', 'Copying is not implemented')
}

/** Under object lock S3 wants to be able to check what it is going to keep. */
export function requireDigestForLock(
  exchange: Exchange,
  attributes: Pick<Attributes, 'retention' | 'legalHold'>,
): void {
  if (attributes.retention === null && !attributes.legalHold) return
  const names = [...exchange.headers.keys(), exchange.headers.get('x-amz-trailer') ?? '']
  if (!names.some(name => name === 'content-md5' || /^x-amz-checksum-(crc|sha)/.test(name)))
    throw refusal(
      'InvalidRequest',
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    )
}
