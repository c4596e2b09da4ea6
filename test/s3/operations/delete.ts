/** DeleteObject and DeleteObjects. */
import { checkDeleteCondition, mayDelete } from '../conditions.js'
import { refusal, S3Error } from '../errors.js'
import type { Removal } from '../objects.js'
import type { Answer, Exchange } from '../service.js'
import { answerDocument, bare } from '../service.js'
import { childrenOf, leaf, node, parseXml, textOf, xmlDocument } from '../xml.js'

export function deleteObject(exchange: Exchange): Answer {
  exchange.service.objects.bucket(exchange.bucket)
  checkDeleteCondition(exchange)
  const removal = removeFrom(exchange, exchange.key, exchange.query.get('versionId') ?? null)
  return bare(204, {
    ...(removal.versionId === null ? {} : { 'x-amz-version-id': removal.versionId }),
    ...(removal.deleteMarker ? { 'x-amz-delete-marker': 'true' } : {}),
  })
}

export function deleteObjects(exchange: Exchange): Answer {
  const { objects } = exchange.service
  objects.bucket(exchange.bucket)
  const root = parseXml(exchange.document, 'Delete')
  const quiet = textOf(root, 'Quiet') === 'true'
  const asked = childrenOf(root, 'Object').map(child => ({
    key: textOf(child, 'Key') ?? '',
    versionId: textOf(child, 'VersionId'),
    etag: textOf(child, 'ETag'),
  }))
  if (asked.length === 0 || asked.length > 1000 || asked.some(({ key }) => key === ''))
    throw refusal('MalformedXML', 'DeleteObjects takes 1 to 1000 keys')
  const results = asked.map(({ key, versionId, etag }) => {
    const name = leaf('Key', key) + leaf('VersionId', versionId)
    try {
      if (!mayDelete(etag, objects.current(exchange.bucket, key)?.etag ?? null))
        throw refusal('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
      const removal = removeFrom(exchange, key, versionId)
      return quiet ? '' : node('Deleted', name, markerOf(removal))
    } catch (error) {
      if (!(error instanceof S3Error)) throw error
      return node('Error', name, leaf('Code', error.code), leaf('Message', error.message))
    }
  })
  return answerDocument(xmlDocument('DeleteResult', ...results))
}

const markerOf = (removal: Removal): string =>
  removal.deleteMarker ? leaf('DeleteMarker', true) + leaf('DeleteMarkerVersionId', removal.versionId) : ''

function removeFrom(exchange: Exchange, key: string, versionId: string | null): Removal {
  const { objects } = exchange.service
  if (versionId === null) return objects.remove(exchange.bucket, key, exchange.service.now())
  refuseIfLocked(exchange, key, versionId)
  return objects.removeVersion(exchange.bucket, key, versionId)
}

function refuseIfLocked(exchange: Exchange, key: string, versionId: string): void {
  const { objects } = exchange.service
  const version = objects.versions(exchange.bucket, key).find(({ id }) => id === versionId)
  if (version === undefined || version.deleteMarker) return
  const { retention, legalHold } = version
  const bypass = exchange.headers.get('x-amz-bypass-governance-retention')?.toLowerCase() === 'true'
  const retained =
    retention !== null && retention.until > exchange.service.now() && !(retention.mode === 'GOVERNANCE' && bypass)
  if (legalHold || retained) throw refusal('AccessDenied', 'Access Denied because object protected by object lock.')
}
