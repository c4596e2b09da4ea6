/** zfs2s3-graph: what is stored, as edges. */
import { annotate } from '../chain/annotate.js'
import { receiveOrder } from '../chain/chain.js'
import type { Edge } from '../chain/edge.js'
import { edgeToRecord } from '../chain/record.js'
import type { Command } from '../cli/command.js'
import { writeRecord } from '../cli/ndjson.js'
import { dataDirOption } from '../cli/settings.js'
import { edgesFrom, fromOption } from './graph/from.js'

export const command: Command = {
  name: 'graph',
  summary: 'print the stored streams as edges of a graph',
  usage: ['[--from WHERE]'],
  description: [
    'Prints one line of JSON for each stored stream, a base always before what needs it. Asks only the catalog, not S3.',
    'With --from - it takes edges from stdin instead, and computes as if they were all there is: that shows what would be left of ' +
      'a selection.',
    'The last fields are computed: restorable (a path from a full stream leads to it), removable (nothing that stays ' +
      'would become unrestorable without it) and dependents (how many stored streams need this one).',
  ],
  positionals: 0,
  options: [fromOption, dataDirOption],
  examples: [
    ['everything that is stored', 'zfs2s3-graph'],
    ['the names of all full streams', "zfs2s3-graph | jq -r 'select(.base == null).snapshot'"],
    // null is less than any string to jq, and what the Python tool stored has no time.
    [
      'whether all of before 2026 may go',
      'zfs2s3-graph | jq -c \'select(.created != null and .created < "2026")\' | zfs2s3-check',
    ],
  ],
  async run(context) {
    const edges = await edgesFrom(context)
    for (const record of annotatedRecords(receiveOrder(edges))) await writeRecord(context.stdout, record)
  },
}

/** The records of `edges`, each with what is computed from all of them. */
function annotatedRecords(edges: readonly Edge[]): object[] {
  const annotations = annotate(edges)
  return edges.map((edge, index) => ({ ...edgeToRecord(edge), ...annotations[index] }))
}
