/** Before anything is deleted: is what the remaining snapshots would depend on really there? */
import type { Edge, Volume } from '../../chain/edge.js'
import { edgeTitle } from '../../chain/names.js'
import { removal, removalRefused } from '../../chain/removal.js'
import { refused } from '../../failure.js'
import { differenceOf } from '../../store/download.js'
import type { Bucket, StoredObject } from '../../store/s3.js'
import { inOrder } from '../../store/window.js'

/** How many objects are asked about at a time. */
const inFlight = 32

/**
 * Throws status 3 if the removal would be allowed only thanks to objects that S3 doesn't have as they are on record: a
 * bypass that exists only in the catalog protects nothing.
 */
export async function demandReliedOn(
  bucket: Bucket,
  edges: readonly Edge[],
  toRemove: readonly Edge[],
  signal: AbortSignal,
): Promise<void> {
  const reliedOn = otherWays(edges, toRemove)
  const broken = await brokenEdges(bucket, reliedOn, signal)
  if (broken.size === 0) return
  const answer = removal(
    edges.filter(edge => !broken.has(edge)),
    toRemove.filter(edge => !broken.has(edge)),
  )
  if (answer.allowed) return
  const [[edge, why]] = [...broken] as [[Edge, string]]
  const { message } = removalRefused(toRemove, answer)
  throw refused(
    `${message}, because ${edgeTitle(edge)} can't be relied on: ${why}`,
    'find out what happened to that object before anything is removed',
  )
}

/**
 * The edges that stay and on which, without those that go, a snapshot could come to rely: all that lead to snapshots
 * which the removed edges bring too and which something that stays needs.
 */
function otherWays(edges: readonly Edge[], toRemove: readonly Edge[]): Edge[] {
  const going = new Set(toRemove)
  const staying = edges.filter(edge => !going.has(edge))
  const needed = new Set(staying.flatMap(edge => edge.needs.map(({ guid }) => guid)))
  const providers = new Map<string, Edge[]>()
  for (const edge of staying) {
    for (const { guid } of edge.provides) providers.set(guid, [...(providers.get(guid) ?? []), edge])
  }
  const wanted = toRemove.flatMap(edge => edge.provides.map(({ guid }) => guid)).filter(guid => needed.has(guid))
  const seen = new Set(wanted)
  const ways = new Set<Edge>()
  // The set grows while it is walked: behind each edge, what that edge needs.
  for (const guid of seen) {
    for (const edge of providers.get(guid) ?? []) {
      ways.add(edge)
      for (const need of edge.needs) seen.add(need.guid)
    }
  }
  return [...ways]
}

/** The edges whose objects S3 doesn't have as they are on record, each with what is wrong. */
async function brokenEdges(bucket: Bucket, edges: readonly Edge[], signal: AbortSignal): Promise<Map<Edge, string>> {
  const broken = new Map<Edge, string>()
  const look = async (edge: Edge, either: AbortSignal) => ({
    edge,
    why: await whatIsWrong(bucket, edge.volumes, either),
  })
  for await (const { edge, why } of inOrder(edges, inFlight, signal, look)) if (why !== null) broken.set(edge, why)
  return broken
}

/** How objects differ from the record, in a few words about the first that does; null if none does. */
async function whatIsWrong(bucket: Bucket, volumes: readonly Volume[], signal: AbortSignal) {
  for (const volume of volumes) {
    const wrong = wrongWith(bucket, volume, await bucket.head(volume.key, signal))
    if (wrong !== null) return wrong
  }
  return null
}

/** How what S3 has of a volume differs from the record; null if it doesn't. */
export function wrongWith(bucket: Bucket, volume: Volume, object: StoredObject | null): string | null {
  const { key, sha256, etag } = volume
  if (object === null) return `'${key}' is not in bucket ${bucket.name}`
  const difference = differenceOf(volume, object)
  if (difference !== null) return `'${key}' is ${difference}`
  // Without checksums to compare, at least nothing else may have been put there since.
  if ((sha256 === null || object.sha256 === null) && etag !== null && object.etag !== etag) {
    return `'${key}' has the ETag ${object.etag} instead of ${etag}`
  }
  return null
}
