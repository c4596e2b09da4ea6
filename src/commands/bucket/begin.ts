/** What the objects don't say, read from the streams in them: a BEGIN record at the start, or all of a package. */
import { type Edge, rfc3339 } from '../../chain/edge.js'
import { isGuid } from '../../chain/guid.js'
import { exitStatus, Failure } from '../../failure.js'
import { readVolumes } from '../../store/download.js'
import type { Patience } from '../../store/patience.js'
import { readInRanges } from '../../store/ranges.js'
import type { Bucket } from '../../store/s3.js'
import { type Begin, readBegin } from '../../stream/begin.js'
import { recognise } from '../../stream/magic.js'
import { StreamParser } from '../../stream/parser.js'
import { headerLength, recordRules } from '../../stream/records.js'
import { undone } from '../get/undo.js'
import { passedFacts } from '../put/finish.js'
import { lackOf } from '../verdict.js'
import { type Assembled, bareEdge, type Draft, type Reason, type SeenObject, streamOf } from './assemble.js'

/** Enough for nearly every BEGIN record, also a raw stream's with its keys. */
const firstBytes = 4096
/** A plain stream's BEGIN has its keys there, a few KB. Only a package's is longer, and that is not needed here. */
const longestPayload = 1024 * 1024

/** An edge of which the objects say nothing but names: its stream must be a plain one of just these. */
export async function readDraft(bucket: Bucket, draft: Draft, patience: Patience): Promise<Assembled> {
  const trouble = (reason: Reason, why: string) => ({ trouble: { reason, key: draft.key, why } })
  const [first] = draft.objects
  const archived = archivedAmong(draft)
  if (archived !== null) return trouble('archived', archived)
  const begin = await beginOf(bucket, first, patience)
  if (begin === null) return trouble('foreign', 'is no zfs send stream')
  if (typeof begin === 'string') return trouble('damaged', `begins with a record that can't be read: ${begin}`)
  const { toname, toguid, fromguid, features, toIvset, fromIvset } = begin
  const { base } = draft
  const { name } = draft.snapshot
  // Without metadata a prefix looks like the beginning of the name.
  if (toname !== name) return trouble(name.endsWith(toname) ? 'elsewhere' : 'damaged', `holds the stream of ${toname}`)
  if (begin.compound) return { draft: { ...draft, isPackage: true } }
  if (begin.resume !== null) return trouble('damaged', 'holds a stream that begins in the middle (zfs send -t)')
  if ((fromguid === null) !== (base === null)) {
    return trouble('damaged', fromguid === null ? 'holds a full stream' : `holds a stream from GUID ${fromguid}`)
  }
  const snapshot = { name, guid: toguid }
  const from = base === null || fromguid === null ? null : { name: base.name, guid: fromguid }
  const edge: Edge = {
    ...bareEdge(draft),
    snapshot,
    base: from,
    provides: [snapshot],
    needs: from === null ? [] : [from],
    created: createdAt(begin),
    stream: { ...streamOf(features), bytes: first.object.bytes, toIvset, fromIvset },
  }
  return { edge }
}

/** Whether a stream can't be read now, to be read behind its key; null if it can. */
function archivedAmong({ objects }: Draft): string | null {
  const found = objects.find(({ object }) => object.archive.state === 'archived' || object.archive.state === 'thawing')
  return found === undefined ? null : `is archived (${found.object.storageClass})`
}

/** The first record; null if it is no stream, and what is wrong with it if it is none that could have been stored. */
async function beginOf(bucket: Bucket, seen: SeenObject, patience: Patience): Promise<Begin | null | string> {
  const start = await firstOf(bucket, seen, firstBytes, patience)
  if (start.length < headerLength || recognise(start) !== 'zfs-send') return null
  const length = recordRules[0]?.payloadLength(new DataView(start.buffer, start.byteOffset), 0) ?? 0
  const end = headerLength + (length > longestPayload ? 0 : length)
  const record = end <= start.length ? start : await firstOf(bucket, seen, end, patience)
  try {
    const begin = readBegin(record, record.subarray(headerLength, end), 0)
    if (length > longestPayload && !begin.compound) return 'it is too long'
    return begin.compound || isGuid(begin.toguid) ? begin : 'it has no GUID'
  } catch (error) {
    if (error instanceof Failure) return error.message
    throw error
  }
}

async function firstOf(bucket: Bucket, { key, object }: SeenObject, length: number, patience: Patience) {
  const bytes = Math.min(length, object.bytes)
  const chunks: Uint8Array[] = []
  const range = { key, bytes, etag: object.etag }
  for await (const chunk of readInRanges(bucket, range, { ...patience, concurrency: 1 }))
    chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** A record can say any time; one of which no year has four digits is none. */
function createdAt({ createdSeconds }: Begin): string | null {
  return createdSeconds <= 253_402_300_799 ? rfc3339(new Date(createdSeconds * 1000)) : null
}

/** A package's edge, out of all of its stream. Of what it needs only GUIDs are known: the names are ''. */
export async function readPackage(
  bucket: Bucket,
  draft: Draft,
  options: Patience & { readonly concurrency: number },
): Promise<Assembled> {
  const trouble = (reason: Reason, why: string) => ({ trouble: { reason, key: draft.key, why } })
  const archived = archivedAmong(draft)
  if (archived !== null) return trouble('archived', archived)
  const filter = draft.facts?.filter ?? null
  if (filter !== null)
    return trouble('damaged', `is a package that can't be looked into, because of its filter: ${filter}`)
  const edge = bareEdge(draft)
  const found = draft.objects.map(({ object }, index) => ({ volume: edge.volumes[index] ?? edge.volumes[0], object }))
  try {
    const parser = new StreamParser()
    const stored = readVolumes(bucket, edge, found, options)
    const decompress = draft.facts?.check === 'inside'
    for await (const chunk of undone(stored, { filter: undefined, decompress })) parser.push(chunk)
    const verdict = parser.end()
    const lack = lackOf(verdict)
    if (lack !== null) return trouble('damaged', `is damaged: ${lack.message}`)
    const passed = passedFacts(verdict, draft.snapshot, [])
    const snapshot = passed.provides.find(({ name }) => name === draft.snapshot.name)
    if (snapshot === undefined) throw new Error('passedFacts gives nothing without it')
    const guid = draft.base?.guid ?? passed.needs[0]?.guid
    if (draft.base !== null && guid === undefined) return trouble('damaged', 'holds a full stream')
    const base = draft.base === null || guid === undefined ? null : { name: draft.base.name, guid }
    return { edge: { ...edge, ...passed, snapshot, base, verified: true } }
  } catch (error) {
    if (error instanceof Failure && error.status === exitStatus.badStream)
      return trouble('damaged', `is damaged: ${error.message}`)
    throw error
  }
}
