/** zfs2s3-import: puts edges into the catalog. */
import { receiveOrder } from '../chain/chain.js'
import type { Edge } from '../chain/edge.js'
import { edgeTitle, listed } from '../chain/names.js'
import { type Merged, merge, supported } from '../chain/merge.js'
import { edgeToRecord, recordToEdge } from '../chain/record.js'
import { type CatalogHome, changeCatalog } from '../catalog/home.js'
import type { Command, Context } from '../cli/command.js'
import { readRecords, writeRecord } from '../cli/ndjson.js'
import { printable } from '../cli/printable.js'
import { bucketOptions, dataDirOption } from '../cli/settings.js'
import { refused } from '../failure.js'
import { withCatalog } from './catalog/change.js'
import { withBucket } from './with-bucket.js'

export const command: Command = {
  name: 'import',
  summary: 'put edges into the catalog',
  usage: ['[--only-restorable] < EDGES'],
  description: [
    'Reads edges as zfs2s3-graph prints them, puts those into the catalog that are not there yet, and prints them. All of ' +
      'them or none: with what is in the catalog, each must be restorable. Importing the same again changes nothing.',
    'An edge whose object the catalog has already must agree with it. What is null on one side is taken from the other; ' +
      'of stored, storage_class and verified_at, which are no facts of the stream, the catalog keeps its own. Any other ' +
      'difference is shown, and nothing is imported.',
  ],
  positionals: 0,
  options: [
    { name: 'only-restorable', help: 'leave out edges whose base is neither in the catalog nor among the others' },
    dataDirOption,
    ...bucketOptions,
  ],
  examples: [
    ['the catalog is lost', 'zfs2s3-graph --from bucket | zfs2s3-import'],
    ['the catalog of another machine as well', 'ssh other zfs2s3-graph | zfs2s3-import'],
  ],
  statuses: { 3: 'refused: an edge contradicts the catalog, or could not be restored; nothing was imported' },
  async run(context) {
    const brought = await readRecords(context.stdin, recordToEdge)
    await withBucket(context, bucket => withCatalog(context, bucket, catalog => addTo(catalog, context, brought)))
  },
}

async function addTo(catalog: CatalogHome, context: Context, brought: readonly Edge[]): Promise<void> {
  let added: readonly Edge[] = []
  await changeCatalog(catalog, 'import edges', edges => {
    const merged = merge(edges, chosen(context, edges, brought))
    demandAgreement(context, merged)
    added = merged.added
    return merged.edges
  })
  for (const edge of receiveOrder(added)) await writeRecord(context.stdout, edgeToRecord(edge))
}

function chosen(context: Context, edges: readonly Edge[], brought: readonly Edge[]): readonly Edge[] {
  if (!context.args.flag('only-restorable')) return brought
  const kept = supported(edges, brought)
  const out = brought.filter(edge => !kept.includes(edge))
  if (out.length > 0) {
    const titles = printable(listed(out.map(edgeTitle)))
    context.stderr.write(`${context.name}: left out, because what they start from is not there: ${titles}\n`)
  }
  return kept
}

/** Throws status 3 where something speaks against what was brought, after all of that has been said. */
function demandAgreement({ name, stderr }: Context, { contradictions, objections }: Merged): void {
  for (const { key, field, stored, brought } of contradictions) {
    const differ = `"${field}" is ${JSON.stringify(stored)} in the catalog, but ${JSON.stringify(brought)} in the input`
    stderr.write(`${name}: '${printable(key)}': ${differ}\n`)
  }
  if (contradictions.length > 0) {
    const keys = new Set(contradictions.map(({ key }) => key)).size
    const what = keys === 1 ? '1 edge contradicts the catalog' : `${keys} edges contradict the catalog`
    throw refused(
      `${what}, so nothing was imported`,
      'zfs2s3-graph --from bucket says what S3 has; leave the wrong ones out',
    )
  }
  const [first, ...others] = objections
  if (first === undefined) return
  const more = others.length === 0 ? '' : ` (and ${others.length} more can't be imported)`
  const isBase = first.reason === 'base'
  const remedy = isBase ? 'import that as well, or leave out what lacks its base with --only-restorable' : first.remedy
  throw refused(`${first.what}${more}; nothing was imported`, remedy)
}
