/** The catalog's object in the bucket: the truth of several machines, or the copy of one machine's catalog. */
import { parseCatalog } from '../../catalog/format.js'
import type { CatalogHome } from '../../catalog/home.js'
import type { RemoteFile } from '../../catalog/remote.js'
import { sharedCatalog } from '../../catalog/shared.js'
import type { Edge } from '../../chain/edge.js'
import { catalogKey, probeKey } from '../../chain/names.js'
import type { Context } from '../../cli/command.js'
import { bucketSettings } from '../../cli/settings.js'
import { refused } from '../../failure.js'
import type { Bucket } from '../../store/s3.js'
import { dataDirOf } from '../data-dir.js'
import { withBucket } from '../with-bucket.js'

/** What is stored, as the catalog that several machines share says. */
export async function sharedEdges(context: Context): Promise<readonly Edge[]> {
  return withBucket(context, bucket => sharedHome(context, remoteFile(context, bucket)).read())
}

/** What the catalog in the bucket lists, whoever's it is. Throws status 3 if there is none. */
export async function copiedEdges(context: Context): Promise<readonly Edge[]> {
  return withBucket(context, async bucket => {
    const file = remoteFile(context, bucket)
    const there = await file.read()
    if (there !== null) return parseCatalog(there.text, file.title)
    throw refused(
      `there is no catalog ${file.title}`,
      'are ZFS2S3_BUCKET and ZFS2S3_PREFIX right? zfs2s3-graph --from bucket asks the objects themselves',
    )
  })
}

/** Where the catalog is whose truth is `file`. */
export const sharedHome = (context: Context, file: RemoteFile): CatalogHome =>
  sharedCatalog(dataDirOf(context), file, new Date().toISOString().slice(0, 10))

export function remoteFile(context: Context, bucket: Bucket): RemoteFile {
  const { prefix, retryForMs } = bucketSettings(context)
  return bucket.document(catalogKey(prefix), probeKey(prefix), { retryForMs, signal: context.signal })
}
