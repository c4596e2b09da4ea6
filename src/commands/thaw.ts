/** zfs2s3-thaw: asks S3 to make archived objects readable for a while. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Edge } from '../chain/edge.js'
import { edgeFinder } from '../chain/find.js'
import { edgeToRecord } from '../chain/record.js'
import type { Command, Context } from '../cli/command.js'
import { writeRecord } from '../cli/ndjson.js'
import { type Progress, progressOption, startProgress } from '../cli/progress.js'
import { bucketOptions, dataDirOption } from '../cli/settings.js'
import { notYet, usageError } from '../failure.js'
import { type ArchiveState, type Tier, tiers } from '../store/archive.js'
import type { Bucket } from '../store/s3.js'
import { inOrder } from '../store/window.js'
import { storedEdges } from './catalog.js'
import { lookAtEdge, thawEdge } from './thaw/edges.js'
import { baseOption, namedEdges } from './stored.js'
import { withBucket } from './with-bucket.js'

export const command: Command = {
  name: 'thaw',
  summary: 'ask S3 to make archived streams readable',
  usage: ['DS@SNAP [--base DS@PREV] [OPTIONS]', '[OPTIONS] < EDGES'],
  description: [
    'Objects in GLACIER, DEEP_ARCHIVE and the archive tiers of INTELLIGENT_TIERING have to be thawed before they can be read, ' +
      'which takes minutes to two days. Asks S3 for all of them at once, and prints each edge with its state: online (it ' +
      'can be read at any time), archived, thawing, or ready (it can be read until ready_until).',
    'What was asked for before is not asked for again, so it may be run as often as you like: it ends with status 5 while ' +
      'something is not ready. With --wait it waits, and prints each edge once it and all before it are ready.',
  ],
  positionals: 1,
  options: [
    baseOption,
    {
      name: 'tier',
      value: 'TIER',
      suggests: tiers,
      help: 'Standard, Bulk (slow and cheap) or Expedited (default Standard)',
    },
    { name: 'days', value: 'N', help: 'how long it shall stay readable (default 7)' },
    { name: 'dry-run', short: 'n', help: 'ask for nothing, print the states' },
    { name: 'wait', help: 'wait until all are ready' },
    { name: 'poll', value: 'TIME', help: 'with --wait, the longest pause between two looks (default 15m)' },
    progressOption,
    dataDirOption,
    ...bucketOptions,
  ],
  examples: [
    ['one stream', 'zfs2s3-thaw tank/home@a --tier Bulk'],
    ['all that a restore needs', 'zfs2s3-plan tank/home@d | zfs2s3-thaw --wait'],
    ['what is archived', 'zfs2s3-graph | zfs2s3-thaw -n | jq -r \'select(.state == "archived").key\''],
  ],
  statuses: { 3: 'it is not stored, or its object is not in S3', 5: 'something is not ready yet' },
  async run(context) {
    const names = await namedEdges(context)
    const request = requested(context)
    const edges = await storedEdges(context)
    const chosen = names.map(edgeFinder(edges))
    const aim = { what: null, total: null, streams: chosen.length }
    const progress = context.args.flag('wait') ? startProgress(context, aim) : null
    try {
      const waiting = await withBucket(context, bucket => askForAll(context, bucket, chosen, request, progress))
      if (waiting.length > 0) throw notReady(waiting.length, chosen.length, context.args.flag('dry-run'))
    } finally {
      progress?.end()
    }
  },
}

export interface ThawRequest {
  readonly tier: Tier
  readonly days: number
}

/** How many objects are asked about or for at a time. */
const inFlight = 32
/** First pause between two looks, in milliseconds; it doubles. Expedited retrievals take one to five minutes. */
const firstPauseMs = 30_000

function requested({ args }: Context): ThawRequest {
  const name = args.text('tier') ?? 'Standard'
  const tier = tiers.find(each => each.toLowerCase() === name.toLowerCase())
  if (tier === undefined) throw usageError(`there is no tier '${name}'`, `use one of ${tiers.join(', ')}`)
  if (args.flag('wait') && args.flag('dry-run')) throw usageError('--wait and --dry-run are given', 'choose one')
  if (args.text('poll') !== undefined && !args.flag('wait')) throw usageError('--poll is given without --wait')
  return { tier, days: args.count('days', 1) ?? 7 }
}

/** Asks for all at once and prints their states; gives those that are not ready. With --wait there are none in the end. */
async function askForAll(
  context: Context,
  bucket: Bucket,
  edges: readonly Edge[],
  request: ThawRequest,
  progress: Progress | null,
): Promise<readonly Edge[]> {
  const { args, stdout, signal } = context
  const ask = (edge: Edge, either: AbortSignal) =>
    args.flag('dry-run') ? lookAtEdge(bucket, edge, either) : thawEdge(bucket, edge, request, either)
  const wait = args.flag('wait')
  const longest = args.milliseconds('poll') ?? 15 * 60_000
  let left = edges
  for (let pause = Math.min(firstPauseMs, longest); ; pause = Math.min(2 * pause, longest)) {
    const waiting: Edge[] = []
    let done = edges.length - left.length
    const asked = inOrder(left, inFlight, signal, async (edge, either) => ({ edge, archive: await ask(edge, either) }))
    for await (const { edge, archive } of asked) {
      const ready = isReady(archive)
      // With --wait a restore may follow: what comes out first must be what can be received first.
      if (!wait || (ready && waiting.length === 0)) {
        progress?.stepAside()
        await writeRecord(stdout, stateRecord(edge, archive), signal)
      }
      if (ready) done += 1
      if (!ready || (wait && waiting.length > 0)) waiting.push(edge)
    }
    progress?.streamsDone(done)
    if (!wait || waiting.length === 0) return waiting
    left = waiting
    await sleep(pause, undefined, { signal })
  }
}

const isReady = ({ state }: ArchiveState): boolean => state === 'online' || state === 'ready'

const stateRecord = (edge: Edge, { state, readyUntil }: ArchiveState): object => ({
  ...edgeToRecord(edge),
  state,
  ready_until: readyUntil,
})

const notReady = (waiting: number, all: number, dryRun: boolean) =>
  notYet(
    `${waiting} of ${all} ${all === 1 ? 'stream is' : 'streams are'} not ready`,
    dryRun ? 'ask for them without --dry-run' : 'run it again later, or with --wait',
  )
