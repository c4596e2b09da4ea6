/** The commands of the Python tool. They run zfs themselves and are compositions of the others. */
import { removeSeedUpload, readSeedUpload, writeSeedSchedule } from '../catalog/seed-upload.js'
import { withLock } from '../catalog/lock.js'
import type { Command, Context } from '../cli/command.js'
import { progressMode } from '../cli/progress.js'
import { bucketOptions, dataDirOption } from '../cli/settings.js'
import { restorable } from '../chain/chain.js'
import { exitStatus, Failure, refused, usageError } from '../failure.js'
import { Ledger } from '../store/ledger.js'
import { canResume, guessedLength, resumeCommand, sendCommand, snapshotGuid } from '../zfs/zfs.js'
import { storedEdges } from './catalog.js'
import { command as abort } from './abort.js'
import { command as put } from './put.js'
import { pendingUpload } from './put/resume.js'
import { command as rm, removeNamed } from './rm.js'
import { sendFlags, sendOption } from './sending.js'
import { command as size, streamLength } from './size.js'
import { argumentsToName } from '../chain/find.js'
import { dataDirOf } from './data-dir.js'
import { baseOption, namedSnapshots } from './stored.js'
import { tokenFor } from './token.js'

/** `upload DS@SNAP [-i DS@PREV]`. */
export const upload: Command = {
  ...put,
  name: 'upload',
  porcelain: true,
  summary: 'run zfs send and store what it writes',
  usage: ['DS@SNAP [-i DS@PREV] [OPTIONS]'],
  description: [
    'zfs2s3-put -- zfs send --raw [-i DS@PREV] DS@SNAP. All options of zfs2s3-put are taken as well. Once begun, an ' +
      'upload must be completed (zfs2s3 resume_upload) or given up (zfs2s3 abort_upload) before the next one.',
  ],
  options: [sendOption, ...put.options],
  examples: [['an increment', 'zfs2s3 upload tank/home@b -i tank/home@a']],
  run: async context => {
    const named = namedSnapshots(context)
    if (named === undefined) throw usageError('no snapshot is named', 'zfs2s3 upload DS@SNAP [-i DS@PREV]')
    return put.run(await sendingAll(context, named.snapshot, named.base ?? null))
  },
}

/** How put is run for a whole stream, with its length if that is to be shown. */
async function sendingAll(context: Context, snapshot: string, base: string | null): Promise<Context> {
  const flags = sendFlags(context)
  const { args } = context
  const isShown = progressMode(context) !== 'none' && args.text('size') === undefined
  const guess = isShown ? await guessedLength(snapshot, base, flags) : null
  context.signal.throwIfAborted()
  const bytes = (name: string) => (name === 'size' ? guess : null) ?? args.bytes(name)
  return sending({ ...context, args: { ...args, bytes } }, sendCommand(snapshot, base, flags))
}

/** `resume_upload`. */
export const resumeUpload: Command = {
  ...upload,
  name: 'resume_upload',
  summary: 'go on with the upload that was interrupted',
  usage: ['[DS@SNAP] [OPTIONS]'],
  description: [
    'Runs zfs send once more for the upload that is pending and goes on with it: what S3 has already is compared, and only ' +
      'what is missing is sent. zfs2s3-token spares reading the first part again.',
    'Also begins an upload that prepare_upload_schedule has prepared.',
  ],
  examples: [['after a crash', 'zfs2s3 resume_upload']],
  run: async context => {
    const dataDir = dataDirOf(context)
    const scheduled = await readSeedUpload(dataDir)
    if (scheduled?.snapshot != null && scheduled.uploadId === null && (await Ledger.all(dataDir)).length === 0) {
      const { snapshot, base } = scheduled
      try {
        await put.run(await sendingAll(context, snapshot.name, base?.name ?? null))
        await removeSeedUpload(dataDir)
      } catch (error) {
        // From here on it is an upload in progress of ours.
        if ((await Ledger.all(dataDir)).length > 0) await removeSeedUpload(dataDir)
        throw error
      }
      return
    }
    const ledger = await pendingUpload(dataDir, context.args.positionals[0])
    const { snapshot, base } = ledger.header
    const again = resuming(await sendingAll(context, snapshot.name, base?.name ?? null))
    const token = await usableToken(ledger)
    try {
      if (token !== null) return await put.run(sending(again, resumeCommand(token)))
    } catch (error) {
      // What zfs makes of the token does not continue what is stored: the whole stream can be compared with it.
      if (!(error instanceof Failure) || error.status !== exitStatus.badStream) throw error
    }
    return put.run(again)
  },
}

/** A token for what is missing, or null where the upload or this zfs can't go on from one. */
async function usableToken(ledger: Ledger): Promise<string | null> {
  const token = tokenFor(ledger)
  return typeof token === 'string' && (await canResume(token)) ? token : null
}

/** `abort_upload`. */
export const abortUpload: Command = {
  ...abort,
  name: 'abort_upload',
  porcelain: true,
  examples: [['give up the upload in progress', 'zfs2s3 abort_upload']],
}

/** `remove DS@SNAP [-i DS@PREV]`: without `-i` it means the full stream, as it always did. */
export const remove: Command = {
  ...rm,
  name: 'remove',
  porcelain: true,
  summary: 'remove one stored stream, if nothing that stays needs it',
  usage: ['DS@SNAP [-i DS@PREV]'],
  examples: [['an increment', 'zfs2s3 remove tank/home@d -i tank/home@c']],
  run: context => {
    const named = namedSnapshots(context)
    if (named === undefined) throw usageError('no snapshot is named', 'zfs2s3 remove DS@SNAP [-i DS@PREV]')
    const name = argumentsToName(named.snapshot, named.base)
    return removeNamed(context, [{ ...name, base: named.base ?? null }])
  },
}

/** `stream_size DS@SNAP [-i DS@PREV]`. */
export const streamSize: Command = { ...size, name: 'stream_size', porcelain: true }

/** `prepare_upload_schedule DS@SNAP [-i DS@PREV]`. */
export const prepareUploadSchedule: Command = {
  name: 'prepare_upload_schedule',
  porcelain: true,
  summary: 'note an upload for later, in the file of the Python tool',
  usage: ['DS@SNAP [-i DS@PREV]'],
  description: [
    'Measures the stream and writes upload_schedule.yml. resume_upload then begins the upload; so does the Python tool.',
  ],
  positionals: 1,
  options: [baseOption, sendOption, dataDirOption, ...bucketOptions],
  examples: [['note an increment', 'zfs2s3 prepare_upload_schedule tank/home@b -i tank/home@a']],
  async run(context) {
    const named = namedSnapshots(context)
    if (named === undefined) throw usageError('no snapshot is named', 'zfs2s3 prepare_upload_schedule DS@SNAP')
    const dataDir = dataDirOf(context)
    if ((await readSeedUpload(dataDir)) !== null) throw refused('an upload is scheduled already', 'see zfs2s3-pending')
    const snapshot = { name: named.snapshot, guid: await snapshotGuid(named.snapshot) }
    const base = named.base === undefined ? null : { name: named.base, guid: await snapshotGuid(named.base) }
    const edges = await storedEdges(context)
    if (base !== null && !restorable(edges).has(base.guid))
      throw refused(`${base.name} is not stored`, 'store it first')
    const size = await streamLength(sendCommand(snapshot.name, base?.name ?? null, sendFlags(context)), context.signal)
    await withLock(dataDir, 'schedule an upload', () => writeSeedSchedule(dataDir, snapshot, base, size))
  },
}

const sending = (context: Context, command: readonly string[]): Context => ({
  ...context,
  args: { ...context.args, command },
})

const resuming = (context: Context): Context => {
  const { args } = context
  return { ...context, args: { ...args, flag: name => name === 'resume' || args.flag(name) } }
}
