/** zfs2s3-check: may these edges be removed? */
import { edgeToRecord } from '../chain/record.js'
import type { Command } from '../cli/command.js'
import { writeRecords } from '../cli/ndjson.js'
import { bucketOptions, dataDirOption } from '../cli/settings.js'
import { storedEdges } from './catalog.js'
import { chooseRemovals } from './removal/choose.js'
import { dataDirOf } from './data-dir.js'
import { baseOption, namedEdges } from './stored.js'

export const command: Command = {
  name: 'check',
  summary: 'ask whether stored streams may be removed',
  usage: ['DS@SNAP [--base DS@PREV]', '< EDGES'],
  description: [
    'Takes one edge by name, or many as lines of JSON on stdin, and judges them together: they may go if every snapshot ' +
      'that is not one of them stays restorable.',
    'If they may, prints them in an order in which each single removal is safe. If not, prints nothing, says which ' +
      'snapshots would be abandoned, and ends with status 3. Changes nothing and asks only the catalog.',
  ],
  positionals: 1,
  options: [baseOption, dataDirOption, ...bucketOptions],
  examples: [
    ['one edge', 'zfs2s3-check tank/home@c --base @b'],
    ['all of January at once', 'zfs2s3-graph | jq -c \'select(.snapshot | contains("@2026-01-"))\' | zfs2s3-check'],
  ],
  statuses: { 3: 'no: a snapshot would be abandoned, or a name fits no edge or several' },
  async run(context) {
    const names = await namedEdges(context)
    const dataDir = dataDirOf(context)
    const edges = await storedEdges(context)
    const { order } = await chooseRemovals(dataDir, edges, names)
    await writeRecords(context.stdout, order.map(edgeToRecord), context.signal)
  },
}
