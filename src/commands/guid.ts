/** zfs2s3-guid: what identifies a snapshot. */
import type { Command } from '../cli/command.js'
import { write } from '../cli/ndjson.js'
import { usageError } from '../failure.js'
import { snapshotGuid } from '../zfs/zfs.js'

export const command: Command = {
  name: 'guid',
  summary: 'print the GUID of a snapshot of this machine',
  usage: ['DS@SNAP'],
  description: ['Asks zfs for the GUID, which stays the same when a snapshot is renamed, sent and received.'],
  positionals: 1,
  options: [],
  examples: [['the GUID of a snapshot', 'zfs2s3-guid tank/home@monday']],
  async run({ args, stdout }) {
    const [snapshot] = args.positionals
    if (snapshot === undefined) throw usageError('no snapshot is named', 'zfs2s3-guid DS@SNAP')
    await write(stdout, `${await snapshotGuid(snapshot)}\n`)
  },
}
