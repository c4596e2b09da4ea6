/** Names: what ZFS calls a snapshot, what S3 calls the object, and what an edge is called in a message. */
import type { Snapshot } from './edge.js'

/** ZFS_MAX_DATASET_NAME_LEN is 256 with the closing NUL (OpenZFS, include/sys/fs/zfs.h). */
const longestName = 255

/** What a component of a ZFS name may consist of (OpenZFS, module/zcommon/zfs_namecheck.c: valid_char). */
const component = /^[A-Za-z0-9_.: -]+$/

export interface SnapshotName {
  readonly dataset: string
  /** What follows the `@`. */
  readonly tag: string
}

/** The two halves of `tank/home@b`, or null where `name` can't be the name of a ZFS snapshot. */
export function splitSnapshot(name: string): SnapshotName | null {
  if (name.length > longestName) return null
  const at = name.indexOf('@')
  const dataset = name.slice(0, at)
  const tag = name.slice(at + 1)
  if (at < 0 || !component.test(tag)) return null
  if (!dataset.split('/').every(part => component.test(part) && part !== '.' && part !== '..')) return null
  return { dataset, tag }
}

/** The dataset of a snapshot, also of a name that ZFS would not have given. */
export const datasetOf = ({ name }: Snapshot): string => name.split('@', 1)[0] ?? name

/** What an object holds, as far as its key says it. */
export interface ObjectName {
  readonly snapshot: string
  /** Null for a full stream. */
  readonly base: string | null
  /** Whether it is a stream package (`zfs send -I`, `-R`), which may be stored beside a plain stream of the same ends. */
  readonly package: boolean
  /** Counts from 1. */
  readonly volume: number
}

// Neither `<` nor `#` can occur in a ZFS name, so that a key is read in one way only.
const arrow = ' <- '
const packageMark = '#package'

/**
 * The key of an object: `NAME` or `NAME <- BASENAME` as the Python tool had it, `#package` behind it for a stream
 * package, `#2` and so on for further volumes, and `prefix` before it just as it is.
 */
export function objectKey(object: ObjectName, prefix: string): string {
  const ends = object.base === null ? object.snapshot : object.snapshot + arrow + object.base
  return volumeKey(prefix + ends + (object.package ? packageMark : ''), object.volume)
}

/** The key of a volume of the edge whose first volume has the key `first`; volumes count from 1. */
export const volumeKey = (first: string, volume: number): string => (volume === 1 ? first : `${first}#${volume}`)

/** What `objectKey` made `key` of, or null where it made no such key: the object is somebody else's. */
export function parseKey(key: string, prefix: string): ObjectName | null {
  if (!key.startsWith(prefix)) return null
  const match = /^([^#<]+?)(?: <- ([^#<]+))?(#package)?(?:#([1-9][0-9]{0,8}))?$/.exec(key.slice(prefix.length))
  const [, snapshot, base, mark, volume] = match ?? []
  if (snapshot === undefined || splitSnapshot(snapshot) === null || volume === '1') return null
  if (base !== undefined && splitSnapshot(base) === null) return null
  return { snapshot, base: base ?? null, package: mark !== undefined, volume: Number(volume ?? 1) }
}

/**
 * The key of the catalog's object, and of the one on which is tried out what the service honours. No stream can have such a key,
 * because a snapshot's name has an `@` in it.
 */
export const catalogKey = (prefix: string): string => `${prefix}zfs2s3-catalog.yml`
export const probeKey = (prefix: string): string => `${prefix}zfs2s3-probe`

/** Whether an object is a catalog, or the one for trying out, of whatever prefix: neither a stream nor foreign. */
export const isCatalogObject = (key: string): boolean => key.endsWith(catalogKey('')) || key.endsWith(probeKey(''))

/** What an edge is called by; the rest of it may not be known yet. */
export interface Ends {
  readonly snapshot: Pick<Snapshot, 'name'>
  readonly base: Pick<Snapshot, 'name'> | null
}

/** How an edge is called in messages: `tank/home@b <- tank/home@a`, or `tank/home@a (full)`. */
export function edgeTitle({ snapshot, base }: Ends): string {
  return base === null ? `${snapshot.name} (full)` : snapshot.name + arrow + base.name
}

/** The first few of `names` as they stand in a message: `a, b, c and 27 more`. */
export function listed(names: readonly string[]): string {
  const shown = 5
  const more = names.length - shown
  return names.slice(0, shown).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
