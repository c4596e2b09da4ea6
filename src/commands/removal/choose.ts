/** Which edges are meant to go, and whether they may: the question that check asks and rm acts on. */
import type { Edge } from '../../chain/edge.js'
import { edgeFinder } from '../../chain/find.js'
import { removal, removalRefused } from '../../chain/removal.js'
import { Ledger } from '../../store/ledger.js'
import type { EdgeName } from '../../chain/find.js'
import { edgeInProgress } from '../stored.js'

export interface Choice {
  /** In an order in which each may go by itself once those before it have gone. */
  readonly order: readonly Edge[]
  /** All that must stay supported: the catalog's edges, and the uploads in progress. */
  readonly all: readonly Edge[]
}

/** Throws status 3 if a name fits no edge or several, or if the edges may not all go. */
export async function chooseRemovals(
  dataDir: string,
  edges: readonly Edge[],
  names: readonly EdgeName[],
): Promise<Choice> {
  const find = edgeFinder(edges)
  return mayGo(dataDir, edges, [...new Set(names.map(find))])
}

/** The same for edges of the catalog that are at hand. */
export async function mayGo(dataDir: string, edges: readonly Edge[], chosen: readonly Edge[]): Promise<Choice> {
  const keys = new Set(edges.map(edge => edge.volumes[0].key))
  const onTheirWay = (await Ledger.all(dataDir)).map(edgeInProgress).filter(edge => !keys.has(edge.volumes[0].key))
  const all = [...edges, ...onTheirWay]
  const answer = removal(all, chosen)
  if (!answer.allowed) throw removalRefused(chosen, answer)
  return { order: answer.order, all }
}
