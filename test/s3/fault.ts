/** A thing that goes wrong on purpose: which request is hit, when, and how. */
import { isObject } from './disk.js'

/**
 * When a fault strikes: before the body is read; once `bytes` of the body came; after all was done but before it is
 * answered, so that the effect took place; once `bytes` of the answer's body went.
 */
export type Point = 'before' | 'body' | 'after' | 'answer'

const points: readonly Point[] = ['before', 'body', 'after', 'answer']

/**
 * What a fault does.
 * - drop: destroys the connection
 * - stall: waits `ms`; without it until the client gives up
 * - hold: waits until released; `name` is what to wait for and to release
 * - status: answers `status` with the XML code `code`
 * - late-error: answers 200 and spaces, then an error with `code` in the body
 * - forget: the multipart upload is gone
 * - corrupt: one bit of `what`: the answer's body or the stored bytes (at `offset`), the answer's ETag or checksum
 */
export type Effect = 'drop' | 'stall' | 'hold' | 'status' | 'late-error' | 'forget' | 'corrupt'

/** What `corrupt` spoils. */
export type Victim = 'answer' | 'stored' | 'etag' | 'checksum'

/** Which requests are hit (what is left out fits everything), and by what. */
export interface Fault {
  readonly operation?: string
  readonly bucket?: string
  /** Part of the key. */
  readonly key?: string
  readonly uploadId?: string
  readonly partNumber?: number
  /** The first of the fitting requests that is hit, counted from 1 (the default). */
  readonly nth?: number
  /** How many are hit from there on: 1 by default, 0 for all. */
  readonly times?: number
  readonly do: Effect
  /** 'before', if left out. */
  readonly at?: Point
  readonly bytes?: number
  readonly ms?: number
  readonly name?: string
  readonly status?: number
  readonly code?: string
  readonly message?: string
  readonly what?: Victim
  readonly offset?: number
}

const fieldTypes: Readonly<Record<keyof Fault, string>> = {
  operation: 'string',
  bucket: 'string',
  key: 'string',
  uploadId: 'string',
  partNumber: 'number',
  nth: 'number',
  times: 'number',
  do: 'string',
  at: 'string',
  bytes: 'number',
  ms: 'number',
  name: 'string',
  status: 'number',
  code: 'string',
  message: 'string',
  what: 'string',
  offset: 'number',
}

/** The points at which an effect makes sense. */
const effects: Readonly<Record<Effect, readonly Point[]>> = {
  drop: points,
  stall: points,
  hold: points,
  status: ['before', 'body', 'after'],
  'late-error': ['before', 'after'],
  forget: ['before', 'after'],
  corrupt: ['before'],
}

const victims: readonly unknown[] = ['answer', 'stored', 'etag', 'checksum'] satisfies Victim[]

/** Whether a value is a fault with known fields only, for an operation among `operations`. */
export function isFault(value: unknown, operations: readonly string[]): value is Fault {
  if (!isObject(value)) return false
  const types = new Map<string, string>(Object.entries(fieldTypes))
  const fields = new Map<string, unknown>(Object.entries(value))
  for (const [name, content] of fields) if (typeof content !== types.get(name)) return false
  const allowed = new Map<unknown, readonly unknown[]>(Object.entries(effects)).get(fields.get('do'))
  const operation = fields.get('operation')
  return (
    allowed?.includes(fields.get('at') ?? 'before') === true &&
    (operation === undefined || operations.some(known => known === operation)) &&
    (fields.get('do') !== 'corrupt' || victims.includes(fields.get('what')))
  )
}
