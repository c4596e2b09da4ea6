/** zfs2s3-put: stores one stream. The steps, in an order that survives a crash: docs/design.md, The order of steps. */
import { restorable } from '../chain/chain.js'
import { type Edge, rfc3339 } from '../chain/edge.js'
import { edgeTitle } from '../chain/names.js'
import { edgeToRecord } from '../chain/record.js'
import type { CatalogHome } from '../catalog/home.js'
import type { Command, Context } from '../cli/command.js'
import { writeRecord } from '../cli/ndjson.js'
import { counted, startProgress } from '../cli/progress.js'
import { type BucketSettings, transferSettings } from '../cli/settings.js'
import { badStream, refused } from '../failure.js'
import type { Ledger } from '../store/ledger.js'
import type { Bucket } from '../store/s3.js'
import type { StoredPart } from '../store/uploads.js'
import { reconcile } from '../store/reconcile.js'
import type { Begin } from '../stream/begin.js'
import { withCatalog } from './catalog/change.js'
import { claimUpload, misfitOf } from './put/claim.js'
import { type Asked, describeStream } from './put/describe.js'
import { endNote, finishUpload } from './put/finish.js'
import { demandObjectLock } from './put/lock.js'
import { leavePending } from './put/leave.js'
import { type Head, readHead } from './put/look.js'
import { objectMetadata } from './put/metadata.js'
import { options, type PutOptions, putOptions } from './put/options.js'
import { demandBucket, demandSameStream, pendingUpload, whileWorkingOn } from './put/resume.js'
import { openSource, type Source } from './put/source.js'
import { transferStream } from './put/transfer.js'
import { snapshotGuid } from '../zfs/zfs.js'
import { finishRemovals } from './removal/leftover.js'
import { hopeless } from './verdict.js'
import { dataDirOf } from './data-dir.js'
import { withBucket } from './with-bucket.js'

export const command: Command = {
  name: 'put',
  summary: 'store a zfs send stream in S3',
  usage: ['[DS@SNAP [--base DS@PREV]] [OPTIONS] < STREAM', '[DS@SNAP [--base DS@PREV]] [OPTIONS] -- zfs send ...'],
  description: [
    'Reads a stream from stdin, in one pass and with constant memory, and stores it as an edge from its base to its ' +
      'snapshot. Names may be left out, because the stream says them; given, they must agree with it.',
    'It is stored only if every checksum in it holds and its end is there, if its base is stored and fits, and if no ' +
      'object of its key exists. Until then nothing can be seen in S3. With a command behind --, that is run instead of ' +
      'reading stdin, and must end with status 0.',
    'A compressed stream (zstd, gzip, xz, lz4) is looked into. For one that cannot be, let put run the encryption itself ' +
      '(--filter), or hold the upload back until the whole pipeline has succeeded (--hold and zfs2s3-commit), or store it ' +
      'unchecked (--opaque).',
    'An upload that was interrupted is left pending: zfs2s3-pending lists it, --resume goes on with it, zfs2s3-abort ' +
      'gives it up. Another one is refused until then.',
  ],
  positionals: 1,
  takesCommand: true,
  options,
  examples: [
    ['a full stream', 'zfs send -w tank/home@a | zfs2s3-put'],
    ['an increment', 'zfs send -w -i @a tank/home@b | zfs2s3-put tank/home@b --base @a'],
    [
      'compressed and encrypted on the way',
      "zfs send -i @a tank/home@b | zfs2s3-put --filter 'zstd -T0 | age -r age1...'",
    ],
    ['locked for a month, with all that it needs', 'zfs send -w -i @a tank/home@b | zfs2s3-put --lock-days 30'],
    ['so that the exit status of zfs send counts too', 'zfs2s3-put -- zfs send -w tank/home@a'],
  ],
  statuses: {
    3: 'refused: its base is not stored or does not fit, it is stored already, another upload is pending',
    4: 'the stream is truncated, damaged or not what it was said to be; nothing was stored',
  },
  async run(context) {
    const wanted = putOptions(context)
    const place = transferSettings(context)
    const source = openSource(context, wanted)
    try {
      const store = (bucket: Bucket) =>
        withCatalog(context, bucket, async catalog => {
          const edge = await put({ context, wanted, place, source, bucket, catalog, dataDir: dataDirOf(context) })
          if (edge !== null) await writeRecord(context.stdout, edgeToRecord(edge))
        })
      await withBucket(context, store, place)
    } finally {
      await source.close()
    }
  },
}

/** What one call works with from its first step to its last. */
interface Call {
  readonly context: Context
  readonly wanted: PutOptions
  readonly place: BucketSettings
  readonly source: Source
  readonly bucket: Bucket
  readonly catalog: CatalogHome
  readonly dataDir: string
}

/** What there is to send. */
interface Job {
  /** Null where the stream has passed already, and only completing is left. */
  readonly head: Head | null
  readonly inS3: ReadonlyMap<number, StoredPart>
}

/** Stores what comes from the source; gives the new edge, or null where the upload is held. */
async function put(call: Call): Promise<Edge | null> {
  const { context, wanted, bucket, catalog, dataDir } = call
  await finishRemovals(catalog, dataDir, bucket, context.signal)
  if (!wanted.resume) {
    const { ledger, head } = await begin(call)
    const job = { head, inS3: new Map<number, StoredPart>() }
    return whileWorkingOn(dataDir, ledger, now => work(call, now, job))
  }
  const pending = await pendingUpload(dataDir, wanted.asked.snapshot)
  demandBucket(pending, bucket)
  return whileWorkingOn(dataDir, pending, async now => work(call, now, await goOn(call, now)))
}

/** Sends what is to be sent and finishes, or leaves the upload pending. */
async function work(call: Call, ledger: Ledger, { head, inS3 }: Job): Promise<Edge | null> {
  const { context, wanted, bucket, catalog } = call
  try {
    if (head !== null) await send(call, ledger, { head, inS3 })
    const { end } = ledger
    if (end === undefined) throw new Error('a stream has passed, but its end was not noted')
    if (!end.held) return await finishUpload(catalog, bucket, ledger, end, patienceOf(call))
    await ledger.close()
    return null
  } catch (error) {
    throw await leavePending(error, bucket, ledger, context.signal, wanted.resume)
  }
}

async function begin({ context, wanted, place, source, bucket, catalog, dataDir }: Call) {
  const { signal } = context
  const head = await readHead(source.chunks, wanted.hold || wanted.opaque)
  if (head.begin?.resume != null) {
    throw badStream('this stream begins in the middle (zfs send -t)', 'use --resume to go on with a pending upload')
  }
  if (wanted.lock !== undefined) await demandObjectLock(bucket, signal)
  const asked = head.begin === null ? await withGuids(wanted.asked) : wanted.asked
  const edges = await catalog.read()
  const described = describeStream(asked, head, edges, place.prefix)
  const header = {
    started: rfc3339(new Date()),
    bucket: bucket.name,
    ...described,
    ...wanted.geometry,
    storageClass: wanted.storageClass,
    sse: wanted.sse,
    sseKmsKeyId: wanted.sseKmsKeyId,
    lock: wanted.lock,
    filter: wanted.filter,
    held: wanted.hold,
    check: head.check,
    begin: head.begin,
    metadata: objectMetadata({ ...head, ...wanted, described }),
  }
  const ledger = await claimUpload(catalog, dataDir, header, head.inner, wanted)
  try {
    await demandNoObject(bucket, described.key, signal)
  } catch (error) {
    throw await leavePending(error, bucket, ledger, signal, false)
  }
  return { ledger, head }
}

async function goOn({ context, wanted, source, bucket }: Call, ledger: Ledger): Promise<Job> {
  const inS3 = await reconcile(bucket, ledger, context.signal)
  if (ledger.end !== undefined && ledger.contiguous().length >= ledger.end.parts) return { head: null, inS3 }
  const head = await readHead(source.chunks, ledger.header.check === 'none')
  demandSameStream(ledger, head, wanted)
  return { head, inS3 }
}

async function send(call: Call, ledger: Ledger, job: Job & { readonly head: Head }) {
  const { wanted, source, bucket, catalog } = call
  const edges = await catalog.read()
  const guard = chainGuard(edges, wanted.allowFlagChange)
  const { progress, chunks, onPart } = follow(call, ledger, job.head)
  try {
    const { concurrency } = wanted
    const rest = { head: { ...job.head, chunks }, guard, concurrency, onPart, ...patienceOf(call) }
    const passed = await transferStream({ ...job, ledger, bucket, source, ...rest })
    await ledger.note(endNote(ledger, passed, wanted.hold || ledger.header.held, edges))
  } finally {
    progress.end()
  }
}

/** How far it is: in bytes of the stream itself, so that its size tells how much is left. */
function follow({ context, wanted }: Call, ledger: Ledger, head: Head) {
  const { filter } = ledger.header
  const there = head.begin?.resume == null ? null : ledger.resumable()
  const before = { bytes: there?.bytes ?? 0, parts: there?.part ?? 0 }
  const aim = {
    verb: filter === null ? 'stored' : 'read',
    what: edgeTitle(ledger.header),
    total: wanted.size,
    streams: 1,
  }
  const progress = startProgress(context, aim, before)
  if (filter === null) return { progress, chunks: head.chunks, onPart: (bytes: number) => progress.add(bytes, 1) }
  return { progress, chunks: counted(head.chunks, progress), onPart: () => progress.add(0, 1) }
}

/** How long S3 may be out of reach. */
const patienceOf = ({ place, context }: Call) => ({ retryForMs: place.retryForMs, signal: context.signal })

/** Asks `zfs` for GUIDs that neither the stream nor the user says. */
async function withGuids(asked: Asked): Promise<Asked> {
  if (asked.snapshot === undefined || asked.guid !== undefined) return asked
  return { ...asked, guid: await snapshotGuid(asked.snapshot) }
}

/** Asked before anything is sent; completing asks once more. */
async function demandNoObject(bucket: Bucket, key: string, signal: AbortSignal): Promise<void> {
  if ((await bucket.head(key, signal)) === null) return
  throw refused(
    `there is already an object '${key}' in bucket ${bucket.name}, and it is never overwritten`,
    'it is not in the catalog: see what it is, or use another ZFS2S3_PREFIX',
  )
}

/** Throws status 3 for a BEGIN record that doesn't fit what is stored, or what the same package has brought before it. */
function chainGuard(edges: readonly Edge[], allowFlagChange: boolean): (begin: Begin) => void {
  const there = new Set(restorable(edges))
  return begin => {
    if (begin.compound) return
    if (begin.fromguid !== null && !there.has(begin.fromguid)) {
      const what = `the base of ${begin.toname} (GUID ${begin.fromguid}) is not stored`
      throw hopeless(refused(what, 'store it first, or a full stream'))
    }
    const misfit = misfitOf(edges, begin, allowFlagChange)
    if (misfit !== null) throw hopeless(misfit)
    there.add(begin.toguid)
  }
}
