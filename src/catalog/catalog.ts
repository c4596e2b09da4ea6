/** The catalog: the file that says what is stored. What it must never do is pass for empty when it isn't. */
import { join } from 'node:path'
import type { Edge } from '../chain/edge.js'
import { makeDirectory, readIfThere, replaceFile } from './files.js'
import { catalogText, parseCatalog } from './format.js'
import { withLock, type LockOptions } from './lock.js'

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

/** Replaces the catalog. Only under the lock; `changeCatalog` is what commands want. */
export async function writeCatalog(dataDir: string, edges: readonly Edge[]): Promise<void> {
  await makeDirectory(dataDir)
  await replaceFile(catalogPath(dataDir), catalogText(edges))
}

/**
 * Changes the catalog while nobody else can: reads it, and writes what `change` makes of its edges. A Failure that
 * `change` throws leaves it as it was; so does returning the very list that it was given.
 * `purpose` is what others are told who wait, such as the command line. Returns the edges as they are then.
 */
export async function changeCatalog(
  dataDir: string,
  purpose: string,
  change: (edges: readonly Edge[]) => readonly Edge[] | Promise<readonly Edge[]>,
  options: LockOptions = {},
): Promise<readonly Edge[]> {
  return withLock(
    dataDir,
    purpose,
    async () => {
      const { edges } = await readCatalog(dataDir)
      const changed = await change(edges)
      if (changed !== edges) await writeCatalog(dataDir, changed)
      return changed
    },
    options,
  )
}
