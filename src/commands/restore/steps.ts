/** What a restore has to receive. */
import type { Preference } from '../../chain/cheapest.js'
import type { Edge, Snapshot } from '../../chain/edge.js'
import { plan } from '../../chain/plan.js'
import { isPackage } from '../../chain/record.js'
import { refused } from '../../failure.js'
import { decodeToken } from '../../stream/token.js'
import type { Target } from './target.js'

export interface Step {
  readonly edge: Edge
  /** Where an interrupted receive of it goes on; null for its start. */
  readonly token: string | null
}

export interface Wish {
  readonly goal: Snapshot
  readonly prefer: Preference
  /** `zfs receive -F`: what is newer than a snapshot that a stream goes onto may be destroyed. */
  readonly mayRollBack: boolean
}

/** The streams to receive in turn; none if the target has the snapshot. Throws a refusal where none lead to it there. */
export function stepsTo(edges: readonly Edge[], { goal, prefer, mayRollBack }: Wish, target: Target): Step[] {
  const { dataset, exists, own, below, token } = target
  if (own.includes(goal.guid)) return []
  if (token !== null) {
    const edge = interruptedEdge(edges, token, dataset)
    const have = [[...own, edge.snapshot.guid], ...below]
    return [{ edge, token }, ...plan(edges, goal, { have, prefer, mayRestart: false }).map(fromStart)]
  }
  if (exists && own.length === 0 && !mayRollBack) {
    throw refused(
      `${dataset} is there and has no snapshot that a stream could go onto`,
      'restore into a dataset that is not there yet, or overwrite this one with --force-rollback',
    )
  }
  const have = mayRollBack ? [...own, ...below.flat()].map(guid => [guid]) : [own, ...below]
  return plan(edges, goal, { have, prefer, mayRestart: own.length === 0 }).map(fromStart)
}

const fromStart = (edge: Edge): Step => ({ edge, token: null })

/** The edge that was being received when the token was left. */
function interruptedEdge(edges: readonly Edge[], token: string, dataset: string): Edge {
  const { toguid, fromguid, toname } = decodeToken(token)
  const edge = edges.find(
    one => one.snapshot.guid === toguid && (one.base?.guid ?? null) === fromguid && !isPackage(one),
  )
  if (edge !== undefined) return edge
  throw refused(
    `${dataset} holds a part of ${toname} (GUID ${toguid}), which is not of a stored stream that can be gone on with`,
    `finish it from where it came, or give that part up: zfs receive -A ${dataset}`,
  )
}
