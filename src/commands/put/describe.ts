/** As what a stream will be stored: what it says of itself, what the user says, and what the catalog knows of its base. */
import { type Edge, rfc3339, type Snapshot } from '../../chain/edge.js'
import { objectKey } from '../../chain/names.js'
import { badStream, refused, usageError } from '../../failure.js'
import type { Begin } from '../../stream/begin.js'
import type { Head } from './look.js'

/** What the command line says. */
export interface Asked {
  readonly snapshot: string | undefined
  readonly base: string | undefined
  /** Only needed where the stream doesn't say them. */
  readonly guid: string | undefined
  readonly baseGuid: string | undefined
}

export interface Described {
  /** The GUID is null where only the end of the stream will tell, as in a package without a table of contents. */
  readonly snapshot: { readonly name: string; readonly guid: string | null }
  readonly base: Snapshot | null
  readonly key: string
  readonly created: string | null
}

/** Throws status 4 where the stream isn't what the user says, 3 where its base isn't stored. */
export function describeStream(asked: Asked, head: Head, edges: readonly Edge[], prefix: string): Described {
  const { begin, inner } = head
  return begin === null || inner === null
    ? unreadStream(asked, edges, prefix)
    : readStream(asked, begin, inner, edges, prefix)
}

function readStream(asked: Asked, begin: Begin, inner: Begin, edges: readonly Edge[], prefix: string): Described {
  const name = begin.toname
  // What a package without a list brings is known at its end, and compared then.
  const guid = begin.compound ? (listedGuid(begin) ?? asked.guid ?? null) : inner.toguid
  agree('snapshot', asked.snapshot, name)
  if (guid !== null) agree('GUID of the snapshot', asked.guid, guid)
  agree('GUID of the base', asked.baseGuid, inner.fromguid ?? undefined)
  const base = inner.fromguid === null ? null : storedBase(inner.fromguid, name, edges)
  if (asked.base !== undefined && asked.base !== base?.name) {
    const says = base === null ? 'it is a full stream' : `it starts from ${base.name} (GUID ${base.guid})`
    throw badStream(`the stream is not what it was said to be: ${says}, not from ${asked.base}`, 'check the names')
  }
  const several = bringsSeveral(begin)
  const key = objectKey({ snapshot: name, base: base?.name ?? null, package: several, volume: 1 }, prefix)
  const created = several ? null : rfc3339(new Date(inner.createdSeconds * 1000))
  return { snapshot: { name, guid }, base, key, created }
}

/** A stream that can't be looked into is what the user says. */
function unreadStream(asked: Asked, edges: readonly Edge[], prefix: string): Described {
  const { snapshot, guid } = asked
  if (snapshot === undefined || guid === undefined) {
    throw usageError(
      "the stream doesn't say what it is",
      'name it: zfs2s3-put DS@SNAP [--base DS@PREV] --guid "$(zfs2s3-guid DS@SNAP)"',
    )
  }
  const base = asked.base === undefined ? null : namedBase(asked.base, asked.baseGuid, edges)
  const key = objectKey({ snapshot, base: base?.name ?? null, package: false, volume: 1 }, prefix)
  return { snapshot: { name: snapshot, guid }, base, key, created: null }
}

function agree(what: string, said: string | undefined, is: string | undefined): void {
  if (said === undefined || said === is) return
  throw badStream(
    `the stream is not what it was said to be: its ${what} is ${is ?? 'none (it is a full stream)'}, not ${said}`,
    'check the names, or leave them out: the stream says them itself',
  )
}

function storedBase(guid: string, snapshot: string, edges: readonly Edge[]): Snapshot {
  for (const edge of edges) for (const one of edge.provides) if (one.guid === guid) return one
  throw refused(
    `the base of ${snapshot} (GUID ${guid}) is not stored, so this stream could never be restored`,
    'store the base first, or a full stream',
  )
}

function namedBase(name: string, guid: string | undefined, edges: readonly Edge[]): Snapshot {
  const stored = edges.flatMap(edge => edge.provides).filter(one => one.name === name)
  const fitting = new Map(stored.filter(one => guid === undefined || one.guid === guid).map(one => [one.guid, one]))
  const [base, ...others] = fitting.values()
  if (base === undefined) {
    throw refused(`the base ${name} is not stored, so this stream could never be restored`, 'store the base first')
  }
  if (others.length > 0) throw refused(`two snapshots called ${name} are stored`, 'say which with --base-guid')
  return base
}

/** The GUID that a package's table of contents has for the snapshot that it is named after. */
function listedGuid({ toname, listing }: Begin): string | null {
  for (const { snapshots } of listing?.filesystems ?? []) {
    for (const { name, guid } of snapshots) if (name === toname) return guid
  }
  return null
}

/** Whether it is a package that brings more than one snapshot; `zfs send -p` makes one that brings one. */
function bringsSeveral({ compound, listing, toname }: Begin): boolean {
  if (!compound) return false
  const from = listing?.fromsnap ?? null
  const brought = (listing?.filesystems ?? []).flatMap(each =>
    each.snapshots.filter(one => from === null || one.name.split('@')[1] !== from),
  )
  return brought.length !== 1 || brought[0]?.name !== toname
}
