/** Ending an upload well: complete it in S3, enter it in the catalog, drop the ledger. Each step may be done already. */
import { withEdge } from '../../chain/addition.js'
import { type Edge, rfc3339, type Snapshot, type StreamFacts, type Volume } from '../../chain/edge.js'
import { type CatalogHome, changeCatalog } from '../../catalog/home.js'
import type { Ledger } from '../../store/ledger.js'
import type { EndNote, UploadHeader } from '../../store/notes.js'
import type { Bucket } from '../../store/s3.js'
import type { Patience } from '../../store/patience.js'
import { completeUpload } from '../../store/complete.js'
import type { Substream, Verdict } from '../../stream/facts.js'
import { lockNeeded, lockObjects } from './lock.js'
import { unstorable } from '../verdict.js'
import type { Passed } from './transfer.js'

/**
 * Gives the edge as it is in the catalog then. Throws status 3 where a rule has come to say no in the meantime.
 * @param end what was noted when the stream had passed
 */
export async function finishUpload(
  catalog: CatalogHome,
  bucket: Bucket,
  ledger: Ledger,
  end: EndNote,
  patience: Patience,
): Promise<Edge> {
  const { lock } = ledger.header
  if (lock !== undefined) await lockNeeded(bucket, await catalog.read(), end.needs, lock, patience)
  const volumes = await completeUpload(bucket, ledger, end.parts, patience)
  if (lock !== undefined) await lockObjects(bucket, volumes, lock, patience)
  const edge = storedEdge(ledger, end, volumes)
  await changeCatalog(catalog, `store ${edge.snapshot.name}`, edges => {
    // A crash between this step and the next one has left it there already.
    const there = edges.some(({ volumes: [{ key, etag }] }) => key === volumes[0].key && etag === volumes[0].etag)
    return there ? edges : withEdge(edges, edge)
  })
  await ledger.drop()
  return edge
}

function storedEdge({ header }: Ledger, end: EndNote, volumes: readonly [Volume, ...Volume[]]): Edge {
  const named = end.provides.find(one => one.name === header.snapshot.name)
  if (named === undefined) throw new Error('a stream is never stored under a name that it does not bring')
  return {
    snapshot: named,
    base: header.base,
    provides: end.provides,
    needs: end.needs,
    volumes,
    partSize: header.partSize,
    storageClass: header.storageClass,
    created: end.created,
    stored: rfc3339(new Date()),
    filter: header.filter,
    verified: end.verified,
    verifiedAt: null,
    stream: end.stream,
    index: end.index ?? null,
  }
}

/** What is noted when the stream has passed: what it brings and needs, from its BEGIN records or, unread, from the header. */
export function endNote(
  ledger: Ledger,
  { verdict, parts, index }: Passed,
  held: boolean,
  edges: readonly Edge[],
): EndNote {
  const { header, safeBytes: bytes } = ledger
  const known = { event: 'end', bytes, parts, held, index } as const
  const { name, guid } = header.snapshot
  if (header.check === 'none' || verdict === null) {
    if (guid === null) throw new Error('an unread stream without a GUID is never uploaded')
    const needs = header.base === null ? [] : [header.base]
    return { ...known, verified: false, created: null, stream: null, provides: [{ name, guid }], needs }
  }
  return { ...known, verified: true, ...passedFacts(verdict, header.snapshot, edges) }
}

/**
 * What a stream that has passed tells of its edge. Throws status 4 where it doesn't bring the snapshot that it is named after.
 * @param edges where the names of what it needs come from; of what isn't among them the name is ''
 */
export function passedFacts(
  verdict: Verdict,
  { name, guid }: UploadHeader['snapshot'],
  edges: readonly Edge[],
): Pick<EndNote, 'created' | 'stream' | 'provides' | 'needs'> {
  const streams = verdict.substreams.filter(({ compound }) => !compound)
  const last = streams.find(each => each.toname === name)
  if (last === undefined || (guid !== null && last.toguid !== guid)) {
    const is = last === undefined ? 'it does not bring that' : `that has the GUID ${last.toguid} in it`
    throw unstorable(
      `the stream is not that of ${name}${guid === null ? '' : ` (GUID ${guid})`}: ${is}`,
      'check the names',
    )
  }
  return {
    created: rfc3339(new Date(last.createdSeconds * 1000)),
    stream: streamFacts(streams, last, verdict.bytes),
    provides: streams.map(({ toname, toguid }) => ({ name: toname, guid: toguid })),
    needs: needsOf(streams, edges),
  }
}

/** What must be there before the streams can be received in their order: the bases that none before them brings. */
function needsOf(streams: readonly Substream[], edges: readonly Edge[]): Snapshot[] {
  const names = new Map(edges.flatMap(edge => edge.provides.map(one => [one.guid, one.name])))
  const brought = new Set<string>()
  const needs = new Map<string, Snapshot>()
  for (const { fromguid, toguid } of streams) {
    if (fromguid !== null && !brought.has(fromguid)) {
      needs.set(fromguid, { name: names.get(fromguid) ?? '', guid: fromguid })
    }
    brought.add(toguid)
  }
  return [...needs.values()]
}

/** The last stream's facts speak for a package: increments go onto that one. */
function streamFacts(streams: readonly Substream[], last: Substream, bytes: number): StreamFacts {
  return {
    bytes,
    raw: last.raw,
    compressed: last.compressed,
    largeBlocks: last.largeBlocks,
    features: last.features,
    toIvset: last.toIvset,
    fromIvset: streams[0]?.fromIvset ?? null,
  }
}
