/** Edges that somebody brings, put to those that are stored: what is new, what becomes better known, and what contradicts. */
import { addition, type Objection } from './addition.js'
import { unsupported } from './chain.js'
import type { Edge } from './edge.js'
import { edgeToRecord, recordToEdge } from './record.js'

/** A fact of one object on which the two don't agree. */
export interface Contradiction {
  readonly key: string
  /** As in the record. */
  readonly field: string
  readonly stored: unknown
  readonly brought: unknown
}

export interface Merged {
  /** All edges then; the very list that was given if nothing is new. */
  readonly edges: readonly Edge[]
  readonly added: readonly Edge[]
  readonly contradictions: readonly Contradiction[]
  /** What the rule says against the added ones. */
  readonly objections: readonly Objection[]
}

/** What is no fact of the stream but was seen at some time: what is stored of it stays, unless that is null. */
const observed = new Set(['stored', 'storage_class', 'verified_at'])
/** Where null is an answer too: there is none. */
const definite = new Set(['base', 'base_guid', 'filter', 'provides', 'needs', 'volumes'])

/**
 * Edges are the same if their first objects are. A fact that is null on one side is taken from the other. The same ends under
 * another key are another object, and no contradiction.
 */
export function merge(stored: readonly Edge[], brought: readonly Edge[]): Merged {
  const byKey = new Map(stored.map(edge => [edge.volumes[0].key, edge]))
  const known = new Set(byKey.keys())
  const contradictions: Contradiction[] = []
  let isNew = false
  for (const edge of brought) {
    const [{ key }] = edge.volumes
    const other = byKey.get(key)
    const both = other === undefined ? edge : together(other, edge, contradictions)
    if (both === other) continue
    isNew = true
    byKey.set(key, both)
  }
  const added = [...byKey].flatMap(([key, edge]) => (known.has(key) ? [] : [edge]))
  const before = [...byKey].flatMap(([key, edge]) => (known.has(key) ? [edge] : []))
  const objections = addition(before, added).filter(({ reason }) => reason !== 'duplicate')
  return { edges: isNew ? [...byKey.values()] : stored, added, contradictions, objections }
}

/** Those of `brought` that can be restored with what is stored and each other. */
export function supported(stored: readonly Edge[], brought: readonly Edge[]): Edge[] {
  const lacking = new Set(unsupported([...stored, ...brought]))
  return brought.filter(edge => !lacking.has(edge))
}

/** `stored` with what `brought` knows beside it; `stored` itself if that is nothing. */
function together(stored: Edge, brought: Edge, contradictions: Contradiction[]): Edge {
  const { key } = stored.volumes[0]
  const one: Record<string, unknown> = { ...edgeToRecord(stored) }
  const other: Record<string, unknown> = { ...edgeToRecord(brought) }
  const merged: Record<string, unknown> = {}
  for (const field of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const at = (path: string, a: unknown, b: unknown) =>
      contradictions.push({ key, field: path, stored: a, brought: b })
    merged[field] = joined(field, one[field], other[field], at)
  }
  return JSON.stringify(merged) === JSON.stringify(one) ? stored : recordToEdge(merged)
}

/** One value out of two; `contradict` is told where there is none. */
function joined(
  field: string,
  one: unknown,
  other: unknown,
  contradict: (field: string, one: unknown, other: unknown) => void,
): unknown {
  const name = field.split('.')[0] ?? field
  if (JSON.stringify(one) === JSON.stringify(other)) return one
  if (!definite.has(field)) {
    if (one === null || one === undefined) return other
    if (other === null || other === undefined || observed.has(name)) return one
  }
  if (Array.isArray(one) && Array.isArray(other) && one.length === other.length) {
    const others: unknown[] = other
    return one.map((each: unknown, at) => joined(`${field}.${at}`, each, others[at], contradict))
  }
  if (isMap(one) && isMap(other)) {
    const names = new Set([...Object.keys(one), ...Object.keys(other)])
    return Object.fromEntries(
      [...names].map(each => [each, joined(`${field}.${each}`, one[each], other[each], contradict)]),
    )
  }
  contradict(field, one, other)
  return one
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
