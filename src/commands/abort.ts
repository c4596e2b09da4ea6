/** zfs2s3-abort: gives up an upload. */
import { readSeedUpload, removeSeedUpload, type SeedUpload } from '../catalog/seed-upload.js'
import type { Command, Context } from '../cli/command.js'
import { bucketOptions, dataDirOption } from '../cli/settings.js'
import { Ledger } from '../store/ledger.js'
import type { Bucket } from '../store/s3.js'
import { abortUpload } from '../store/reconcile.js'
import { storedEdges } from './catalog.js'
import { demandBucket, pendingUpload, whileWorkingOn } from './put/resume.js'
import { dataDirOf } from './data-dir.js'
import { withBucket } from './with-bucket.js'

export const command: Command = {
  name: 'abort',
  summary: 'give up an upload and free its parts in S3',
  usage: ['[DS@SNAP]'],
  description: [
    'Gives up the upload in progress, or that of the named snapshot if there are several. Its parts in S3 are freed: ' +
      'they cost money for as long as they are there, though no listing of the bucket shows them. Needs neither zfs nor the local snapshot.',
    'Also gives up an upload that the Python tool left in progress. Ends with status 3 if no upload is pending.',
  ],
  positionals: 1,
  options: [dataDirOption, ...bucketOptions],
  examples: [['give up the upload in progress', 'zfs2s3-abort']],
  statuses: { 3: 'no such upload is pending, or there are several and none was named' },
  async run(context) {
    const dataDir = dataDirOf(context)
    const [snapshot] = context.args.positionals
    await withBucket(context, async bucket => {
      const old = await readSeedUpload(dataDir)
      const isOld = old !== null && (snapshot === undefined || old.snapshot?.name === snapshot)
      if (isOld && (await Ledger.all(dataDir)).length === 0) return await abortSeedUpload(context, dataDir, bucket, old)
      const pending = await pendingUpload(dataDir, snapshot)
      demandBucket(pending, bucket)
      await whileWorkingOn(dataDir, pending, async ledger => {
        const edges = await storedEdges(context)
        // put may have been killed when all was done but dropping the ledger.
        const stored = new Set(edges.flatMap(edge => edge.volumes.map(({ key }) => key)))
        await abortUpload(bucket, ledger, key => stored.has(key), context.signal)
      })
    })
  },
}

async function abortSeedUpload(
  { signal }: Context,
  dataDir: string,
  bucket: Bucket,
  upload: SeedUpload,
): Promise<void> {
  const { key, uploadId } = upload
  if (uploadId !== null) {
    // Without the schedule only S3 knows what the upload is of.
    const open = key === null ? await bucket.uploads.list('', signal) : [{ key, uploadId }]
    for (const each of open.filter(({ uploadId: id }) => id === uploadId)) {
      await bucket.uploads.abort(each.key, uploadId, signal)
    }
  }
  await removeSeedUpload(dataDir)
}
