/** zfs2s3-plan: what to receive, in which order, to have a snapshot. */
import type { Preference } from '../chain/cheapest.js'
import { snapshotFinder } from '../chain/find-snapshot.js'
import { isGuid } from '../chain/guid.js'
import { plan } from '../chain/plan.js'
import { edgeToRecord } from '../chain/record.js'
import type { Command, Context, Option } from '../cli/command.js'
import { writeRecords } from '../cli/ndjson.js'
import { bucketOptions, dataDirOption } from '../cli/settings.js'
import { usageError } from '../failure.js'
import { storedEdges } from './catalog.js'

export const preferOption: Option = {
  name: 'prefer',
  value: 'WHAT',
  choices: ['bytes', 'links'],
  help: 'fewest bytes, or fewest links (streams); default bytes',
}

export const command: Command = {
  name: 'plan',
  summary: 'say what to receive, in which order, to have a snapshot',
  usage: ['DS@SNAP [--have DS@X]... [--prefer bytes|links]'],
  description: [
    'Prints the stored streams that lead to the snapshot with the fewest bytes, choosing among bypasses and full streams, ' +
      'in the order in which to receive them. DS@SNAP may also be a GUID. A length that is not on record (what the Python ' +
      'tool stored) counts as nothing. Asks only the catalog, not S3.',
    'With --have it plans from what the target has already; --have - reads that from stdin, as zfs list -Hp -t snapshot ' +
      '-o name,guid prints it, and goes by the GUIDs. zfs receive takes an increment only onto the newest snapshot of a ' +
      'dataset: of such a list the last one of each dataset counts, and of single --haves give no older ones. Where nothing ' +
      'leads on from there, the plan is one from nothing, into a new dataset.',
  ],
  positionals: 1,
  options: [
    {
      name: 'have',
      value: 'DS@X',
      repeats: true,
      help: 'a snapshot that the target has, by name or GUID; - reads a list',
    },
    preferOption,
    dataDirOption,
    ...bucketOptions,
  ],
  examples: [
    ['what a restore from nothing takes', 'zfs2s3-plan tank/home@d'],
    [
      'the pipelines of a restore',
      `zfs2s3-plan tank/home@d | jq -r '"zfs2s3-get \\(.snapshot)\\(if .base then " --base " + .base else "" end) | zfs receive -u pool/home"'`,
    ],
  ],
  statuses: { 3: 'no stored streams lead there' },
  async run(context) {
    const { args, stdout } = context
    const [target] = args.positionals
    if (target === undefined) throw usageError('no snapshot is named', 'zfs2s3-plan DS@SNAP')
    const prefer = preference(context)
    const edges = await storedEdges(context)
    const find = snapshotFinder(edges)
    const goal = find(target)
    const have: string[][] = []
    for (const word of args.list('have')) {
      have.push(...(word === '-' ? await listedGuids(context) : [[find(word).guid]]))
    }
    const path = plan(edges, goal, { have, prefer, mayRestart: true })
    await writeRecords(stdout, path.map(edgeToRecord), context.signal)
  },
}

/** What `--prefer` says. */
export const preference = ({ args }: Pick<Context, 'args'>): Preference =>
  args.text('prefer') === 'links' ? 'links' : 'bytes'

/** The GUIDs in what `zfs list -Hp -t snapshot -o name,guid` prints, by dataset, oldest first as they come. */
async function listedGuids({ stdin }: Context): Promise<string[][]> {
  if (stdin.isTTY) throw usageError('stdin is a terminal', 'zfs list -Hp -t snapshot -o name,guid | zfs2s3-plan ...')
  const chunks: Uint8Array[] = []
  for await (const chunk of stdin as AsyncIterable<Uint8Array>) chunks.push(chunk)
  const datasets = new Map<string, string[]>()
  for (const [index, line] of Buffer.concat(chunks).toString().trimEnd().split('\n').entries()) {
    if (line === '') continue
    const [name = '', guid] = line.split('\t')
    if (!isGuid(guid)) {
      throw usageError(`line ${index + 1} of the input has no GUID`, 'zfs list -Hp -t snapshot -o name,guid')
    }
    const [dataset = ''] = name.split('@')
    datasets.set(dataset, [...(datasets.get(dataset) ?? []), guid])
  }
  return [...datasets.values()]
}
