/**
 * Asking everything that fsck compares. The bucket is listed first, then ledgers and notes are read, then the catalog: what an
 * upload completes meanwhile is in one of the two, and what a removal deletes has left the catalog before.
 */
import type { CatalogHome } from '../../catalog/home.js'
import { pendingRemovals } from '../../catalog/removals.js'
import { readSeedUpload } from '../../catalog/seed-upload.js'
import type { Edge } from '../../chain/edge.js'
import { exitStatus, Failure } from '../../failure.js'
import { Ledger } from '../../store/ledger.js'
import { isOurs } from '../../store/reconcile.js'
import type { Bucket } from '../../store/s3.js'
import { inOrder } from '../../store/window.js'
import { type Groups, listGroups, lookAtGroups, type Looking } from '../bucket/edges.js'
import { whileWorkingOn } from '../put/resume.js'
import { wrongWith } from '../removal/relied.js'
import type { Pending, Seen } from './findings.js'

export interface Place {
  readonly bucket: Bucket
  readonly prefix: string
  readonly dataDir: string
  readonly catalog: CatalogHome
}

export interface Looked extends Seen {
  /** How many objects are not zfs2s3's by their keys or what is in them. */
  readonly foreign: number
}

export async function lookAround(place: Place, looking: Looking): Promise<Looked> {
  const { bucket, prefix, dataDir, catalog } = place
  const { signal } = looking
  const { groups, foreign } = await listGroups(bucket, prefix, looking)
  const open = await bucket.uploads.list(prefix, signal)
  const ledgers = (await Ledger.all(dataDir)).filter(({ header }) => header.bucket === bucket.name)
  const seed = await readSeedUpload(dataDir)
  const removals = await unfinishedRemovals(place)
  const edges = await catalog.read()

  const known = new Set([
    ...edges.flatMap(edge => edge.volumes.map(({ key }) => key)),
    ...ledgers.map(({ header }) => header.key),
    ...removals.flatMap(edge => edge.volumes.map(({ key }) => key)),
  ])
  const unlisted: Groups = new Map([...groups].filter(([first]) => !known.has(first)))
  const told = await lookAtGroups(bucket, prefix, unlisted, looking)

  const noted = new Set([
    ...ledgers.flatMap(({ uploads }) => [...uploads.values()].map(({ uploadId }) => uploadId)),
    ...(seed?.uploadId == null ? [] : [seed.uploadId]),
  ])
  // One that is just being begun is not noted yet; what a crash lost of its ID, its own ledger finds again.
  const beginning = new Set(ledgers.flatMap(({ creating, header }) => (creating.size === 0 ? [] : [header.key])))
  const unknownUploads = []
  for (const each of open) {
    if (noted.has(each.uploadId) || [...beginning].some(key => each.key.startsWith(key))) continue
    const parts = await bucket.uploads.parts(each.key, each.uploadId, signal)
    // Null: it has ended since it was listed.
    if (parts !== null) unknownUploads.push({ ...each, bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) })
  }
  return {
    bucket: bucket.name,
    edges,
    wrong: await wrongObjects(place, edges, looking),
    unlisted: told.edges,
    troubles: told.troubles,
    removals,
    pending: await idleUploads(place, ledgers, edges, signal),
    unknownUploads,
    foreign: foreign + told.troubles.filter(({ reason }) => reason === 'foreign').length,
  }
}

/** Removals with a note, while no process is about to finish one. */
async function unfinishedRemovals({ bucket, dataDir, catalog }: Place): Promise<Edge[]> {
  if ((await pendingRemovals(dataDir)).length === 0) return []
  return catalog.claim('look for interrupted removals', async () =>
    (await pendingRemovals(dataDir)).filter(note => note.bucket === bucket.name).map(({ edge }) => edge),
  )
}

/** Edges of which S3 has not what is on record; asked again of the catalog, from which a removal may just have taken one. */
async function wrongObjects({ bucket, catalog }: Place, edges: readonly Edge[], { concurrency, signal }: Looking) {
  const look = async (edge: Edge, either: AbortSignal) => {
    for (const volume of edge.volumes) {
      const object = await bucket.head(volume.key, either)
      const why = wrongWith(bucket, volume, object)
      if (why !== null) return { edge, isMissing: object === null, why }
    }
    return null
  }
  const wrong: { edge: Edge; isMissing: boolean; why: string }[] = []
  for await (const each of inOrder(edges, concurrency, signal, look)) if (each !== null) wrong.push(each)
  if (wrong.length === 0) return wrong
  const still = new Set((await catalog.read()).map(({ volumes: [{ key, etag }] }) => `${key} ${etag ?? ''}`))
  return wrong.filter(({ edge: { volumes: [{ key, etag }] } }) => still.has(`${key} ${etag ?? ''}`)) // prettier-ignore
}

/** Uploads with a ledger on which no process works now. */
async function idleUploads(
  { bucket, dataDir }: Place,
  ledgers: readonly Ledger[],
  edges: readonly Edge[],
  signal: AbortSignal,
): Promise<Pending[]> {
  const stored = new Set(edges.map(({ volumes: [{ key }] }) => key))
  const pending: Pending[] = []
  for (const ledger of ledgers) {
    await ifIdle(dataDir, ledger, async now => {
      const { header, end } = now
      pending.push({
        key: header.key,
        snapshot: header.snapshot.name,
        isStored: stored.has(header.key),
        isComplete: end !== undefined && now.contiguous().length >= end.parts,
        isHeld: end?.held ?? header.held,
        isLost: await isLost(bucket, now, signal),
      })
      await now.close()
    })
  }
  return pending
}

/** Whether S3 has neither an upload that the ledger has begun nor what became of it. */
async function isLost(bucket: Bucket, ledger: Ledger, signal: AbortSignal): Promise<boolean> {
  for (const [volume, { key, uploadId }] of ledger.uploads) {
    if (ledger.completed.has(volume) || (await bucket.uploads.parts(key, uploadId, signal)) !== null) continue
    if (!(await isOurs(bucket, ledger, key, signal))) return true
  }
  return false
}

/** Does `work` with an upload, unless another process works on it or has ended it. */
export async function ifIdle(dataDir: string, ledger: Ledger, work: (now: Ledger) => Promise<void>): Promise<void> {
  await whileWorkingOn(dataDir, ledger, work).catch((error: unknown) => {
    const isOthers =
      error instanceof Failure && (error.status === exitStatus.notYet || error.status === exitStatus.refused)
    if (!isOthers) throw error
  })
}
