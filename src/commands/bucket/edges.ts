/** The edges that a bucket tells of by itself: by its listing, its objects' metadata, and where these say nothing the streams. */
import type { Edge, Snapshot } from '../../chain/edge.js'
import { isCatalogObject, objectKey, parseKey } from '../../chain/names.js'
import type { ListedObject } from '../../store/listing.js'
import { type Patience, patiently } from '../../store/patience.js'
import type { Bucket } from '../../store/s3.js'
import { inOrder } from '../../store/window.js'
import { assemble, type Assembled, type Draft, type SeenObject, type Trouble } from './assemble.js'
import { readDraft, readPackage } from './begin.js'

/** Objects asked about at a time, unless somebody says otherwise. S3 takes 5,500 such requests a second for a prefix. */
export const usualConcurrency = 64

export interface Looking extends Patience {
  /** How many objects are asked about at a time. */
  readonly concurrency: number
  /** Whether packages are read from start to end, to know what they bring. */
  readonly readPackages: boolean
}

export interface BucketEdges {
  readonly edges: readonly Edge[]
  /** What is there and is no edge, but for objects whose keys are none of ours. */
  readonly troubles: readonly Trouble[]
  /** How many objects have such keys. */
  readonly foreign: number
}

/** All edges under a prefix. Throws a Failure where S3 does not answer: what can't be asked about is not absent. */
export async function edgesInBucket(bucket: Bucket, prefix: string, looking: Looking): Promise<BucketEdges> {
  const { groups, foreign } = await listGroups(bucket, prefix, looking)
  return { ...(await lookAtGroups(bucket, prefix, groups, looking)), foreign }
}

/** The listed objects of one edge, by the key of its first volume. */
export type Groups = ReadonlyMap<string, readonly ListedObject[]>

/** What is listed under a prefix and could be ours by its key; everything else is only counted. */
export async function listGroups(bucket: Bucket, prefix: string, patience: Patience) {
  const groups = new Map<string, ListedObject[]>()
  let foreign = 0
  for await (const listed of bucket.list(prefix, patience)) {
    if (isCatalogObject(listed.key)) continue
    const name = parseKey(listed.key, prefix)
    if (name === null) {
      foreign += 1
      continue
    }
    const first = objectKey({ ...name, volume: 1 }, prefix)
    const group = groups.get(first)
    if (group === undefined) groups.set(first, [listed])
    else group.push(listed)
  }
  return { groups, foreign }
}

/** Asks S3 about each object, and puts the edges together. What is gone since it was listed is left out. */
export async function lookAtGroups(
  bucket: Bucket,
  prefix: string,
  groups: Groups,
  looking: Looking,
): Promise<Omit<BucketEdges, 'foreign'>> {
  const { concurrency, signal, retryForMs } = looking
  const edges: Edge[] = []
  const troubles: Trouble[] = []
  const packages: Draft[] = []
  const take = (found: Assembled): void => {
    if ('edge' in found) edges.push(found.edge)
    else if ('trouble' in found) troubles.push(found.trouble)
    else packages.push(found.draft)
  }
  const look = async ([first, listed]: [string, readonly ListedObject[]], either: AbortSignal) => {
    const patience = { retryForMs, signal: either }
    const seen = await headsOf(bucket, prefix, listed, patience)
    if (seen.length === 0) return null
    const found = assemble(first, seen, prefix)
    return 'draft' in found && !found.draft.isPackage ? readDraft(bucket, found.draft, patience) : found
  }
  for await (const found of inOrder(groups, concurrency, signal, look)) if (found !== null) take(found)
  for (const draft of packages) {
    const why = 'is a stream package, and its metadata does not say what it brings'
    if (looking.readPackages) take(await readPackage(bucket, draft, { ...looking, concurrency: rangesOfPackage }))
    else troubles.push({ reason: 'package', key: draft.key, why })
  }
  return named(edges, troubles)
}

/** As many ranges of a package are fetched at a time as `get` fetches of a stream. */
const rangesOfPackage = 8

async function headsOf(bucket: Bucket, prefix: string, listed: readonly ListedObject[], patience: Patience) {
  const seen: SeenObject[] = []
  for (const { key, modified } of listed) {
    const name = parseKey(key, prefix)
    const object = await patiently(() => bucket.head(key, patience.signal), patience)
    if (name !== null && object !== null) seen.push({ key, name, object, stored: modified })
  }
  return seen
}

/** Gives the snapshots that packages need, and of which only the GUIDs are known, the names that other edges have for them. */
function named(edges: readonly Edge[], troubles: readonly Trouble[]): Omit<BucketEdges, 'foreign'> {
  const known = edges.flatMap(edge => [...edge.provides, ...(edge.base === null ? [] : [edge.base])])
  const names = new Map(known.map(({ guid, name }) => [guid, name]))
  const nameless: Trouble[] = []
  const whole: Edge[] = []
  for (const edge of edges) {
    const needs = edge.needs.map((need): Snapshot => ({ ...need, name: need.name || (names.get(need.guid) ?? '') }))
    const missing = needs.find(({ name }) => name === '')
    if (missing === undefined) whole.push({ ...edge, needs })
    else {
      const why = `needs a snapshot of GUID ${missing.guid}, which nothing here brings`
      nameless.push({ reason: 'damaged', key: edge.volumes[0].key, why })
    }
  }
  return { edges: whole, troubles: [...troubles, ...nameless] }
}
