/** zfs2s3-plan: what to receive, in which order, to have a snapshot. */
import { restorable } from '../chain/chain.js'
import type { Edge } from '../chain/edge.js'
import { isGuid } from '../chain/guid.js'
import { plan, type Preference } from '../chain/plan.js'
import { edgeToRecord } from '../chain/record.js'
import { readCatalog } from '../catalog/catalog.js'
import type { Command, Context } from '../cli/command.js'
import { writeRecord } from '../cli/ndjson.js'
import { dataDirOption } from '../cli/settings.js'
import { refused, usageError } from '../failure.js'
import { dataDirOf } from './stored.js'

export const command: Command = {
  name: 'plan',
  summary: 'say what to receive, in which order, to have a snapshot',
  usage: ['DS@SNAP [--have DS@X]... [--prefer bytes|links]'],
  description: [
    'Prints the stored streams that lead to the snapshot with the fewest bytes, choosing among bypasses and full streams, ' +
      'in the order in which to receive them. DS@SNAP may also be a GUID. Asks only the catalog, not S3.',
    'With --have it plans from what the target has already; --have - reads that from stdin, as zfs list -Hp -t snapshot ' +
      '-o name,guid prints it, and goes by the GUIDs. zfs receive takes an increment only onto the newest snapshot of the ' +
      'target, so give no older ones.',
  ],
  positionals: 1,
  options: [
    {
      name: 'have',
      value: 'DS@X',
      repeats: true,
      help: 'a snapshot that the target has, by name or GUID; - reads a list',
    },
    { name: 'prefer', value: 'WHAT', help: 'fewest bytes, or fewest links (streams); default bytes' },
    dataDirOption,
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
    const { edges } = await readCatalog(dataDirOf(context))
    const have = new Set<string>()
    for (const word of args.list('have')) {
      for (const guid of word === '-' ? await listedGuids(context) : [guidOf(edges, word)]) have.add(guid)
    }
    for (const edge of plan(edges, guidOf(edges, target), have, preference(context))) {
      await writeRecord(stdout, edgeToRecord(edge))
    }
  },
}

function preference({ args }: Context): Preference {
  const word = args.text('prefer') ?? 'bytes'
  if (word === 'bytes' || word === 'links') return word
  throw usageError(`--prefer is '${word}'`, 'give bytes or links')
}

/** The GUID of a snapshot that stored streams bring or need, by its name; a GUID stays what it is. */
function guidOf(edges: readonly Edge[], word: string): string {
  const isNumber: boolean = isGuid(word)
  if (isNumber) return word
  const known = edges.flatMap(edge => [...edge.provides, ...edge.needs]).filter(({ name }) => name === word)
  const guids = new Set(known.map(({ guid }) => guid))
  const [guid] = guids
  if (guid === undefined) throw refused(`${word} is not stored`, 'see zfs2s3-graph for what is')
  if (guids.size === 1) return guid
  const there = restorable(edges)
  const candidates = [...guids].map(each => `${each}${there.has(each) ? '' : ' (not restorable)'}`).join(', ')
  throw refused(`${word} is the name of several snapshots: GUIDs ${candidates}`, 'give the GUID instead')
}

/** The GUIDs in what `zfs list -Hp -t snapshot -o name,guid` has printed. */
async function listedGuids({ stdin }: Context): Promise<string[]> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  const lines = Buffer.concat(chunks).toString().split('\n')
  return lines
    .filter(line => line !== '')
    .map((line, index) => {
      const guid = line.split('\t')[1]
      const isNumber: boolean = isGuid(guid)
      if (isNumber && guid !== undefined) return guid
      throw usageError(`line ${index + 1} of the input has no GUID`, 'zfs list -Hp -t snapshot -o name,guid')
    })
}
