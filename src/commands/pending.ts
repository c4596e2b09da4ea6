/** zfs2s3-pending: uploads in progress. */
import { readSeedUpload, type SeedUpload } from '../catalog/seed-upload.js'
import type { Command } from '../cli/command.js'
import { writeRecord } from '../cli/ndjson.js'
import { shellQuoted } from '../cli/shell.js'
import { dataDirOption } from '../cli/settings.js'
import { Ledger } from '../store/ledger.js'
import { dataDirOf } from './data-dir.js'
import { tokenFor } from './token.js'

export const command: Command = {
  name: 'pending',
  summary: 'list uploads in progress',
  usage: ['[--data-dir DIR]'],
  description: [
    'Prints one line of JSON for each upload that was begun and neither finished nor given up: what it is, how many ' +
      'bytes and parts are safe in S3, since when, how to go on, and how to give it up. Asks only the ledgers, not S3.',
    "An upload that the Python tool left in progress is listed too (its 'tool' is 'python').",
  ],
  positionals: 0,
  options: [dataDirOption],
  examples: [['what is in progress', 'zfs2s3-pending']],
  async run(context) {
    const dataDir = dataDirOf(context)
    for (const ledger of await Ledger.all(dataDir)) await writeRecord(context.stdout, uploadRecord(ledger))
    const old = await readSeedUpload(dataDir)
    if (old !== null) await writeRecord(context.stdout, seedRecord(old))
  },
}

function uploadRecord(ledger: Ledger): object {
  const { header, end } = ledger
  const { snapshot, base, key, bucket, started, filter } = header
  const state = end === undefined ? 'uploading' : end.held ? 'held' : 'completing'
  const withFilter = filter === null ? '' : ` --filter ${shellQuoted(filter)}`
  const byToken = typeof tokenFor(ledger) === 'string'
  const sending = byToken ? `zfs send -t "$(zfs2s3-token ${shellQuoted(snapshot.name)})"` : 'zfs send ...'
  const goOn = {
    uploading: `${sending} | zfs2s3-put --resume${withFilter} ${shellQuoted(snapshot.name)}`,
    held: `zfs2s3-commit ${shellQuoted(snapshot.name)}`,
    completing: `zfs2s3-put --resume${withFilter} ${shellQuoted(snapshot.name)} </dev/null`,
  }
  return {
    snapshot: snapshot.name,
    guid: snapshot.guid,
    base: base?.name ?? null,
    base_guid: base?.guid ?? null,
    key,
    bucket,
    filter,
    state,
    started,
    bytes: ledger.safeBytes,
    parts: ledger.parts.size,
    tool: 'zfs2s3',
    go_on: goOn[state],
    give_up: `zfs2s3-abort ${shellQuoted(snapshot.name)}`,
  }
}

/** The Python tool's upload: its ETags say how many parts there are, its layout how long they are. */
function seedRecord(upload: SeedUpload): object {
  const { snapshot, base, chunksDone, chunkSize, size } = upload
  return {
    snapshot: snapshot?.name ?? null,
    guid: snapshot?.guid ?? null,
    base: base?.name ?? null,
    base_guid: base?.guid ?? null,
    key: upload.key,
    bucket: null,
    filter: null,
    state: upload.uploadId === null ? 'scheduled' : 'uploading',
    started: null,
    bytes: chunkSize === null || size === null ? null : Math.min(size, chunksDone * chunkSize),
    parts: chunksDone,
    tool: 'python',
    go_on: null,
    give_up: 'zfs2s3-abort',
  }
}
