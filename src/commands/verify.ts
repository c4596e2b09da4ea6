/** zfs2s3-verify: reads stored streams back and checks all that can be checked without ZFS. */
import type { CatalogHome } from '../catalog/home.js'
import type { Edge } from '../chain/edge.js'
import { edgeFinder } from '../chain/find.js'
import { edgeTitle } from '../chain/names.js'
import { storedBytes, totalBytes } from '../chain/record.js'
import type { Command, Context } from '../cli/command.js'
import { writeRecord } from '../cli/ndjson.js'
import { progressOption, startProgress } from '../cli/progress.js'
import type { Aim } from '../cli/progress/show.js'
import { transferOptions, transferSettings, dataDirOption } from '../cli/settings.js'
import { failed, refused, usageError } from '../failure.js'
import type { Bucket } from '../store/s3.js'
import { inOrder } from '../store/window.js'
import { storedEdges } from './catalog.js'
import { withCatalog } from './catalog/change.js'
import { concurrencyOption, rangesAtATime } from './get/options.js'
import { decompressOption, undoing } from './get/undo.js'
import { baseOption, namedEdges } from './stored.js'
import { edgesToRead, type Budget, readBudget } from './verify/choose.js'
import { VerifiedNotes } from './verify/notes.js'
import { lookUp, type Outcome, outcomeRecord } from './verify/outcome.js'
import { readBack, type Reading } from './verify/read-back.js'
import { withBucket } from './with-bucket.js'

export const command: Command = {
  name: 'verify',
  summary: 'read stored streams back and check everything',
  usage: ['DS@SNAP [--base DS@PREV] [OPTIONS]', '[OPTIONS] < EDGES'],
  description: [
    'Reads streams back from S3 and checks size, checksums, every record, names and GUIDs against the catalog, and whether ' +
      'each still fits what it goes onto. Needs no zfs. Prints one line for each: result is ok, damaged, missing, archived (it ' +
      'has to be thawed before it can be read, which is no error) or unreadable (S3 would not give it); why says more; ' +
      'checked is what has been looked at.',
    'A stream that was stored through a filter or compressed is compared with its checksum (checked: hash). With --filter or ' +
      '--decompress its records are read as well (checked: records).',
    'When a stream was last found good is noted in the catalog (verified_at). With --sample or --max-bytes only a part is ' +
      'read, that which has not been verified for the longest time: run it every night, and all is read in turn.',
  ],
  positionals: 1,
  options: [
    baseOption,
    { name: 'quick', help: 'read nothing, compare sizes and the checksums that S3 keeps' },
    { name: 'sample', value: 'PERCENT', help: 'only so many of the streams, as in 5%' },
    { name: 'max-bytes', value: 'SIZE', help: 'read so many bytes at most' },
    { name: 'filter', value: 'PIPELINE', help: 'send what was stored through this shell pipeline, as for zfs2s3-get' },
    decompressOption,
    concurrencyOption,
    progressOption,
    dataDirOption,
    ...transferOptions,
  ],
  examples: [
    ['one stream', 'zfs2s3-verify tank/home@a'],
    ['every night a part, all in turn', 'zfs2s3-graph | zfs2s3-verify --max-bytes 50G > verify.ndjson'],
    ['what is not well', 'zfs2s3-graph | zfs2s3-verify --quick | jq -c \'select(.result != "ok")\''],
  ],
  statuses: {
    1: 'something could not be read, and nothing was found damaged',
    3: 'something is damaged or missing, or it is not stored',
  },
  async run(context) {
    const { args, signal } = context
    const undo = undoing(context)
    const budget = readBudget(args)
    if (args.flag('quick') && (budget !== null || undo.filter !== undefined || undo.decompress)) {
      throw usageError('--quick reads nothing', 'leave out --sample, --max-bytes, --filter and --decompress')
    }
    const place = transferSettings(context)
    const reading = { ...undo, concurrency: rangesAtATime(context), retryForMs: place.retryForMs, signal }
    const names = await namedEdges(context)
    const edges = await storedEdges(context)
    const chosen = names.map(edgeFinder(edges))
    const check = async (bucket: Bucket) => {
      const tally = new Tally()
      if (args.flag('quick')) await verifyQuickly(context, bucket, chosen, tally)
      else {
        const work = (catalog: CatalogHome) => {
          const notes = new VerifiedNotes(catalog)
          return verifyFully(context, bucket, notes, edges, edgesToRead(chosen, budget), budget, reading, tally)
        }
        // Whoever may only read should be able to verify.
        await withCatalog(context, bucket, work, { mayLag: true })
      }
      tally.demandGood(bucket.name)
    }
    await withBucket(context, check, place)
  },
}

/** How many objects --quick asks about at a time. */
const inFlight = 32

async function verifyQuickly({ stdout, signal }: Context, bucket: Bucket, edges: readonly Edge[], tally: Tally) {
  const look = async (edge: Edge, either: AbortSignal) => ({ edge, outcome: await lookUp(bucket, edge, either) })
  for await (const { edge, outcome } of inOrder(edges, inFlight, signal, look)) {
    tally.add(outcome)
    await writeRecord(stdout, outcomeRecord(edge, outcome), signal)
  }
}

async function verifyFully(
  context: Context,
  bucket: Bucket,
  notes: VerifiedNotes,
  all: readonly Edge[],
  chosen: readonly Edge[],
  budget: Budget | null,
  reading: Reading,
  tally: Tally,
) {
  const most = budget?.bytes ?? Infinity
  const tooLong = chosen.find(edge => (storedBytes(edge) ?? 0) > most)
  if (tooLong !== undefined) {
    const what = `'${tooLong.volumes[0].key}' is longer than --max-bytes`
    context.stderr.write(`${context.name}: ${what}: it is never read unless you give more\n`)
  }
  const progress = startProgress(context, aimOf(chosen, most))
  const onBytes = (bytes: number) => progress.add(bytes)
  let left = most
  try {
    for (const [done, edge] of chosen.entries()) {
      progress.streamsDone(done)
      if ((storedBytes(edge) ?? 0) > left) continue
      const looked = await lookUp(bucket, edge, context.signal)
      if (looked.bytes > left) continue
      const isThere = looked.result === 'ok'
      const outcome = isThere ? await readBack(bucket, edge, looked, all, { ...reading, onBytes }) : looked
      left -= outcome.bytesRead
      tally.add(outcome)
      await notes.add(edge, outcome)
      progress.stepAside()
      await writeRecord(context.stdout, outcomeRecord(edge, outcome), context.signal)
    }
    progress.streamsDone(chosen.length)
  } finally {
    progress.end()
    // What was found good stays so, whatever ends this.
    await notes.flush()
  }
}

/** How much there is to read: no more than the limit, and unknown where the size of a stream is. */
function aimOf(chosen: readonly Edge[], most: number): Aim {
  const [only] = chosen.length === 1 ? chosen : []
  const all = totalBytes(chosen)
  const total = all === null ? null : Math.min(all, most)
  return { verb: 'verified', what: only === undefined ? null : edgeTitle(only), total, streams: chosen.length }
}

/** Counts what was found, for the status. */
class Tally {
  #all = 0
  readonly #bad: Record<'damaged' | 'missing' | 'unreadable', number> = { damaged: 0, missing: 0, unreadable: 0 }

  add({ result }: Outcome): void {
    this.#all += 1
    if (result !== 'ok' && result !== 'archived') this.#bad[result] += 1
  }

  /** Throws status 3 for what is damaged or missing, else 1 for what could not be read. */
  demandGood(bucket: string): void {
    const { damaged, missing, unreadable } = this.#bad
    const of = `of ${this.#all} ${this.#all === 1 ? 'stream' : 'streams'}`
    if (damaged + missing > 0) {
      const counts = [...(damaged > 0 ? [`${damaged} damaged`] : []), ...(missing > 0 ? [`${missing} missing`] : [])]
      throw refused(
        `${of} in bucket ${bucket}: ${counts.join(', ')}`,
        'store a bypass of what is lost while its snapshots are still there (zfs send -i)',
      )
    }
    if (unreadable > 0)
      throw failed(`${of} in bucket ${bucket}: ${unreadable} could not be read`, 'see why in its line')
  }
}
