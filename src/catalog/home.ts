/**
 * Where the catalog is kept, so that commands need not know: they read, claim and change it in the same way whichever home
 * it has. The one here is a file of this machine.
 */
import type { Edge } from '../chain/edge.js'
import { type Catalog, readCatalog, writeCatalog } from './catalog.js'
import { withLock, type LockOptions } from './lock.js'

/**
 * What a change makes of the catalog's edges. It is given those that are there now, and may be called again on newer ones
 * if somebody else was faster: every rule that the change rests on is checked in it. What it throws leaves the catalog
 * as it was; so does returning the very list that it was given.
 */
export type Change = (edges: readonly Edge[]) => readonly Edge[] | Promise<readonly Edge[]>

/** The catalog while no other command of this machine can claim it. */
export interface Claim {
  /** The edges as they are now. */
  read(): Promise<readonly Edge[]>
  /** Asks whether another machine has changed it since; if not, gives the very list that was read or made last. */
  readAgain(): Promise<readonly Edge[]>
  /** Changes the catalog; gives the edges as they are then. A `Change` sees that very list again if nobody else came between. */
  change(change: Change): Promise<readonly Edge[]>
}

export interface CatalogHome {
  /** The edges as they are now. Only if there is no catalog there are none; throws a Failure where it can't be read. */
  read(): Promise<readonly Edge[]>
  /**
   * Does `work` while no other command of this machine can change the catalog, begin an upload or finish a removal.
   * `purpose` is what others are told who wait.
   */
  claim<T>(purpose: string, work: (claim: Claim) => Promise<T>): Promise<T>
}

/** One change under a claim of its own; gives the edges as they are then. */
export const changeCatalog = (home: CatalogHome, purpose: string, change: Change): Promise<readonly Edge[]> =>
  home.claim(purpose, claim => claim.change(change))

export interface LocalOptions extends LockOptions {
  /** Called before a catalog is written where there was none. */
  readonly beforeFirst?: () => Promise<void>
  /** Called after each change, when it is on disk. */
  readonly onChange?: () => void
}

/** The catalog in the data directory. */
export function localCatalog(dataDir: string, { beforeFirst, onChange, ...options }: LocalOptions = {}): CatalogHome {
  const claimed = (): Claim => {
    // Nobody else changes it under the lock.
    let now: Pick<Catalog, 'exists' | 'edges'> | undefined
    const catalog = async () => (now ??= await readCatalog(dataDir))
    const read = async () => (await catalog()).edges
    return {
      read,
      readAgain: read,
      change: async change => {
        const { exists, edges } = await catalog()
        const changed = await change(edges)
        if (changed === edges) return edges
        if (!exists) await beforeFirst?.()
        await writeCatalog(dataDir, changed)
        onChange?.()
        now = { exists: true, edges: changed }
        return changed
      },
    }
  }
  return {
    read: async () => (await readCatalog(dataDir)).edges,
    claim: (purpose, work) => withLock(dataDir, purpose, () => work(claimed()), options),
  }
}
