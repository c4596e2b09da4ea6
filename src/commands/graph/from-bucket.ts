/** The edges of a graph out of the bucket; what is no edge is said on stderr. */
import type { Edge } from '../../chain/edge.js'
import type { Context } from '../../cli/command.js'
import { printable } from '../../cli/printable.js'
import { bucketSettings } from '../../cli/settings.js'
import { type Failure, refused } from '../../failure.js'
import { edgesInBucket, usualConcurrency } from '../bucket/edges.js'
import { remarks, unread } from '../bucket/remarks.js'
import { withBucket } from '../with-bucket.js'

export interface Source {
  readonly edges: readonly Edge[]
  /** To be thrown once the edges are printed: they are not all there are. */
  readonly lack: Failure | null
}

export async function bucketSource(context: Context): Promise<Source> {
  const { args, signal, stderr } = context
  const place = bucketSettings(context)
  const concurrency = args.count('concurrency', 1) ?? usualConcurrency
  const looking = { concurrency, readPackages: args.flag('read-packages'), retryForMs: place.retryForMs, signal }
  return withBucket(context, async bucket => {
    const found = await edgesInBucket(bucket, place.prefix, looking)
    for (const line of remarks(found, bucket.name)) stderr.write(`${context.name}: ${printable(line)}\n`)
    const count = unread(found)
    const what = `${count} stored ${count === 1 ? 'stream is' : 'streams are'} not among what was printed`
    return { edges: found.edges, lack: count === 0 ? null : refused(what, 'see above') }
  })
}
