/** Retention and legal hold of an object's version. */
import { retentionOf } from '../attributes.js'
import { refusal } from '../errors.js'
import type { Version } from '../records.js'
import type { Answer, Exchange } from '../service.js'
import { answerDocument, bare } from '../service.js'
import { leaf, parseXml, textOf, xmlDocument } from '../xml.js'
import { findVersion } from './get.js'
import { isoTime } from './list.js'

function lockable(exchange: Exchange): Version {
  if (!exchange.service.objects.bucket(exchange.bucket).lockable)
    throw refusal('InvalidRequest', 'Bucket is missing Object Lock Configuration')
  return findVersion(exchange)
}

const unset = () =>
  refusal('NoSuchObjectLockConfiguration', 'The specified object does not have a ObjectLock configuration')

export function getObjectRetention(exchange: Exchange): Answer {
  const { retention } = lockable(exchange)
  if (retention === null) throw unset()
  return answerDocument(
    xmlDocument('Retention', leaf('Mode', retention.mode), leaf('RetainUntilDate', isoTime(retention.until))),
  )
}

export function putObjectRetention(exchange: Exchange): Answer {
  const { service, bucket, key, headers } = exchange
  const version = lockable(exchange)
  const root = parseXml(exchange.document, 'Retention')
  const wanted =
    root.children.length === 0
      ? null
      : retentionOf(textOf(root, 'Mode'), textOf(root, 'RetainUntilDate'), service.now())
  const now = version.retention
  const bypass = headers.get('x-amz-bypass-governance-retention')?.toLowerCase() === 'true'
  const active = now !== null && now.until > service.now() && !(now.mode === 'GOVERNANCE' && bypass)
  // What is retained may be retained longer or more strictly, nothing else.
  const weaker = now !== null && (wanted === null || wanted.until < now.until || isLaxer(wanted.mode, now.mode))
  if (active && weaker) throw refusal('AccessDenied', 'Access Denied because object protected by object lock.')
  service.objects.replace(bucket, key, { ...version, retention: wanted })
  return bare(200)
}

const isLaxer = (wanted: string, now: string): boolean => wanted === 'GOVERNANCE' && now === 'COMPLIANCE'

export function getObjectLegalHold(exchange: Exchange): Answer {
  const { legalHold } = lockable(exchange)
  return answerDocument(xmlDocument('LegalHold', leaf('Status', legalHold ? 'ON' : 'OFF')))
}

export function putObjectLegalHold(exchange: Exchange): Answer {
  const version = lockable(exchange)
  const status = textOf(parseXml(exchange.document, 'LegalHold'), 'Status')
  if (status !== 'ON' && status !== 'OFF') throw refusal('MalformedXML', 'Status must be ON or OFF')
  exchange.service.objects.replace(exchange.bucket, exchange.key, { ...version, legalHold: status === 'ON' })
  return bare(200)
}
