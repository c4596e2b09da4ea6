/** The catalog that a command works with. Commands read and change it through this file, wherever it is kept. */
import { type CatalogHome, localCatalog } from '../catalog/home.js'
import type { Edge } from '../chain/edge.js'
import type { Context } from '../cli/command.js'
import type { Bucket } from '../store/s3.js'
import { dataDirOf } from './stored.js'

/** What is stored, for a command that changes nothing. */
export const storedEdges = (context: Context): Promise<readonly Edge[]> => localCatalog(dataDirOf(context)).read()

/** Does `work` with the catalog, which it may change. */
export const withCatalog = <T>(
  context: Context,
  _bucket: Bucket,
  work: (catalog: CatalogHome) => Promise<T>,
): Promise<T> => work(localCatalog(dataDirOf(context)))
