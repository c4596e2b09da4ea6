/** Which stored edge somebody means. */
import { refused, usageError } from '../failure.js'
import type { Edge } from './edge.js'
import { fieldsOf, guidIn, orNull, stringIn } from './fields.js'
import { grouped } from './grouped.js'
import { edgeTitle, listed, splitSnapshot } from './names.js'

/** Enough to name one edge. GUIDs win over names, because a name can be given to another snapshot later. */
export interface EdgeName {
  readonly snapshot: string
  /** Null where only the name is known. */
  readonly guid: string | null
  /** Undefined: not said, any edge to the snapshot. Null: the full stream. */
  readonly base: string | null | undefined
  readonly baseGuid: string | null
  /** Only looked at where the rest fits several edges. */
  readonly key: string | null
}

/** The name that is in a record; everything else in it is ignored. Throws a usage Failure where there is none. */
export function recordToName(record: unknown): EdgeName {
  const fields = fieldsOf(record, 'the edge')
  return {
    snapshot: stringIn(fields, 'snapshot'),
    guid: orNull(guidIn, fields, 'guid'),
    base: fields.base === undefined ? undefined : orNull(stringIn, fields, 'base'),
    baseGuid: orNull(guidIn, fields, 'base_guid'),
    key: orNull(stringIn, fields, 'key'),
  }
}

/** The name that is on a command line. `base` is undefined where it wasn't given. Throws a usage Failure. */
export function argumentsToName(snapshot: string, base: string | undefined): EdgeName {
  for (const name of base === undefined ? [snapshot] : [snapshot, base]) {
    if (splitSnapshot(name) === null)
      throw usageError(`'${name}' is not the name of a snapshot`, 'write it as DATASET@SNAPSHOT')
  }
  return { snapshot, guid: null, base, baseGuid: null, key: null }
}

/**
 * A function that finds the one edge that is meant; made once for all names that are looked up in a catalog.
 * It throws a refusal (status 3) where no edge or more than one fits.
 */
export function edgeFinder(edges: readonly Edge[]): (name: EdgeName) => Edge {
  const byGuid = grouped(edges, edge => edge.snapshot.guid)
  const byName = grouped(edges, edge => edge.snapshot.name)
  return name => {
    const toSnapshot = name.guid === null ? byName.get(name.snapshot) : byGuid.get(name.guid)
    const fitting = (toSnapshot ?? []).filter(edge => hasBase(edge, name))
    const exact =
      fitting.length > 1 && name.key !== null ? fitting.filter(edge => edge.volumes[0].key === name.key) : fitting
    const [edge, ...others] = exact
    if (edge === undefined) throw notStored(edges, name, byName.get(name.snapshot) ?? [])
    if (others.length > 0) throw ambiguous(name, exact)
    return edge
  }
}

function hasBase(edge: Edge, name: EdgeName): boolean {
  if (name.baseGuid !== null) return edge.base?.guid === name.baseGuid
  return name.base === undefined || name.base === (edge.base?.name ?? null)
}

function notStored(edges: readonly Edge[], name: EdgeName, sameName: readonly Edge[]) {
  const base = name.base === undefined ? '' : name.base === null ? ' (full)' : ` <- ${name.base}`
  const what = `${name.snapshot}${base} is not stored`
  if (sameName.length > 0) {
    const another = name.guid !== null && !sameName.some(edge => edge.snapshot.guid === name.guid)
    const which = another ? `, but another snapshot of that name (GUID ${sameName[0]?.snapshot.guid ?? ''})` : ''
    return refused(what + which, `to that name there is: ${listed(sameName.map(edgeTitle))}`)
  }
  const inside = edges.filter(edge => edge.provides.some(one => one.name === name.snapshot))
  if (inside.length > 0) {
    return refused(`${what} by itself`, `it is part of: ${listed(inside.map(edgeTitle))}`)
  }
  const dataset = `${splitSnapshot(name.snapshot)?.dataset ?? ''}@`
  const near = edges.filter(edge => edge.snapshot.name.startsWith(dataset)).map(edgeTitle)
  if (near.length === 0) return refused(what, 'see zfs2s3-graph for what is')
  return refused(what, `of that dataset there is: ${listed(near.reverse())}`)
}

function ambiguous(name: EdgeName, edges: readonly Edge[]) {
  const sameEnds = edges.every(edge => edgeTitle(edge) === edgeTitle(edges[0] ?? edge))
  // With the same names at both ends only the GUIDs tell them apart, or the keys.
  const title = (edge: Edge): string =>
    sameEnds ? `${edgeTitle(edge)} (GUID ${edge.snapshot.guid}, key '${edge.volumes[0].key}')` : edgeTitle(edge)
  const remedy = sameEnds
    ? 'give the record that zfs2s3-graph prints'
    : 'say which with --base, or give the record of zfs2s3-graph'
  return refused(`${name.snapshot} is ambiguous: ${listed(edges.map(title))}`, remedy)
}
