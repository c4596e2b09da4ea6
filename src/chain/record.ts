/** An edge as the line of JSON that commands exchange (docs/design.md, Records), and back. */
import type { Edge, Snapshot, StreamFacts, Volume } from './edge.js'
import { usageError } from '../failure.js'
import { edgeTitle } from './names.js'
import { booleanIn, fieldsOf, guidIn, listIn, orNull, stringIn, timeIn, wholeIn, type Fields } from './fields.js'

export interface SnapshotRecord {
  readonly snapshot: string
  readonly guid: string
}

export interface VolumeRecord {
  readonly key: string
  readonly bytes: number | null
  readonly sha256: string | null
  readonly etag: string | null
}

export interface StreamRecord {
  readonly bytes: number | null
  readonly raw: boolean
  readonly compressed: boolean
  readonly large_blocks: boolean
  readonly features: readonly string[]
  readonly to_ivset_guid: string | null
  readonly from_ivset_guid: string | null
}

/** Everything of a record but the names and GUIDs of its two ends: what the catalog keeps beside them. */
export interface EdgeDetails extends VolumeRecord {
  readonly storage_class: string | null
  readonly created: string | null
  readonly stored: string | null
  readonly part_size: number | null
  readonly filter: string | null
  readonly verified: boolean | null
  readonly verified_at: string | null
  readonly stream: StreamRecord | null
  /** Only for stream packages. */
  readonly provides?: readonly SnapshotRecord[]
  readonly needs?: readonly SnapshotRecord[]
  /** Only where there are several; `bytes` is then their sum, `key`, `sha256` and `etag` are the first one's. */
  readonly volumes?: readonly VolumeRecord[]
  /** Only for long plain streams. */
  readonly index?: readonly (readonly number[])[]
}

/** The record of an edge. Readers ignore further fields. */
export interface EdgeRecord extends EdgeDetails {
  readonly snapshot: string
  readonly guid: string
  readonly base: string | null
  readonly base_guid: string | null
}

/** If receiving the edge brings more than its snapshot or needs more than its base: `zfs send -I`, `-R`. */
export function isPackage(edge: Edge): boolean {
  const only = (list: readonly Snapshot[], end: Snapshot | null): boolean =>
    list.length === (end === null ? 0 : 1) && list.every(one => one.guid === end?.guid && one.name === end.name)
  return !only(edge.provides, edge.snapshot) || !only(edge.needs, edge.base)
}

/** The record of an edge, to be printed with JSON.stringify. */
export const edgeToRecord = (edge: Edge): EdgeRecord => ({ ...nameRecord(edge), ...edgeDetails(edge) })

/** What is enough of a record to tell the edge from all others (`recordToName`). */
export const nameRecord = ({ snapshot, base, volumes }: Edge) => ({
  snapshot: snapshot.name,
  guid: snapshot.guid,
  base: base?.name ?? null,
  base_guid: base?.guid ?? null,
  key: volumes[0].key,
})

/** The record of an edge without its two ends. */
export function edgeDetails(edge: Edge): EdgeDetails {
  const [first] = edge.volumes
  return {
    key: first.key,
    bytes: storedBytes(edge),
    storage_class: edge.storageClass,
    created: edge.created,
    stored: edge.stored,
    sha256: first.sha256,
    etag: first.etag,
    part_size: edge.partSize,
    filter: edge.filter,
    verified: edge.verified,
    verified_at: edge.verifiedAt,
    stream: edge.stream === null ? null : streamRecord(edge.stream),
    ...(isPackage(edge) ? { provides: edge.provides.map(snapshotRecord), needs: edge.needs.map(snapshotRecord) } : {}),
    ...(edge.volumes.length > 1 ? { volumes: edge.volumes.map(volumeRecord) } : {}),
    ...(edge.index === null ? {} : { index: edge.index }),
  }
}

/** Bytes of all of an edge's objects together; null where one of them isn't known. */
export function storedBytes(edge: Edge): number | null {
  return sum(edge.volumes.map(({ bytes }) => bytes))
}

/** Bytes of all of these edges' objects together; null where one of them isn't known. */
export function totalBytes(edges: readonly Edge[]): number | null {
  return sum(edges.map(storedBytes))
}

const sum = (lengths: readonly (number | null)[]): number | null =>
  lengths.reduce<number | null>((all, each) => (all === null || each === null ? null : all + each), 0)

const snapshotRecord = ({ name, guid }: Snapshot): SnapshotRecord => ({ snapshot: name, guid })

const volumeRecord = ({ key, bytes, sha256, etag }: Volume): VolumeRecord => ({ key, bytes, sha256, etag })

const streamRecord = (facts: StreamFacts): StreamRecord => ({
  bytes: facts.bytes,
  raw: facts.raw,
  compressed: facts.compressed,
  large_blocks: facts.largeBlocks,
  features: facts.features,
  to_ivset_guid: facts.toIvset,
  from_ivset_guid: facts.fromIvset,
})

/**
 * The edge that a record describes. Facts that it doesn't mention are null; fields that aren't known are ignored.
 * Throws a usage Failure where it isn't a record of an edge.
 */
export function recordToEdge(record: unknown): Edge {
  const fields = fieldsOf(record, 'the edge')
  const snapshot = { name: stringIn(fields, 'snapshot'), guid: guidIn(fields, 'guid') }
  const baseName = orNull(stringIn, fields, 'base')
  const baseGuid = orNull(guidIn, fields, 'base_guid')
  if ((baseName === null) !== (baseGuid === null)) {
    throw usageError(
      `the edge to ${snapshot.name} has only one of "base" and "base_guid"`,
      'give it both, or null for both where the stream is a full one',
    )
  }
  const base = baseName === null || baseGuid === null ? null : { name: baseName, guid: baseGuid }
  const provides = orNull(listIn, fields, 'provides')?.map(readSnapshot) ?? [snapshot]
  const needs = orNull(listIn, fields, 'needs')?.map(readSnapshot) ?? (base === null ? [] : [base])
  const edge: Edge = {
    snapshot,
    base,
    provides,
    needs,
    volumes: readVolumes(fields),
    partSize: orNull(wholeIn, fields, 'part_size'),
    storageClass: orNull(stringIn, fields, 'storage_class'),
    created: orNull(timeIn, fields, 'created'),
    stored: orNull(timeIn, fields, 'stored'),
    filter: orNull(stringIn, fields, 'filter'),
    verified: orNull(booleanIn, fields, 'verified'),
    verifiedAt: orNull(timeIn, fields, 'verified_at'),
    stream: orNull(readStream, fields, 'stream'),
    index: orNull(readIndex, fields, 'index'),
  }
  // The rule walks provides and needs: an edge that left out its own ends would slip through it.
  const has = (list: readonly Snapshot[], end: Snapshot): boolean => list.some(one => one.guid === end.guid)
  if (!has(provides, snapshot) || (base !== null && !has(needs, base))) {
    throw usageError(`"provides" or "needs" of the edge ${edgeTitle(edge)} leaves out one of its own ends`)
  }
  return edge
}

function readSnapshot(record: unknown): Snapshot {
  const fields = fieldsOf(record, 'a snapshot of a stream package')
  return { name: stringIn(fields, 'snapshot'), guid: guidIn(fields, 'guid') }
}

function readVolumes(fields: Fields): Edge['volumes'] {
  const [first, ...rest] = (orNull(listIn, fields, 'volumes') ?? []).map(record =>
    readVolume(fieldsOf(record, 'a volume')),
  )
  return first === undefined ? [readVolume(fields)] : [first, ...rest]
}

const readVolume = (fields: Fields): Volume => ({
  key: stringIn(fields, 'key'),
  bytes: orNull(wholeIn, fields, 'bytes'),
  sha256: orNull(stringIn, fields, 'sha256'),
  etag: orNull(stringIn, fields, 'etag'),
})

function readIndex(edge: Fields, name: string): Edge['index'] {
  return listIn(edge, name).map((_, at, rows) => {
    const row = { index: rows[at] }
    return listIn(row, 'index').map((_, at, numbers) => wholeIn({ index: numbers[at] }, 'index'))
  })
}

function readStream(edge: Fields, name: string): StreamFacts {
  const fields = fieldsOf(edge[name], 'the stream of an edge')
  return {
    bytes: orNull(wholeIn, fields, 'bytes'),
    raw: booleanIn(fields, 'raw'),
    compressed: booleanIn(fields, 'compressed'),
    largeBlocks: booleanIn(fields, 'large_blocks'),
    features: listIn(fields, 'features').map((_, at, list) => stringIn({ feature: list[at] }, 'feature')),
    toIvset: orNull(guidIn, fields, 'to_ivset_guid'),
    fromIvset: orNull(guidIn, fields, 'from_ivset_guid'),
  }
}
