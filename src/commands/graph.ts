/** zfs2s3-graph: what is stored, as edges. */
import { annotate, type Annotation } from '../chain/annotate.js'
import { receiveOrder } from '../chain/chain.js'
import { edgeToRecord } from '../chain/record.js'
import type { Edge } from '../chain/edge.js'
import type { Command, Option } from '../cli/command.js'
import { write, writeRecords } from '../cli/ndjson.js'
import { usageError } from '../failure.js'
import type { PictureName } from './graph/pictures.js'
import { edgesFrom, fromOptions } from './graph/from.js'

/** What the graph can be drawn as. */
const pictures: readonly (Option & { readonly name: PictureName })[] = [
  { name: 'tree', help: 'draw it for the terminal' },
  { name: 'svg', help: 'draw it as a picture for a browser' },
  { name: 'dot', help: 'write it in the language of Graphviz' },
]

export const command: Command = {
  name: 'graph',
  summary: 'print the stored streams as edges of a graph',
  usage: ['[--tree | --svg | --dot] [--from catalog|bucket|-] [OPTIONS]'],
  description: [
    'Prints one line of JSON for each stored stream, a base always before what needs it. Asks only the catalog, not S3, ' +
      'unless --from bucket is given.',
    'With --from - it takes edges from stdin instead, and computes as if they were all there is: that shows what would be left of ' +
      'a selection.',
    'The last fields are computed: restorable (a path from a full stream leads to it), removable (nothing that stays ' +
      'would become unrestorable without it) and dependents (how many stored streams need this one).',
    '--from bucket needs no catalog: it lists the bucket and asks S3 what each object says of itself. Objects without ' +
      'metadata, which are those of the Python tool, are named by their keys, and their GUIDs are read from the start of ' +
      'their streams. What is no edge is said on stderr; if some of that is a stream that zfs2s3 has stored, the status is 3.',
    '--tree, --svg and --dot draw the chains of each dataset instead, a row for each stream, oldest first. A chain goes straight ' +
      'down: what a stream starts from is just above it on its line, or is named. A bypass is a row above the snapshot that ' +
      'it leads to, and a rail beside the chain shows from where. Sizes are of what is stored; the day is that of the snapshot, UTC.',
    '--tree is as wide as the terminal (COLUMNS; 80 without one): what is on the right is left out first. It has colours only on ' +
      'a terminal, and none if NO_COLOR is set; where the locale is not UTF-8 it is drawn in ASCII.',
  ],
  positionals: 0,
  options: [...pictures, ...fromOptions],
  examples: [
    ['everything that is stored', 'zfs2s3-graph'],
    ['a lost catalog, put together again', 'zfs2s3-graph --from bucket | zfs2s3-import'],
    ['what hangs on what', 'zfs2s3-graph --tree'],
    [
      'only one dataset',
      'zfs2s3-graph | jq -c \'select(.snapshot | startswith("tank/home@"))\' | zfs2s3-graph --from - --tree',
    ],
    ['a picture for a browser', 'zfs2s3-graph --svg > backups.svg'],
    ['the names of all full streams', "zfs2s3-graph | jq -r 'select(.base == null).snapshot'"],
    // null is less than any string to jq, and what the Python tool stored has no time.
    [
      'whether all of before 2026 may go',
      'zfs2s3-graph | jq -c \'select(.created != null and .created < "2026")\' | zfs2s3-check',
    ],
  ],
  statuses: { 3: 'with --from bucket: something that zfs2s3 has stored is not among what was printed' },
  async run(context) {
    const { args, stdout } = context
    const [picture, ...others] = pictures.filter(({ name }) => args.flag(name))
    if (others.length > 0)
      throw usageError(`--${picture?.name} and --${others[0]?.name} are two different pictures`, 'give one')
    const source = await edgesFrom(context)
    const edges = receiveOrder(source.edges)
    const annotations = annotate(edges)
    if (picture === undefined) {
      await writeRecords(stdout, annotatedRecords(edges, annotations), context.signal)
    } else {
      // Loaded here: records should come in about the time that Node itself needs.
      const { linesOf } = await import('./graph/pictures.js')
      for (const line of linesOf[picture.name](edges, annotations, context))
        await write(stdout, `${line}\n`, context.signal)
    }
    if (source.lack !== null) throw source.lack
  },
}

function* annotatedRecords(edges: readonly Edge[], annotations: readonly Annotation[]) {
  for (const [index, edge] of edges.entries()) yield { ...edgeToRecord(edge), ...annotations[index] }
}
