/** Reading the fields of a record that came from outside. All throw usage Failures that name the field. */
import { usageError } from '../failure.js'
import { isGuid } from './guid.js'

/** A record whose fields have not been looked at yet. */
export type Fields = Readonly<Record<string, unknown>>

const advice = 'give it what zfs2s3-graph prints'

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `value` as a record; `what` names it in the message. */
export function fieldsOf(value: unknown, what: string): Fields {
  if (!isFields(value)) throw usageError(`${what} is not a JSON object`, advice)
  return value
}

/** What `read` makes of a field, or null where the field is null or isn't there. */
export function orNull<T>(read: (fields: Fields, name: string) => T, fields: Fields, name: string): T | null {
  return fields[name] === undefined || fields[name] === null ? null : read(fields, name)
}

/** A string that is not empty. */
export function stringIn(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value === 'string' && value !== '') return value
  throw wrong(fields, name, 'a string')
}

export function booleanIn(fields: Fields, name: string): boolean {
  const value = fields[name]
  if (typeof value === 'boolean') return value
  throw wrong(fields, name, 'true or false')
}

/** A number of bytes. */
export function wholeIn(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw wrong(fields, name, 'a whole number')
}

export function listIn(fields: Fields, name: string): readonly unknown[] {
  const value: unknown = fields[name]
  if (Array.isArray(value)) return value
  throw wrong(fields, name, 'a list')
}

export function timeIn(fields: Fields, name: string): string {
  const value = fields[name]
  const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)
  if (isTime && !Number.isNaN(Date.parse(value))) return value
  throw wrong(fields, name, 'a UTC time like 2026-11-24T11:51:02Z')
}

export function guidIn(fields: Fields, name: string): string {
  const value = fields[name]
  if (isGuid(value)) return value
  if (typeof value === 'number') {
    throw usageError(
      `"${name}"${ofWhat(fields)} is a number, and numbers are only exact up to 2^53 while GUIDs go up to 2^64`,
      'write it as a string: in quotes',
    )
  }
  throw wrong(fields, name, 'a GUID: an unsigned 64-bit number in decimal, as a string')
}

const wrong = (fields: Fields, name: string, kind: string) =>
  usageError(`"${name}"${ofWhat(fields)} is ${fields[name] === undefined ? 'missing' : `not ${kind}`}`, advice)

const ofWhat = (fields: Fields): string => (typeof fields.snapshot === 'string' ? ` of ${fields.snapshot}` : '')
