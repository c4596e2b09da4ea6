/**
 * The chain guard: would `zfs receive` take the new stream on top of what is stored (docs/stream-format.md, What must fit in a
 * chain)? It would say no only months later, at the restore, so this is asked before a byte is uploaded.
 */
import { refused, type Failure } from '../failure.js'
import type { Edge, Snapshot } from './edge.js'
import { edgeTitle } from './names.js'

/** What the BEGIN record of an arriving stream says, or one of a package's inner streams. */
export interface ArrivingStream {
  readonly snapshot: Snapshot
  /** GUID of its base; null for a full stream. */
  readonly fromGuid: string | null
  readonly raw: boolean
  readonly largeBlocks: boolean
  readonly toIvset: string | null
  readonly fromIvset: string | null
}

/** Why a stream doesn't fit. */
export interface Misfit {
  readonly what: string
  readonly remedy: string
  /** Whether `--allow-flag-change` lifts it: `zfs receive` takes some of these, depending on the data. */
  readonly switchable: boolean
}

interface Facts {
  readonly title: string
  readonly raw: boolean
  readonly largeBlocks: boolean
  /** Of the end at which the two meet. */
  readonly ivset: string | null
}

/**
 * Why the arriving streams don't fit what is stored; none if the list is empty. It is asked in both directions: they
 * must fit on all that provides their bases, and what is stored must fit on them, because the rule lets a bypass
 * replace what it goes round. Stored streams that nothing is known of are taken on trust.
 */
export function misfits(edges: readonly Edge[], arriving: readonly ArrivingStream[]): Misfit[] {
  const found: Misfit[] = []
  for (const stream of arriving) {
    const title = stream.snapshot.name
    for (const edge of edges) {
      if (edge.stream === null) continue
      if (edge.provides.some(one => one.guid === stream.fromGuid)) {
        const base: Facts = { ...edge.stream, title: edgeTitle(edge), ivset: edge.stream.toIvset }
        found.push(...between(base, { ...stream, title, ivset: stream.fromIvset }, true))
      }
      if (edge.needs.some(one => one.guid === stream.snapshot.guid)) {
        const increment: Facts = { ...edge.stream, title: edgeTitle(edge), ivset: edge.stream.fromIvset }
        found.push(...between({ ...stream, title, ivset: stream.toIvset }, increment, false))
      }
    }
  }
  return found
}

/** The refusal for the first misfit that counts, or null. `allowFlagChange` lets the switchable ones pass. */
export function misfitRefused(found: readonly Misfit[], allowFlagChange: boolean): Failure | null {
  const misfit = found.find(one => !(allowFlagChange && one.switchable))
  return misfit === undefined ? null : refused(misfit.what, misfit.remedy)
}

function* between(base: Facts, increment: Facts, isIncrementNew: boolean): Generator<Misfit> {
  const [arriving, stored] = isIncrementNew ? [increment, base] : [base, increment]
  const relation = isIncrementNew ? 'which it would go onto' : 'which would go onto it'
  const kind = (facts: Facts): string => (facts.raw ? 'a raw stream' : 'not a raw stream')
  if (arriving.raw !== stored.raw) {
    yield {
      what: `${arriving.title} is ${kind(arriving)}, but ${stored.title}, ${relation}, is ${kind(stored)}: zfs receive refuses to mix them`,
      remedy: stored.raw
        ? "send it with 'zfs send -w'"
        : "send it without -w, or start a new chain with 'zfs send -w' and a full stream",
      switchable: false,
    }
  } else if (base.ivset !== null && increment.ivset !== null && base.ivset !== increment.ivset) {
    yield {
      what: `the IV set of ${arriving.title} does not connect with that of ${stored.title}, ${relation} (${increment.ivset} instead of ${base.ivset}): zfs receive would refuse it`,
      remedy: 'send it from the snapshot that was stored, or start a new chain with a full stream',
      switchable: false,
    }
  }
  if (arriving.largeBlocks !== stored.largeBlocks) {
    const has = (facts: Facts): string => (facts.largeBlocks ? 'has large blocks' : 'has none')
    const flag = stored.largeBlocks ? "send it with 'zfs send -L'" : 'send it without -L'
    yield {
      what: `${arriving.title} ${has(arriving)}, but ${stored.title}, ${relation}, ${has(stored)}: large blocks must not be switched within a chain`,
      remedy: `${flag}, or use --allow-flag-change if no block is over 128 KiB`,
      switchable: true,
    }
  }
}
