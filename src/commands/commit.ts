/** zfs2s3-commit: the last step of an upload that was held back. */
import { edgeToRecord } from '../chain/record.js'
import type { Command } from '../cli/command.js'
import { writeRecord } from '../cli/ndjson.js'
import { bucketOptions, bucketSettings, dataDirOption } from '../cli/settings.js'
import { refused } from '../failure.js'
import { reconcile } from '../store/reconcile.js'
import { withCatalog } from './catalog/change.js'
import { finishUpload } from './put/finish.js'
import { demandBucket, pendingUpload, whileWorkingOn } from './put/resume.js'
import { dataDirOf } from './data-dir.js'
import { withBucket } from './with-bucket.js'

export const command: Command = {
  name: 'commit',
  summary: 'finish an upload that was held',
  usage: ['[DS@SNAP]'],
  description: [
    'Stores what zfs2s3-put --hold has uploaded. Run it only if every stage of the pipeline has succeeded: with set -o ' +
      'pipefail, behind &&. A stream that put could not look into is checked by nothing else.',
  ],
  positionals: 1,
  options: [dataDirOption, ...bucketOptions],
  examples: [
    [
      'an encrypted stream that put cannot look into',
      'set -o pipefail; zfs send tank/home@a | age -r age1... | zfs2s3-put tank/home@a --hold && zfs2s3-commit tank/home@a',
    ],
  ],
  statuses: { 3: 'no such upload is held, or a rule refuses it' },
  async run(context) {
    const { signal, stdout } = context
    const dataDir = dataDirOf(context)
    await withBucket(context, async bucket => {
      const { retryForMs } = bucketSettings(context)
      const pending = await pendingUpload(dataDir, context.args.positionals[0])
      demandBucket(pending, bucket)
      await whileWorkingOn(dataDir, pending, async ledger => {
        await reconcile(bucket, ledger, signal)
        const { end, header } = ledger
        if (end === undefined || ledger.contiguous().length < end.parts) {
          throw refused(`the upload of ${header.snapshot.name} is not complete`, 'go on with zfs2s3-put --resume')
        }
        await withCatalog(context, bucket, async catalog => {
          const edge = await finishUpload(catalog, bucket, ledger, end, { retryForMs, signal })
          await writeRecord(stdout, edgeToRecord(edge))
        })
      })
    })
  },
}
