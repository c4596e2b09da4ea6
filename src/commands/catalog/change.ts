/**
 * Changing the catalog that a command works with, in a file of this machine with a copy in the bucket, or in the bucket
 * alone. Commands change it through this file only, wherever it is kept.
 */
import { forgetCopy, updateCopy } from '../../catalog/copy.js'
import { type CatalogHome, localCatalog } from '../../catalog/home.js'
import { demandOwn } from '../../catalog/own.js'
import type { Context } from '../../cli/command.js'
import { bucketSettings, catalogPlace } from '../../cli/settings.js'
import { Failure } from '../../failure.js'
import { isForbidden } from '../../store/errors.js'
import type { Bucket } from '../../store/s3.js'
import { dataDirOf } from '../data-dir.js'
import { remoteFile, sharedHome } from './in-bucket.js'

/**
 * Does `work` with the catalog, which it may change. However that ends, the copy in the bucket is then brought up to date with
 * what was changed; only an interrupted command leaves that to the next change. Throws a Failure where that is all that
 * went wrong: the change itself is done.
 * @param mayLag whether a machine that may not write the copy leaves that to others
 */
export async function withCatalog<T>(
  context: Context,
  bucket: Bucket,
  work: (catalog: CatalogHome) => Promise<T>,
  { mayLag = false } = {},
): Promise<T> {
  const dataDir = dataDirOf(context)
  const file = remoteFile(context, bucket)
  if (catalogPlace(context) === 'bucket') return work(sharedHome(context, file))
  await demandOwn(dataDir)
  let changed = false
  const catalog = localCatalog(dataDir, {
    beforeFirst: () => forgetCopy(dataDir, file, copyWait(context)),
    onChange: () => (changed = true),
  })
  const copy = async () => {
    if (!changed || context.signal.aborted) return
    await updateCopy(dataDir, file, copyWait(context)).catch((error: unknown) => {
      if (!mayLag || !isForbidden(error)) throw error
    })
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
export const copyWait = (context: Context) => ({ waitMs: bucketSettings(context).retryForMs + 10_000 })

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
