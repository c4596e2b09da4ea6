/**
 * Where the catalog is kept, so that commands need not know: they read, claim and change it in the same way whichever home
 * it has. The one here is a file of this machine.
 */
import type { Edge } from '../chain/edge.js'
import { readCatalog, writeCatalog } from './catalog.js'
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
  /** Called after each change, when it is on disk. */
  readonly onChange?: () => void
}

/** The catalog in the data directory. */
export function localCatalog(dataDir: string, { onChange, ...options }: LocalOptions = {}): CatalogHome {
  const read = async () => (await readCatalog(dataDir)).edges
  const claimed = (): Claim => {
    // Nobody else changes it under the lock.
    let now: readonly Edge[] | undefined
    const readOnce = async () => (now ??= await read())
    return {
      read: readOnce,
      readAgain: readOnce,
      change: async change => {
        const edges = await readOnce()
        const changed = await change(edges)
        if (changed === edges) return edges
        await writeCatalog(dataDir, changed)
        onChange?.()
        return (now = changed)
      },
    }
  }
  return { read, claim: (purpose, work) => withLock(dataDir, purpose, () => work(claimed()), options) }
}
