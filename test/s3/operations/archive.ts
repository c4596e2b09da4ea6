/** RestoreObject. */
import { isArchived, restoreState } from '../attributes.js'
import { refusal } from '../errors.js'
import type { Answer, Exchange } from '../service.js'
import { bare } from '../service.js'
import { parseXml, textOf } from '../xml.js'
import { findVersion } from './get.js'

const dayMs = 24 * 60 * 60 * 1000

/** A copy is kept for whole days, to the midnight after the last. */
export const restoreExpiry = (ready: number, days: number): number => Math.ceil((ready + days * dayMs) / dayMs) * dayMs

export function restoreObject(exchange: Exchange): Answer {
  const { service, bucket, key } = exchange
  const version = findVersion(exchange)
  const request = parseXml(exchange.document, 'RestoreRequest')
  const isTiered = version.archiveStatus !== undefined
  if (isTiered && textOf(request, 'Days') !== null) throw refusal('MalformedXML', 'Days is not for INTELLIGENT_TIERING')
  const days = isTiered ? 36_500 : Number(textOf(request, 'Days') ?? NaN)
  if (!Number.isInteger(days) || days < 1) throw refusal('MalformedXML', 'Days must be a positive number')
  const parameters = request.children.find(child => child.name === 'GlacierJobParameters')
  const tier = (parameters === undefined ? null : textOf(parameters, 'Tier')) ?? 'Standard'
  if (!['Standard', 'Bulk', 'Expedited'].includes(tier)) throw refusal('MalformedXML', 'Unknown retrieval tier')
  if (!isArchived(version))
    throw refusal('InvalidObjectState', "Restore is not allowed for the object's current storage class", {
      StorageClass: version.storageClass,
    })
  if (tier === 'Expedited' && version.storageClass === 'DEEP_ARCHIVE')
    throw refusal('InvalidArgument', 'Retrieval option is not supported by this storage class')
  const state = restoreState(version, service.now())
  if (state === 'ongoing') throw refusal('RestoreAlreadyInProgress', 'Object restore is already in progress')
  const ready = state === 'restored' ? service.now() : service.now() + service.settings.restoreMs
  service.objects.replace(bucket, key, { ...version, restore: { ready, expires: restoreExpiry(ready, days) } })
  return bare(state === 'restored' ? 200 : 202)
}
