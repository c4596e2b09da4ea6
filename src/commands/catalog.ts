/**
 * The catalog that a command works with: in a file of this machine with a copy in the bucket, or in the bucket alone. Commands
 * read and change it through this file only, wherever it is kept.
 */
import { updateCopy } from '../catalog/copy.js'
import { type CatalogHome, localCatalog } from '../catalog/home.js'
import { parseCatalog } from '../catalog/format.js'
import type { RemoteFile } from '../catalog/remote.js'
import { demandOwn, sharedCatalog } from '../catalog/shared.js'
import type { Edge } from '../chain/edge.js'
import { catalogKey, probeKey } from '../chain/names.js'
import type { Context } from '../cli/command.js'
import { bucketSettings, catalogPlace } from '../cli/settings.js'
import { Failure, refused } from '../failure.js'
import { Bucket } from '../store/s3.js'
import { dataDirOf } from './stored.js'

/** What is stored, for a command that changes nothing. Asks S3 only if the catalog is there. */
export async function storedEdges(context: Context): Promise<readonly Edge[]> {
  const dataDir = dataDirOf(context)
  if (catalogPlace(context) === 'bucket') {
    return withBucket(context, bucket => sharedCatalog(dataDir, remoteFile(context, bucket), today()).read())
  }
  await demandOwn(dataDir)
  return localCatalog(dataDir).read()
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

/**
 * Does `work` with the catalog, which it may change. However that ends, the copy in the bucket is then brought up to date with
 * what was changed; only an interrupted command leaves that to the next change. Throws a Failure where that is all that
 * went wrong: the change itself is done.
 */
export async function withCatalog<T>(
  context: Context,
  bucket: Bucket,
  work: (catalog: CatalogHome) => Promise<T>,
): Promise<T> {
  const dataDir = dataDirOf(context)
  const file = remoteFile(context, bucket)
  if (catalogPlace(context) === 'bucket') return work(sharedCatalog(dataDir, file, today()))
  await demandOwn(dataDir)
  let changed = false
  const catalog = localCatalog(dataDir, { onChange: () => (changed = true) })
  const copy = async () => {
    if (changed && !context.signal.aborted) await updateCopy(dataDir, file, { waitMs: copyWaitMs(context) })
  }
  let result: T
  try {
    result = await work(catalog)
  } catch (error) {
    await copy().catch((also: unknown) => warn(context, also))
    throw error
  }
  await copy().catch((error: unknown) => {
    throw onlyTheCopy(error)
  })
  return result
}

/** Who copies at the same time may try for as long as S3 may be out of reach. */
const copyWaitMs = (context: Context): number => bucketSettings(context).retryForMs + 10_000

/** The failure of a command that has done all else. */
function onlyTheCopy(error: unknown): unknown {
  if (!(error instanceof Failure)) return error
  const what = `this is done, but the catalog's copy in the bucket is not up to date: ${error.message}`
  const remedy = error.remedy === undefined ? '' : `${error.remedy}; `
  return new Failure(error.status, what, `${remedy}the next change brings it up to date`, error)
}

/** Something else has gone wrong already, and is what the command ends with. */
function warn(context: Context, error: unknown): void {
  if (!(error instanceof Failure)) throw error
  context.stderr.write(`${context.name}: the catalog's copy in the bucket is not up to date: ${error.message}\n`)
}

function remoteFile(context: Context, bucket: Bucket): RemoteFile {
  const { prefix, retryForMs } = bucketSettings(context)
  return bucket.document(catalogKey(prefix), probeKey(prefix), { retryForMs, signal: context.signal })
}

async function withBucket<T>(context: Context, work: (bucket: Bucket) => Promise<T>): Promise<T> {
  const bucket = await Bucket.open(bucketSettings(context))
  try {
    return await work(bucket)
  } finally {
    bucket.close()
  }
}

const today = (): string => new Date().toISOString().slice(0, 10)
