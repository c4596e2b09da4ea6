/** zfs2s3 restore: receives all that leads to a snapshot. */
import type { Edge } from '../chain/edge.js'
import { snapshotFinder } from '../chain/find-snapshot.js'
import { edgeTitle } from '../chain/names.js'
import { totalBytes } from '../chain/record.js'
import { type Command, type Context, Interrupted } from '../cli/command.js'
import { write } from '../cli/ndjson.js'
import { startProgress } from '../cli/progress.js'
import { failed, usageError } from '../failure.js'
import { localSnapshots, receiveCommand } from '../zfs/zfs.js'
import { storedEdges } from './catalog.js'
import { preference } from './plan.js'
import { demandAvailable } from './restore/available.js'
import { receiveFlags, restoreOptions } from './restore/options.js'
import { receive, shellLine } from './restore/pipeline.js'
import { type Step, stepsTo } from './restore/steps.js'
import { lookAtTarget } from './restore/target.js'
import { withBucket } from './with-bucket.js'

export const command: Command = {
  name: 'restore',
  porcelain: true,
  summary: 'receive all stored streams that lead to a snapshot',
  usage: ['DS@SNAP TARGET [OPTIONS]'],
  description: [
    'Runs zfs2s3-get | zfs receive for each stream of the plan (zfs2s3-plan) in turn, until the dataset TARGET has the ' +
      'snapshot. What TARGET has already is left out, by its GUIDs, and where a receive was interrupted it goes on: run the ' +
      'same command again until it ends with 0. Before anything is received, S3 is asked whether all of it is there.',
    'Nothing is destroyed or rolled back. If TARGET has a newer snapshot than the one that a stream goes onto, or has ' +
      'changed since, zfs receive refuses that; --force-rollback lets it destroy what is newer.',
    'A package of several datasets (zfs send -R) is received below TARGET as zfs receive does it: --receive takes its ' +
      'flags, such as -d and -e.',
  ],
  positionals: 2,
  options: restoreOptions,
  examples: [
    ['into a new dataset', 'zfs2s3 restore tank/home@d pool/home'],
    ['what would be run', 'zfs2s3 restore -n tank/home@d pool/home'],
    [
      'streams that were encrypted on the way',
      "zfs2s3 restore tank/home@d pool/home --filter 'age -d -i KEY | zstd -d'",
    ],
    ['with a zfs that knows no -s', "zfs2s3 restore tank/home@d pool/home --receive '-u'"],
  ],
  statuses: {
    3: 'no stored streams lead to the snapshot in this target, or an object is not in S3',
    4: 'what S3 has is damaged, or another object than was stored',
    5: 'some of the objects are archived and have to be thawed first',
  },
  async run(context) {
    const { args, stdout, stderr } = context
    const [name, named] = args.positionals
    if (name === undefined || named === undefined) {
      throw usageError('a snapshot and a target are to be named', 'zfs2s3 restore DS@SNAP TARGET')
    }
    if (/[@#]/.test(named)) throw usageError(`'${named}' is not the name of a dataset`, 'give one like pool/home')
    const flags = receiveFlags(context)
    const prefer = preference(context)
    const edges = await storedEdges(context)
    const goal = snapshotFinder(edges)(name)
    const target = await lookAtTarget(named, goal.name, flags, edges)
    const steps = stepsTo(edges, { goal, prefer, mayRollBack: args.flag('force-rollback') }, target)
    demandFilters(context, steps)
    const receiving = receiveCommand(named, flags)
    const isNamed = nameCheck(edges)
    const lines = steps.map(step => ({ step, line: shellLine(context, step, receiving, isNamed(step.edge)) }))
    if (args.flag('dry-run')) {
      for (const { line } of lines) await write(stdout, `${line}\n`)
      return
    }
    if (steps.length > 0) await demandAll(context, steps, name)
    const aim = {
      verb: 'received',
      what: null,
      // How much a token leaves to be read is not known before.
      total: steps.some(({ token }) => token !== null) ? null : totalBytes(steps.map(({ edge }) => edge)),
      streams: steps.length,
    }
    const progress = startProgress(context, aim)
    try {
      for (const [done, { step, line }] of lines.entries()) {
        progress.streamsDone(done)
        progress.stepAside()
        if (stderr.isTTY || args.flag('verbose')) stderr.write(`${line}\n`)
        await received({ ...context, progress }, step, receiving)
      }
      progress.streamsDone(steps.length)
    } finally {
      progress.end()
    }
    const there = await localSnapshots(target.dataset)
    if (!there?.get(target.dataset)?.some(({ guid }) => guid === goal.guid)) {
      throw failed(
        `${target.dataset} has no snapshot with the GUID ${goal.guid} of ${goal.name}`,
        'see what zfs receive said',
      )
    }
  },
}

/** Streams that went through a filter come back unreadable without one. */
function demandFilters({ args }: Context, steps: readonly Step[]): void {
  if (args.text('filter') !== undefined) return
  const filtered = steps.find(({ edge }) => edge.filter !== null)?.edge
  if (filtered === undefined) return
  throw usageError(
    `${edgeTitle(filtered)} was stored through the filter: ${filtered.filter}`,
    'say with --filter what undoes it',
  )
}

async function demandAll(context: Context, steps: readonly Step[], name: string): Promise<void> {
  const base = steps[0]?.edge.base
  const have = base == null ? '' : ` --have ${base.name}`
  const edges = steps.map(({ edge }) => edge)
  const thaw = `zfs2s3-plan ${name}${have} | zfs2s3-thaw --wait`
  await withBucket(context, bucket => demandAvailable(bucket, edges, thaw, context.signal))
}

async function received(context: Context, step: Step, command: readonly string[]): Promise<void> {
  try {
    await receive(context, step, command)
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    throw new Interrupted(error.signal, `${edgeTitle(step.edge)} was not received: run the same command again to go on`)
  }
}

/** A function that says whether an edge is the only one with the names of its ends, as get finds it by them. */
function nameCheck(edges: readonly Edge[]): (edge: Edge) => boolean {
  const count = new Map<string, number>()
  // A full stream is named by its snapshot alone, which all edges to that have.
  const names = ({ snapshot, base }: Edge) => [
    snapshot.name,
    ...(base === null ? [] : [`${snapshot.name} ${base.name}`]),
  ]
  for (const name of edges.flatMap(names)) count.set(name, (count.get(name) ?? 0) + 1)
  return edge => count.get(names(edge).at(-1) ?? '') === 1
}
