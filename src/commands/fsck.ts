/** zfs2s3-fsck: the catalog against the bucket, the uploads in progress, and the pools. */
import type { Edge } from '../chain/edge.js'
import { merge, supported } from '../chain/merge.js'
import { catalogKey } from '../chain/names.js'
import type { Command, Context } from '../cli/command.js'
import { writeRecord } from '../cli/ndjson.js'
import { exactBytes } from '../cli/amounts.js'
import { bucketOptions, bucketSettings, catalogPlace, dataDirOption } from '../cli/settings.js'
import { refused } from '../failure.js'
import { Ledger } from '../store/ledger.js'
import { reconcile } from '../store/reconcile.js'
import { type LocalSnapshot, snapshotsAndBookmarks } from '../zfs/zfs.js'
import { usualConcurrency } from './bucket/edges.js'
import { copyWait, withCatalog } from './catalog/change.js'
import { remoteFile } from './catalog/in-bucket.js'
import { copyFinding, lookAtCopy, repairCopy } from './fsck/copy.js'
import { type Finding, findings } from './fsck/findings.js'
import { localFindings, storedDatasets } from './fsck/local.js'
import { ifIdle, lookAround, type Looked, type Place } from './fsck/look.js'
import { finishUpload } from './put/finish.js'
import { finishRemovals } from './removal/leftover.js'
import { dataDirOf } from './data-dir.js'
import { withdrawGone } from './removal/withdraw.js'
import { withBucket } from './with-bucket.js'

export const command: Command = {
  name: 'fsck',
  summary: 'compare the catalog with the bucket and with what was interrupted',
  usage: ['[--repair] [--local] [OPTIONS]'],
  description: [
    'Asks S3 for every object of the catalog, whether it is there with the size and checksum on record; looks for objects that ' +
      'the catalog does not have, and for what crashes have left: removals and uploads that were not finished, and multipart ' +
      'uploads that nobody knows, which cost money and which no listing of the bucket shows. Compares the copy of the catalog that ' +
      'is in the bucket with the catalog of this machine. Reads no stream, except the beginning of one that has no metadata.',
    'Prints one line of JSON for each finding: finding (a code), key and snapshot, what (a sentence), and mend, a command line that ' +
      'would mend it, or null. Uploads that other commands are working on are no findings.',
    '--repair does what loses nothing: it puts objects that the catalog lacks into it, if what they start from is there, and ' +
      'finishes removals and uploads that lack only their last steps; and it brings the copy of the catalog up to date, if that ' +
      'lists nothing that is stored and unknown here. It prints what then remains. It deletes no ' +
      'backup, and no multipart upload: that may be one that another machine is just sending.',
  ],
  positionals: 0,
  options: [
    { name: 'repair', help: 'mend what can be mended without losing anything' },
    {
      name: 'local',
      help: 'ask zfs as well whether the stored snapshots of datasets of this machine are the ones there',
    },
    { name: 'concurrency', value: 'N', help: 'how many objects are asked about at a time (default 64)' },
    dataDirOption,
    ...bucketOptions,
  ],
  examples: [
    ['is all well', 'zfs2s3-fsck'],
    ['what there is to mend, as command lines', "zfs2s3-fsck | jq -r '.mend // empty'"],
  ],
  statuses: { 3: 'something was found (with --repair: something remains)' },
  async run(context) {
    const { args, signal } = context
    const place = bucketSettings(context)
    const concurrency = args.count('concurrency', 1) ?? usualConcurrency
    const looking = { concurrency, readPackages: false, retryForMs: place.retryForMs, signal }
    await withBucket(context, bucket =>
      withCatalog(context, bucket, async catalog => {
        const where: Place = { bucket, prefix: place.prefix, dataDir: dataDirOf(context), catalog }
        const file = catalogPlace(context) === 'local' ? remoteFile(context, bucket) : null
        const look = async () => {
          const seen = await lookAround(where, looking)
          const copy = file && (await lookAtCopy(where.dataDir, file, copyWait(context), signal))
          return {
            seen,
            found: [...findings(seen), ...(copy ? [copyFinding(copy, seen, catalogKey(place.prefix))] : [])],
          }
        }
        let now = await look()
        if (args.flag('repair') && now.found.length > 0) {
          await repair(where, now.seen, looking)
          if (file !== null) await repairCopy(where.dataDir, file, now.seen, copyWait(context))
          now = await look()
        }
        const { seen, found } = now
        await report(context, seen, [...found, ...(args.flag('local') ? await compareWithPools(seen) : [])])
      }),
    )
  },
}

async function report({ name, stdout, stderr }: Context, seen: Looked, found: readonly Finding[]): Promise<void> {
  for (const finding of found) await writeRecord(stdout, finding)
  if (seen.foreign > 0)
    stderr.write(
      `${name}: not of zfs2s3, and left out: ${seen.foreign === 1 ? '1 object' : `${exactBytes(seen.foreign)} objects`}\n`,
    )
  if (found.length === 1) throw refused('1 thing is not as it should be')
  if (found.length > 1) throw refused(`${found.length} things are not as they should be`)
}

/** Nothing that is in S3 gets lost by this. */
async function repair(
  place: Place,
  { unlisted, pending }: Looked,
  looking: Parameters<typeof lookAround>[1],
): Promise<void> {
  const { bucket, dataDir, catalog } = place
  const { signal } = looking
  await finishRemovals(catalog, dataDir, bucket, signal)
  const finishable = new Set(pending.flatMap(({ key, isLost }) => (isLost ? [] : [key])))
  for (const ledger of await Ledger.all(dataDir)) {
    if (ledger.header.bucket !== bucket.name || !finishable.has(ledger.header.key)) continue
    await ifIdle(dataDir, ledger, async now => {
      const { end } = now
      if (end === undefined || end.held) return
      await reconcile(bucket, now, signal)
      if (now.contiguous().length >= end.parts) await finishUpload(catalog, bucket, now, end, looking)
    })
  }
  await catalog.claim('adopt objects of the bucket', async claim => {
    let adoptable: readonly Edge[] = []
    await claim.change(edges => {
      const known = new Set(edges.flatMap(edge => edge.volumes.map(({ key }) => key)))
      const adopted = merge(
        edges,
        supported(
          edges,
          unlisted.filter(edge => !known.has(edge.volumes[0].key)),
        ),
      )
      // One that contradicts the others, as by a name that another snapshot has, stays a finding.
      const refusedOnes = new Set(adopted.objections.map(({ edge }) => edge))
      adoptable = supported(
        edges,
        adopted.added.filter(edge => !refusedOnes.has(edge)),
      )
      return merge(edges, adoptable).edges
    })
    await withdrawGone(claim, dataDir, bucket, adoptable, signal)
  })
}

async function compareWithPools({ edges }: Looked): Promise<Finding[]> {
  const local = new Map<string, readonly LocalSnapshot[]>()
  for (const dataset of storedDatasets(edges)) {
    const here = await snapshotsAndBookmarks(dataset)
    if (here !== null) local.set(dataset, here)
  }
  return localFindings(edges, local)
}
