/** zfs2s3-rm: checks as zfs2s3-check does, then deletes. */
import type { Claim } from '../catalog/home.js'
import { dropRemoval, noteRemoval } from '../catalog/removals.js'
import type { Edge } from '../chain/edge.js'
import type { EdgeName } from '../chain/find.js'
import { edgeTitle } from '../chain/names.js'
import { edgeToRecord } from '../chain/record.js'
import type { Command, Context } from '../cli/command.js'
import { writeRecord } from '../cli/ndjson.js'
import { bucketOptions, bucketSettings, dataDirOption } from '../cli/settings.js'
import { refused } from '../failure.js'
import { Bucket } from '../store/s3.js'
import { withCatalog } from './catalog.js'
import { chooseRemovals, mayGo } from './removal/choose.js'
import { deleteObjects, finishRemovals } from './removal/leftover.js'
import { demandReliedOn, whatIsWrong, wrongWith } from './removal/relied.js'
import { baseOption, dataDirOf, namedEdges } from './stored.js'

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
  const bucket = await Bucket.open(bucketSettings(context))
  try {
    await withCatalog(context, bucket, async catalog => {
      await finishRemovals(catalog, dataDir, bucket, context.signal)
      await catalog.claim('remove stored streams', async claim => {
        const edges = await claim.read()
        const { order, all } = await chooseRemovals(dataDir, edges, names)
        await demandSame(bucket, order, context)
        await demandReliedOn(bucket, all, order, context.signal)
        if (!context.args.flag('dry-run')) return removeEdges(context, dataDir, bucket, claim, edges, order)
        for (const edge of order) await writeRecord(context.stdout, edgeToRecord(edge))
      })
    })
  } finally {
    bucket.close()
  }
}

/** What is deleted must be what the catalog says: another object under that key is somebody's data. */
async function demandSame(bucket: Bucket, order: readonly Edge[], { args, signal }: Context): Promise<void> {
  for (const edge of order) {
    const [first, ...others] = edge.volumes
    const there = await bucket.head(first.key, signal)
    if (there === null) {
      if (args.flag('gone')) continue
      throw refused(
        `'${first.key}' is not in bucket ${bucket.name}`,
        'is ZFS2S3_BUCKET right? If the object is really gone, --gone takes it out of the catalog',
      )
    }
    const wrong = wrongWith(bucket, first, there) ?? (await whatIsWrong(bucket, others, signal))
    if (wrong !== null) throw refused(`${edgeTitle(edge)} is not what the catalog says: ${wrong}`, 'it is not deleted')
  }
}

/** One edge after the other; between any two steps of each, a crash leaves nothing listed that is gone. */
async function removeEdges(
  context: Context,
  dataDir: string,
  bucket: Bucket,
  claim: Claim,
  edges: readonly Edge[],
  order: readonly Edge[],
) {
  let judged = edges
  for (const edge of order) {
    context.signal.throwIfAborted()
    const note = await noteRemoval(dataDir, bucket.name, edge)
    judged = await claim.change(async now => {
      const [{ key, etag }] = edge.volumes
      const still = now.find(({ volumes: [first] }) => first.key === key && first.etag === etag)
      if (still === undefined) return now
      if (now !== judged) {
        // Another machine has changed the catalog since the rule was asked.
        const { all } = await mayGo(dataDir, now, [still])
        await demandReliedOn(bucket, all, [still], context.signal)
      }
      return now.filter(other => other !== still)
    })
    // From here on the edge is gone whatever happens; an interruption waits until its object is too.
    await deleteObjects(bucket, edge.volumes)
    await dropRemoval(dataDir, note)
    await writeRecord(context.stdout, edgeToRecord(edge))
  }
}
