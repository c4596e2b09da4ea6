/** The catalog: the file that says what is stored. What it must never do is pass for empty when it isn't. */
import { join } from 'node:path'
import type { Edge } from '../chain/edge.js'
import { makeDirectory, readIfThere, replaceFile } from './files.js'
import { catalogText, parseCatalog } from './format.js'

export interface Catalog {
  readonly path: string
  /** False where there is none yet: it then has no edges. */
  readonly exists: boolean
  readonly edges: readonly Edge[]
}

/** The catalog file of a data directory; its name is the Python tool's. */
export const catalogPath = (dataDir: string): string => join(dataDir, 'stored_snapshots.yml')

/**
 * Reads the catalog. Only if there is none is it empty; throws a Failure where it can't be read or makes no sense, and
 * changes nothing then. Needs no lock: the file is only ever replaced as a whole.
 */
export async function readCatalog(dataDir: string): Promise<Catalog> {
  const path = catalogPath(dataDir)
  const text = await readIfThere(path)
  if (text === null) return { path, exists: false, edges: [] }
  return { path, exists: true, edges: await parseCatalog(text, path) }
}

/** Replaces the catalog. Only under the lock: catalog/home.ts is what commands want. */
export async function writeCatalog(dataDir: string, edges: readonly Edge[]): Promise<void> {
  await makeDirectory(dataDir)
  await replaceFile(catalogPath(dataDir), catalogText(edges))
}
