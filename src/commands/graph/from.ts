/** Where the edges of a graph come from. Everything that is printed of them is then the same, wherever that is. */
import type { Edge } from '../../chain/edge.js'
import { recordToEdge } from '../../chain/record.js'
import type { Context, Option } from '../../cli/command.js'
import { readRecords } from '../../cli/ndjson.js'
import { usageError } from '../../failure.js'
import { storedEdges } from '../catalog.js'

export const fromOption: Option = {
  name: 'from',
  value: 'WHERE',
  help: 'where the edges come from: catalog (default), or - for stdin',
}

/** The edges that `--from` says. */
export async function edgesFrom(context: Context): Promise<readonly Edge[]> {
  const where = context.args.text(fromOption.name) ?? 'catalog'
  if (where === 'catalog') return storedEdges(context)
  if (where === '-') return distinct(await readRecords(context.stdin, recordToEdge))
  throw usageError(`--from is '${where}'`, 'give catalog, or - for edges on stdin')
}

/** One edge an object: of two selections together, what is in both is still one stream, and not two that replace each other. */
const distinct = (edges: readonly Edge[]): Edge[] => [
  ...new Map(edges.map(edge => [edge.volumes[0].key, edge])).values(),
]
