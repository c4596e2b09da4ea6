/** Policies and dated edges for tests of retention. */
import type { Edge } from '#src/chain/edge.js'
import type { Policy } from '#src/chain/policy.js'
import { utc } from '#src/chain/period.js'
import { edge } from './notation.js'

const nothing: Policy = {
  last: 0,
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  within: null,
  names: [],
  offsetOf: utc,
}

/** A policy that asks for no more than this. */
export const policy = (asked: Partial<Policy>): Policy => ({ ...nothing, ...asked })

/** A policy that keeps these snapshots and nothing by time. */
export const only = (...labels: string[]): Policy => policy({ names: labels })

/** Edges in the notation with their lengths behind them: `a>b 3`; 1 without one. `?` isn't known. All of one day. */
export const sized = (...texts: string[]): Edge[] =>
  texts.map((each, index) => {
    const [what = '', bytes = '1'] = each.split(' ')
    return withBytes(edge(what), bytes === '?' ? null : Number(bytes), index)
  })

/** The edge with a length, a time, and a key that no edge with another index has. */
export const withBytes = (made: Edge, bytes: number | null, index: number): Edge => ({
  ...made,
  created: '2026-01-01T00:00:00Z',
  volumes: [{ key: `${index} ${made.volumes[0].key}`, bytes, sha256: null, etag: null }],
})
