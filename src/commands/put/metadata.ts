/**
 * What an object says of itself, so that a bucket alone is enough to rebuild the catalog (S3 API: user-defined metadata).
 * Written when the upload begins and never changed: what only the end of a stream tells is not in it.
 */
import { guidIn, orNull, stringIn, timeIn } from '../../chain/fields.js'
import type { Snapshot } from '../../chain/edge.js'
import { splitSnapshot } from '../../chain/names.js'
import { refused } from '../../failure.js'
import type { Geometry } from '../../store/parts.js'
import { uploadMark, volumeMark } from '../../store/reconcile.js'
import type { Begin } from '../../stream/begin.js'
import type { Described } from './describe.js'
import type { Check } from './look.js'

/** All user metadata of an object together may have 2 KB, names and values (S3 User Guide: Working with object metadata). */
const longest = 2048
/** For what the upload itself adds, its mark and the volume's number, and in case a service counts the `x-amz-meta-` too. */
const kept = 400

/** All names begin so. */
const family = 'zfs2s3-'
const names = {
  snapshot: 'zfs2s3-snapshot',
  guid: 'zfs2s3-guid',
  base: 'zfs2s3-base',
  baseGuid: 'zfs2s3-base-guid',
  created: 'zfs2s3-created',
  partSize: 'zfs2s3-part-size',
  maxParts: 'zfs2s3-max-parts',
  check: 'zfs2s3-check',
  features: 'zfs2s3-features',
  toIvset: 'zfs2s3-to-ivset',
  fromIvset: 'zfs2s3-from-ivset',
  filter: 'zfs2s3-filter',
} as const

/** What is known of a stream when its upload begins. */
export interface Known {
  readonly described: Described
  /** The first BEGIN record that brings a snapshot; null where the stream can't be read. */
  readonly inner: Begin | null
  readonly check: Check
  readonly filter: string | null
  readonly geometry: Geometry
}

/** Values for the `x-amz-meta-` headers: printable ASCII, everything else percent-encoded. */
export function objectMetadata({ described, inner, check, filter, geometry }: Known): Record<string, string> {
  const { snapshot, base, created } = described
  const facts: readonly (readonly [name: string, value: string | null | undefined])[] = [
    [names.snapshot, snapshot.name],
    [names.guid, snapshot.guid],
    [names.base, base?.name],
    [names.baseGuid, base?.guid],
    [names.created, created],
    [names.partSize, String(geometry.partSize)],
    [names.maxParts, String(geometry.partsPerVolume)],
    [names.check, check],
    [names.features, inner?.features.join(',')],
    [names.toIvset, inner?.toIvset],
    [names.fromIvset, inner?.fromIvset],
  ]
  // Not every service keeps a header without a value.
  const given = facts.flatMap(([name, value]) => (value ? [[name, inHeader(value)] as const] : []))
  const metadata = Object.fromEntries(given)
  if (filter === null) return metadata
  return { ...metadata, [names.filter]: fitting(filter, longest - kept - lengthOf(metadata)) }
}

const lengthOf = (metadata: Readonly<Record<string, string>>): number =>
  Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0)

/** What stands behind a filter of which there is not all. */
const cutMark = ' ...'

/** As much of a filter as there is room for. That there was one must not be lost: the stream would pass for a plain one. */
function fitting(filter: string, room: number): string {
  const whole = inHeader(filter)
  if (whole.length <= room) return whole
  const characters = Array.from(filter, inHeader)
  let length = cutMark.length
  const count = characters.findIndex(each => (length += each.length) > room)
  return characters.slice(0, count).join('') + cutMark
}

/** HTTP headers carry no other characters unchanged, nor spaces at the ends; decodeURIComponent undoes it. */
const inHeader = (value: string): string => value.replace(/^ | $|[^\x20-\x24\x26-\x7e]/gu, encodeURIComponent)

/** What an object's metadata says. Facts that it doesn't mention are null. */
export interface ObjectFacts {
  /** The GUID is null where it was not known before the stream's end. */
  readonly snapshot: { readonly name: string; readonly guid: string | null }
  readonly base: Snapshot | null
  readonly created: string | null
  readonly partSize: number | null
  readonly maxParts: number | null
  readonly check: Check
  /** Null where the stream could not be read. */
  readonly features: readonly string[] | null
  readonly toIvset: string | null
  readonly fromIvset: string | null
  readonly filter: string | null
  /** Which upload made it, and which volume of the stream it is. */
  readonly upload: string | null
  readonly volume: number | null
}

/**
 * Reads an object's metadata; null if nothing in it is ours. Throws a Failure that says what is wrong if it is ours, but
 * can't have been written by `objectMetadata`.
 */
export function readMetadata(metadata: Readonly<Record<string, string>>): ObjectFacts | null {
  const ours = Object.entries(metadata).filter(([name]) => name.startsWith(family))
  if (ours.length === 0) return null
  const fields = Object.fromEntries(ours.map(([name, value]) => [name, fromHeader(name, value)]))
  const text = (name: string) => orNull(stringIn, fields, name)
  const snapshotName = (name: string) => {
    const value = text(name)
    if (value === null || splitSnapshot(value) !== null) return value
    throw refused(`${name} is '${value}', which is not the name of a snapshot`)
  }
  const guid = (name: string) => orNull(guidIn, fields, name)
  const number = (name: string) => orNull((_, field) => numberIn(fields, field), fields, name)

  const snapshot = snapshotName(names.snapshot)
  if (snapshot === null) throw refused(`${names.snapshot} is missing`)
  const base = { name: snapshotName(names.base), guid: guid(names.baseGuid) }
  if ((base.name === null) !== (base.guid === null))
    throw refused(`one of ${names.base} and ${names.baseGuid} is missing`)
  const check = checks.find(each => each === fields[names.check])
  if (check === undefined) throw refused(`${names.check} is missing or unknown`)
  return {
    snapshot: { name: snapshot, guid: guid(names.guid) },
    base: base.name === null || base.guid === null ? null : { name: base.name, guid: base.guid },
    created: orNull(timeIn, fields, names.created),
    partSize: number(names.partSize),
    maxParts: number(names.maxParts),
    check,
    features: check === 'none' ? null : (text(names.features)?.split(',') ?? []),
    toIvset: guid(names.toIvset),
    fromIvset: guid(names.fromIvset),
    filter: text(names.filter),
    upload: text(uploadMark),
    volume: number(volumeMark),
  }
}

const checks: readonly Check[] = ['records', 'inside', 'none']

function fromHeader(name: string, value: string): string {
  try {
    return decodeURIComponent(value)
  } catch (error) {
    throw refused(`${name} is not percent-encoded as it should be`, undefined, error)
  }
}

function numberIn(fields: Readonly<Record<string, string>>, name: string): number {
  const text = fields[name] ?? ''
  if (/^[1-9][0-9]{0,15}$/.test(text)) return Number(text)
  throw refused(`${name} is '${text}' instead of a number`)
}
