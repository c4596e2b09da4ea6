/** Edges out of objects: what S3 says of each, taken together. Nothing is asked here, and nothing guessed. */
import type { Edge, StreamFacts, Volume } from '../../chain/edge.js'
import { objectKey, type ObjectName } from '../../chain/names.js'
import { Failure } from '../../failure.js'
import type { StoredObject } from '../../store/s3.js'
import { type ObjectFacts, readMetadata } from '../put/metadata.js'

/** An object whose key could be that of an edge, or of a volume of one. */
export interface SeenObject {
  readonly key: string
  readonly name: ObjectName
  readonly object: StoredObject
  /** When it was stored: UTC, RFC 3339. */
  readonly stored: string
}

/**
 * Why there is no edge of some objects.
 * - foreign: they are not zfs2s3's
 * - elsewhere: they are, but of another ZFS2S3_PREFIX
 * - damaged: what they say of themselves can't be true
 * - incomplete: a volume is missing
 * - archived: they have to be read to know what they are, and can't be
 * - package: they have to be read from start to end to know what they bring
 */
export type Reason = 'foreign' | 'elsewhere' | 'damaged' | 'incomplete' | 'archived' | 'package'

export interface Trouble {
  readonly reason: Reason
  /** Of the first object. */
  readonly key: string
  /** To be read behind the key. */
  readonly why: string
}

/** An edge but for what its stream has to tell. */
export interface Draft {
  readonly key: string
  readonly snapshot: ObjectFacts['snapshot']
  /** The GUID is null where only the stream tells it. */
  readonly base: { readonly name: string; readonly guid: string | null } | null
  readonly objects: readonly [SeenObject, ...SeenObject[]]
  /** Null where the objects say nothing: the Python tool's. */
  readonly facts: ObjectFacts | null
  readonly isPackage: boolean
}

export type Assembled = { readonly edge: Edge } | { readonly draft: Draft } | { readonly trouble: Trouble }

/** What the objects of one edge are together. `first` is the key of its first volume, whether or not that is there. */
export function assemble(first: string, seen: readonly SeenObject[], prefix: string): Assembled {
  const trouble = (reason: Reason, why: string) => ({ trouble: { reason, key: first, why } })
  const objects = [...seen].sort((a, b) => a.name.volume - b.name.volume)
  const [start, ...others] = objects
  if (start === undefined) throw new Error('an edge without objects is never looked at')
  const facts: (ObjectFacts | null)[] = []
  for (const { key, object } of objects) {
    try {
      facts.push(readMetadata(object.metadata))
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return trouble('damaged', `has metadata that zfs2s3 did not write: of '${key}', ${error.message}`)
    }
  }
  const [own = null] = facts
  if (own === null && objects.length > 1) return trouble('damaged', 'is in several volumes without metadata')
  for (const [index, each] of facts.entries()) {
    const { key, name } = objects[index] ?? start
    if (each === null) continue
    const meant = objectKey({ ...name, snapshot: each.snapshot.name, base: each.base?.name ?? null }, '')
    if (prefix + meant !== key) return trouble('elsewhere', `says that it is ${meant}`)
    if ((each.volume ?? 1) !== name.volume) return trouble('damaged', `says that it is volume ${each.volume ?? 1}`)
  }
  if (facts.some(each => each?.upload !== own?.upload)) return trouble('damaged', 'has volumes of several uploads')
  const lack = own === null ? null : lacking(objects, own)
  if (lack !== null) return trouble('incomplete', lack)

  const { name } = start
  const base = own === null ? (name.base === null ? null : { name: name.base, guid: null }) : own.base
  const snapshot = own?.snapshot ?? { name: name.snapshot, guid: null }
  const draft: Draft = { key: first, snapshot, base, objects: [start, ...others], facts: own, isPackage: name.package }
  if (own === null || name.package) return { draft }
  if (own.snapshot.guid === null) return trouble('damaged', "has metadata without the snapshot's GUID")
  return { edge: plainEdge(draft, own, own.snapshot.guid) }
}

/** Which volume isn't there, so that only a part of the stream is; null if it is whole. */
function lacking(objects: readonly SeenObject[], { partSize, maxParts }: ObjectFacts): string | null {
  const full = partSize === null || maxParts === null ? null : partSize * maxParts
  for (const [index, { name, object }] of objects.entries()) {
    if (name.volume !== index + 1) return `is there without its volume ${index + 1}`
    const isLast = index === objects.length - 1
    if (full === null) continue
    if (!isLast && object.bytes !== full) return `has a volume ${name.volume} that is not as long as it was stored`
    // A stream that ends just there is one in billions.
    if (isLast && object.bytes >= full) return `goes on behind its volume ${name.volume}, which is the last one there`
  }
  return null
}

/** The edge of a stream that is no package: all but its end is known when it begins. */
function plainEdge(draft: Draft, facts: ObjectFacts, guid: string): Edge {
  const snapshot = { name: facts.snapshot.name, guid }
  const { base, created, features, check, filter, toIvset, fromIvset } = facts
  const edge = bareEdge(draft)
  const bytes = draft.objects.reduce((sum, { object }) => sum + object.bytes, 0)
  const stream: StreamFacts | null =
    features === null ? null : { ...streamOf(features), toIvset, fromIvset, bytes: null }
  return {
    ...edge,
    snapshot,
    base,
    provides: [snapshot],
    needs: base === null ? [] : [base],
    created,
    // What is stored is the stream itself, unless something has made it longer or shorter.
    stream: stream === null || check !== 'records' || filter !== null ? stream : { ...stream, bytes },
  }
}

/** What features say by themselves. */
export const streamOf = (features: readonly string[]) => ({
  raw: features.includes('raw'),
  compressed: features.includes('compressed'),
  largeBlocks: features.includes('large_blocks'),
  features,
})

/** What is known of an edge without its stream. */
export function bareEdge({ objects, facts }: Draft): Omit<Edge, 'snapshot' | 'base' | 'provides' | 'needs'> {
  const volume = ({ key, object }: SeenObject): Volume => {
    const { bytes, sha256, etag } = object
    return { key, bytes, sha256, etag }
  }
  const [first, ...others] = objects
  return {
    volumes: [volume(first), ...others.map(volume)],
    partSize: facts?.partSize ?? null,
    storageClass: first.object.storageClass,
    created: null,
    stored: first.stored,
    filter: facts?.filter ?? null,
    verified: facts === null ? null : facts.check !== 'none',
    verifiedAt: null,
    stream: null,
    index: null,
  }
}
