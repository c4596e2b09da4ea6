/** zfs2s3-rm: checks as zfs2s3-check does, then deletes. */
import type { Claim } from '../catalog/home.js'
import { noteRemoval, type PendingRemoval } from '../catalog/removals.js'
import type { Edge, Volume } from '../chain/edge.js'
import type { EdgeName } from '../chain/find.js'
import { edgeTitle } from '../chain/names.js'
import { edgeToRecord } from '../chain/record.js'
import type { Command, Context } from '../cli/command.js'
import { writeRecord } from '../cli/ndjson.js'
import { humanBytes } from '../cli/amounts.js'
import { bucketOptions, dataDirOption } from '../cli/settings.js'
import { refused } from '../failure.js'
import { holds } from '../store/lock.js'
import type { Bucket, StoredObject } from '../store/s3.js'
import { withCatalog } from './catalog/change.js'
import { chooseRemovals, mayGo } from './removal/choose.js'
import { deleteObjects, endRemoval, finishRemoval, finishRemovals, uploadOf } from './removal/leftover.js'
import { demandReliedOn, wrongWith } from './removal/relied.js'
import { dataDirOf } from './data-dir.js'
import { baseOption, namedEdges } from './stored.js'
import { withBucket } from './with-bucket.js'

export const command: Command = {
  name: 'rm',
  summary: 'remove stored streams, if nothing that stays needs them',
  usage: ['DS@SNAP [--base DS@PREV]', '< EDGES'],
  description: [
    'Takes one edge by name, or many as lines of JSON on stdin. Nothing is removed unless all of them may be (see ' +
      'zfs2s3-check), and unless S3 confirms that what the remaining snapshots rely on is really there.',
    'Prints each edge when it is gone. Names and GUIDs come from the catalog: neither zfs nor the local snapshot is needed.',
  ],
  positionals: 1,
  options: [
    baseOption,
    { name: 'dry-run', short: 'n', help: 'delete nothing, print what would be deleted' },
    { name: 'gone', help: 'also take edges out of the catalog whose objects S3 no longer has' },
    dataDirOption,
    ...bucketOptions,
  ],
  examples: [
    ['one edge', 'zfs2s3-rm tank/home@d --base @c'],
    ['a retention policy of your own', "zfs2s3-graph | jq -c 'select(...)' | zfs2s3-check | zfs2s3-rm"],
  ],
  statuses: { 3: 'refused: a snapshot would be abandoned, or S3 has something else than the catalog says' },
  run: async context => removeNamed(context, await namedEdges(context)),
}

/** Removes the edges of these names, all or none. */
export async function removeNamed(context: Context, names: readonly EdgeName[]): Promise<void> {
  if (names.length === 0) return
  const dataDir = dataDirOf(context)
  await withBucket(context, bucket =>
    withCatalog(context, bucket, async catalog => {
      await finishRemovals(catalog, dataDir, bucket, context.signal)
      await catalog.claim('remove stored streams', async claim => {
        const edges = await claim.read()
        const { order, all } = await chooseRemovals(dataDir, edges, names)
        const removals = await demandSame(bucket, order, context)
        await demandReliedOn(bucket, all, order, context.signal)
        if (!context.args.flag('dry-run')) return removeEdges(context, dataDir, bucket, claim, edges, removals)
        for (const edge of order) await writeRecord(context.stdout, edgeToRecord(edge))
      })
    }),
  )
}

type Removal = Omit<PendingRemoval, 'id'>

/**
 * What is deleted must be what the catalog says: another object under that key is somebody's data. Gives the removals that
 * there are to note, in order.
 */
async function demandSame(bucket: Bucket, order: readonly Edge[], { args, signal }: Context) {
  const removals: Removal[] = []
  for (const edge of order) {
    let upload: string | null = null
    for (const volume of edge.volumes) {
      const there = await bucket.head(volume.key, signal)
      if (there === null && volume === edge.volumes[0]) {
        if (args.flag('gone')) break
        throw refused(
          `'${volume.key}' is not in bucket ${bucket.name}`,
          'is ZFS2S3_BUCKET right? If the object is really gone, --gone takes it out of the catalog',
        )
      }
      const wrong = wrongWith(bucket, volume, there)
      if (wrong !== null)
        throw refused(`${edgeTitle(edge)} is not what the catalog says: ${wrong}`, 'it is not deleted')
      if (there === null) continue
      demandUnlocked(edge, there)
      upload = uploadOf(there)
    }
    removals.push({ bucket: bucket.name, edge, upload })
  }
  return removals
}

/**
 * Without a version's ID, S3 "deletes" a locked object as well: it hides it behind a delete marker, and it goes on costing
 * money (S3 User Guide: Object Lock considerations, Managing delete markers). Throws status 3.
 */
function demandUnlocked(edge: Edge, { lock, legalHold }: StoredObject): void {
  const title = edgeTitle(edge)
  if (legalHold) throw refused(`${title} is under a legal hold in S3`, 'only whoever placed it should lift it')
  if (holds(lock, new Date())) throw refused(`${title} is locked in S3 until ${lock.until}`, 'remove it after that')
}

/** One edge after the other; between any two steps of each, a crash leaves nothing listed that is gone. */
async function removeEdges(
  context: Context,
  dataDir: string,
  bucket: Bucket,
  claim: Claim,
  edges: readonly Edge[],
  removals: readonly Removal[],
): Promise<void> {
  // The rule was asked for all of them of this catalog, until another machine changes it.
  let judged = edges
  let isOutrun = false as boolean
  const kept: Volume[] = []
  for (const removal of removals) {
    const { edge } = removal
    context.signal.throwIfAborted()
    const note = await noteRemoval(dataDir, removal)
    let isOurs = true as boolean
    judged = await claim.change(async now => {
      isOutrun ||= now !== judged
      const [{ key, etag }] = edge.volumes
      const still = now.find(({ volumes: [first] }) => first.key === key && first.etag === etag)
      isOurs = still !== undefined
      if (still === undefined) return now
      if (isOutrun) {
        const { all } = await mayGo(dataDir, now, [still])
        await demandReliedOn(bucket, all, [still], context.signal)
      }
      return now.filter(other => other !== still)
    })
    // From here on the edge is gone whatever happens; an interruption waits until its object is too.
    if (isOurs) {
      kept.push(...(await deleteObjects(bucket, edge.volumes)))
      const now = await endRemoval(claim, dataDir, bucket, note, context.signal)
      isOutrun ||= now !== judged
      judged = now
    } else {
      // Another machine was faster, or the answer to this change was lost.
      await finishRemoval(claim, dataDir, bucket, note, context.signal)
    }
    await writeRecord(context.stdout, edgeToRecord(edge))
  }
  if (kept.length > 0) context.stderr.write(`${context.name}: ${whatRemains(bucket, kept)}\n`)
}

/** Old versions are deleted by nobody here: they are what such a bucket is for. */
function whatRemains(bucket: Bucket, kept: readonly Volume[]): string {
  const bytes = kept.reduce((sum, volume) => sum + (volume.bytes ?? 0), 0)
  const what = kept.length === 1 ? 'the object' : `${kept.length} objects`
  return (
    `bucket ${bucket.name} keeps old versions, also of what was deleted now (${what}, ${humanBytes(bytes)}): they cost ` +
    'money until a lifecycle rule (NoncurrentVersionExpiration) deletes them'
  )
}
