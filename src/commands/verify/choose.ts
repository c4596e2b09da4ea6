/** Which edges a verification with a limit takes: those that have not been verified for the longest time. */
import type { Edge } from '../../chain/edge.js'
import type { Arguments } from '../../cli/arguments.js'
import { usageError } from '../../failure.js'

export interface Budget {
  /** How much of all edges, from 0 to 1. */
  readonly share: number
  /** How many bytes may be read. */
  readonly bytes: number
}

/** Null where there is no limit. Throws a usage error for a percentage that is none. */
export function readBudget(args: Arguments): Budget | null {
  const sample = args.text('sample')
  const bytes = args.bytes('max-bytes')
  if (sample === undefined && bytes === undefined) return null
  const percent = sample === undefined ? 100 : Number(/^(\d+(?:\.\d+)?)%?$/.exec(sample)?.[1] ?? NaN)
  if (!(percent > 0 && percent <= 100)) throw usageError(`--sample is '${sample ?? ''}'`, 'give a percentage like 5%')
  return { share: percent / 100, bytes: bytes ?? Infinity }
}

/** The edges in the order in which they are to be read: as they came without a budget, else the longest unverified first. */
export function edgesToRead(edges: readonly Edge[], budget: Budget | null): readonly Edge[] {
  if (budget === null) return edges
  // What was stored was checked then. Where that isn't known, it is the Python tool's, which checked nothing.
  const since = ({ verifiedAt, stored }: Edge) => verifiedAt ?? stored ?? ''
  const oldestFirst = [...edges].sort((one, other) =>
    since(one) < since(other) ? -1 : since(one) > since(other) ? 1 : 0,
  )
  return oldestFirst.slice(0, Math.ceil(edges.length * budget.share))
}
