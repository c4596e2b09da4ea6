/** Where the edges of a graph come from. Everything that is printed of them is then the same, wherever that is. */
import type { Edge } from '../../chain/edge.js'
import { recordToEdge } from '../../chain/record.js'
import type { Context, Option } from '../../cli/command.js'
import { readRecords } from '../../cli/ndjson.js'
import { bucketOptions, dataDirOption } from '../../cli/settings.js'
import { usageError } from '../../failure.js'
import { storedEdges } from '../catalog.js'
import type { Source } from './from-bucket.js'

const fromOption: Option = {
  name: 'from',
  value: 'WHERE',
  help: 'where the edges come from: catalog (default), copy for the copy of it in the bucket, bucket for the objects themselves, or - for stdin',
}

export const fromOptions: readonly Option[] = [
  fromOption,
  {
    name: 'concurrency',
    value: 'N',
    help: 'with --from bucket, how many objects are asked about at a time (default 64)',
  },
  { name: 'read-packages', help: 'with --from bucket, read stream packages as a whole, to know what they bring' },
  dataDirOption,
  ...bucketOptions,
]

/** What `--from` says. */
export async function edgesFrom(context: Context): Promise<Source> {
  const { args } = context
  const where = args.text(fromOption.name) ?? 'catalog'
  // Loaded here, as from the copy: what asks only the catalog shouldn't take time for the S3 side.
  if (where === 'bucket') return (await import('./from-bucket.js')).bucketSource(context)
  if (args.text('concurrency') !== undefined || args.flag('read-packages')) {
    throw usageError('--concurrency and --read-packages are for --from bucket', 'leave them out')
  }
  if (where === 'catalog') return { edges: await storedEdges(context), lack: null }
  if (where === 'copy')
    return { edges: await (await import('../catalog/in-bucket.js')).copiedEdges(context), lack: null }
  if (where === '-') return { edges: distinct(await readRecords(context.stdin, recordToEdge)), lack: null }
  throw usageError(`--from is '${where}'`, 'give catalog, copy, bucket, or - for edges on stdin')
}

/** One edge an object: of two selections together, what is in both is still one stream, and not two that replace each other. */
const distinct = (edges: readonly Edge[]): Edge[] => [
  ...new Map(edges.map(edge => [edge.volumes[0].key, edge])).values(),
]
