/**
 * Which snapshots a retention policy keeps, and why: what `restic forget` would keep of them, as far as it has the same options
 * (restic's documentation, Removing snapshots according to a policy).
 */
import type { Edge, Snapshot } from './edge.js'
import { datasetOf } from './names.js'
import { before, calendar, type Offset, type Period, periods, type Span } from './period.js'
import type { Graph } from './walk.js'

/** Numbers may be Infinity; 0 and null ask for nothing. */
export interface Policy extends Readonly<Record<Period, number>> {
  /** The newest so many. */
  readonly last: number
  /** All that are less than this older than the newest of their dataset. Not than now: a backup that has stopped keeps what it has. */
  readonly within: Span | null
  /** Patterns with `*` and `?` for what follows the `@`; for the whole name where they have an `@` themselves. */
  readonly names: readonly string[]
  /** The time zone whose calendar counts. */
  readonly offsetOf: Offset
}

export interface Kept {
  /** By GUID, for each snapshot that is kept: why, as in `last`, `daily 2026-11-24`, `oldest yearly`, `name`. */
  readonly reasons: ReadonlyMap<string, readonly string[]>
  /** Those that are kept because nobody knows when they were taken. */
  readonly undated: readonly Snapshot[]
}

/** A policy that says nothing: it would keep nothing. */
export const isEmpty = (policy: Policy): boolean =>
  policy.last === 0 &&
  periods.every(period => policy[period] === 0) &&
  policy.within === null &&
  policy.names.length === 0

interface Dated {
  readonly snapshot: Snapshot
  readonly time: number
  /** Tells which is the newer of two that were taken in the same second. */
  readonly rank: number
}

/**
 * What `policy` keeps, dataset by dataset, of the snapshots that streams are named after. A stream package is judged by that one
 * alone: what else it brings stays and goes with it. What can't be restored anyway takes nobody's place. Of a walked graph.
 */
export function keptBy(graph: Graph, policy: Policy): Kept {
  const reasons = new Map<string, readonly string[]>()
  const undated: Snapshot[] = []
  const inPeriod = calendar(policy.offsetOf)
  const matches = policy.names.map(pattern)
  for (const dataset of datasets(graph)) {
    const dated: Dated[] = []
    for (const { snapshot, created } of dataset.values()) {
      const why = matches.some(fits => fits(snapshot.name)) ? ['name'] : []
      if (created === null) {
        why.push('no time')
        undated.push(snapshot)
      } else {
        const rank = graph.places.get(snapshot.guid)?.first?.rank ?? 0
        dated.push({ snapshot, time: Date.parse(created), rank })
      }
      if (why.length > 0) reasons.set(snapshot.guid, why)
    }
    dated.sort((a, b) => b.time - a.time || b.rank - a.rank)
    for (const [guid, more] of keptByTime(dated, policy, inPeriod)) {
      reasons.set(guid, [...(reasons.get(guid) ?? []), ...more])
    }
  }
  return { reasons, undated }
}

/** The restorable snapshots that edges are named after, by dataset and GUID, each with the creation time that is known. */
function datasets({ links, places }: Graph): Iterable<ReadonlyMap<string, Pick<Edge, 'snapshot' | 'created'>>> {
  const found = new Map<string, Map<string, Pick<Edge, 'snapshot' | 'created'>>>()
  const owner = new Map<string, string>()
  for (const { edge } of links) {
    const { snapshot, created } = edge
    if (places.get(snapshot.guid)?.reached !== true) continue
    // A snapshot may have had other names since: it counts where it was seen first.
    const dataset = owner.get(snapshot.guid) ?? datasetOf(snapshot)
    owner.set(snapshot.guid, dataset)
    const snapshots = found.get(dataset) ?? new Map<string, Pick<Edge, 'snapshot' | 'created'>>()
    found.set(dataset, snapshots)
    const known = snapshots.get(snapshot.guid)
    if (known === undefined) snapshots.set(snapshot.guid, { snapshot, created })
    else if (known.created === null) snapshots.set(snapshot.guid, { snapshot: known.snapshot, created })
  }
  return found.values()
}

/** A rule that keeps the newest of each of the last few periods. */
interface Rule {
  readonly kind: 'last' | Period
  left: number
  previous: string | null
}

/** Of one dataset, the newest first: the reasons of each that is kept. */
function* keptByTime(
  dated: readonly Dated[],
  policy: Policy,
  inPeriod: (time: number, period: Period) => string,
): Generator<[guid: string, reasons: string[]]> {
  const limit = policy.within === null || dated[0] === undefined ? Infinity : before(dated[0].time, policy.within)
  const rules: Rule[] = (['last', ...periods] as const).map(kind => ({ kind, left: policy[kind], previous: null }))
  for (const [index, { snapshot, time }] of dated.entries()) {
    const reasons: string[] = time > limit ? ['within'] : []
    for (const rule of rules) {
      if (rule.left === 0) continue
      const period = rule.kind === 'last' ? String(index) : inPeriod(time, rule.kind)
      // As in restic: while a rule has not had its number, it keeps the oldest one too. Else a chain that has just begun
      // would have nothing for its months and years.
      const isOldest = index === dated.length - 1
      if (period === rule.previous && !isOldest) continue
      rule.left -= 1
      const isNew = period !== rule.previous
      rule.previous = period
      reasons.push(rule.kind === 'last' ? 'last' : isNew ? `${rule.kind} ${period}` : `oldest ${rule.kind}`)
    }
    if (reasons.length > 0) yield [snapshot.guid, reasons]
  }
}

/** Whether a snapshot's name fits a pattern in which `*` stands for any characters and `?` for one. */
function pattern(glob: string): (name: string) => boolean {
  const source = glob
    .replaceAll(/[^\w*?]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.')
  const whole = new RegExp(`^${source}$`, 's')
  return name => whole.test(glob.includes('@') ? name : name.slice(name.indexOf('@') + 1))
}
