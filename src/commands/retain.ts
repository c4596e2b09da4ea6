/** zfs2s3-retain: what a retention policy lets go, and what to store so that it lets more go. */
import type { Edge } from '../chain/edge.js'
import { fieldsOf } from '../chain/fields.js'
import { edgeTitle, listed } from '../chain/names.js'
import { recordToEdge } from '../chain/record.js'
import { knownBytes, retain, type Retention } from '../chain/retain.js'
import type { Command, Context } from '../cli/command.js'
import { readRecords, writeRecord, writeRecords } from '../cli/ndjson.js'
import { humanBytes } from '../cli/amounts.js'
import { usageError } from '../failure.js'
import { bypassOptions, policyOf, policyOptions } from './retain/options.js'

export const command: Command = {
  name: 'retain',
  summary: 'say which stored streams a retention policy lets go',
  usage: [
    '--keep-last N|--keep-daily N|... [--utc] [--max-links N] [--explain] < EDGES',
    '--keep-... --bypasses [--local] [--max-links N] [--filter COMMAND] [--shell] < EDGES',
  ],
  description: [
    "Reads what zfs2s3-graph prints, decides for each dataset which snapshots to keep, as restic's forget does with the same " +
      'options, and prints the edges that can go while every kept snapshot stays restorable: as many bytes of them as it ' +
      'can find. They are for zfs2s3-check and zfs2s3-rm. Changes nothing, and asks neither S3 nor a clock.',
    'Counted are the hours, days, ISO weeks, months and years in which a snapshot was taken, in the local time zone. Of each ' +
      'the newest snapshot is kept, for the newest N of them that have one; the oldest snapshot of all is kept too while ' +
      'there are fewer. A snapshot is kept if any option keeps it, or if it is not known when it was taken. N may be ' +
      'unlimited. A stream package (zfs send -R, -I) is judged by the snapshot that it is named after.',
    'An increment stays while a kept snapshot needs it. With --bypasses it prints instead which new streams would free the ' +
      'most: the fewest after which only kept snapshots, and what their chains begin with, need to stay. Each line has ' +
      'the command that makes and stores one, with the flags that the chain was sent with; --shell prints only those. After ' +
      'they have been run, the same policy lets go what they go round, if they are not longer than that.',
    'With --max-links N, what keeps a chain within N streams stays, and --bypasses proposes what would shorten longer ones.',
  ],
  positionals: 0,
  options: [...policyOptions, ...bypassOptions],
  examples: [
    [
      'a week of days, a quarter of weeks, a year of months',
      'zfs2s3-graph | zfs2s3-retain --keep-daily 7 --keep-weekly 13 --keep-monthly 12 | zfs2s3-check | zfs2s3-rm',
    ],
    ['why each stays or goes', "zfs2s3-graph | zfs2s3-retain --keep-daily 7 --explain | jq -c '[.key, .goes, .keep]'"],
    [
      'store the bypasses that let more go, of snapshots that are still there',
      'zfs2s3-graph | zfs2s3-retain --keep-daily 7 --bypasses --local --shell | sh -e',
    ],
  ],
  async run(context) {
    const policy = policyOf(context.args)
    const maxLinks = context.args.count('max-links', 1) ?? Infinity
    const inputs = await readEdges(context)
    const edges = [...inputs.values()].map(({ edge }) => edge)
    const retention = retain(edges, policy, maxLinks)
    if (context.args.flag('bypasses')) {
      const { printBypasses } = await import('./retain/bypasses.js')
      return printBypasses(context, retention, maxLinks)
    }
    sayWhatStays(context, retention)
    if (context.args.flag('explain')) return explain(context, inputs.values(), retention)
    const goes = retention.goes.flatMap(edge => inputs.get(edge.volumes[0].key)?.record ?? [])
    await writeRecords(context.stdout, goes, context.signal)
  },
}

/** An edge, and its record as it came in, which is passed on with all its fields. */
interface Input {
  readonly edge: Edge
  readonly record: object
}

/** By key: the same edge twice is one. */
async function readEdges({ stdin }: Context): Promise<ReadonlyMap<string, Input>> {
  if (stdin.isTTY) throw usageError('stdin is a terminal', 'zfs2s3-graph | zfs2s3-retain ...')
  const read = (value: unknown): Input => ({ edge: recordToEdge(value), record: fieldsOf(value, 'the edge') })
  const inputs = await readRecords(stdin, read)
  return new Map(inputs.map(input => [input.edge.volumes[0].key, input]))
}

/** What stays though the policy doesn't say so, on stderr. */
function sayWhatStays({ name, stderr }: Context, { undated, held, unsupported }: Retention): void {
  const say = (what: string): void => void stderr.write(`${name}: ${what}\n`)
  if (undated.length > 0) {
    const names = listed(undated.map(each => each.name))
    say(`kept because it is not known when they were taken: ${counted(undated.length, 'snapshot')} (${names})`)
  }
  if (held.size > 0) {
    const size = humanBytes(knownBytes(held.keys()))
    say(`held only because kept snapshots need them: ${counted(held.size, 'stream')}, ${size}: see --bypasses`)
  }
  if (unsupported.length > 0) {
    const names = listed(unsupported.map(edgeTitle))
    say(`left alone because what they need is missing: ${counted(unsupported.length, 'stream')} (${names})`)
  }
}

const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`

/** Every edge as it came in, with why its snapshot is kept, whom it is held for, and whether it can go. */
async function explain({ stdout }: Context, inputs: Iterable<Input>, retention: Retention): Promise<void> {
  const goes = new Set(retention.goes)
  for (const { edge, record } of inputs) {
    const keep = retention.kept.get(edge.snapshot.guid) ?? []
    const heldFor = retention.held.get(edge)?.name ?? null
    await writeRecord(stdout, { ...record, keep, held_for: heldFor, goes: goes.has(edge) })
  }
}
