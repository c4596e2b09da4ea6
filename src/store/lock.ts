/** Object lock: until when S3 lets nobody delete an object's version (S3 User Guide: Locking objects with Object Lock). */
import { rfc3339 } from '../chain/edge.js'

/**
 * - GOVERNANCE: whoever has s3:BypassGovernanceRetention can lift it
 * - COMPLIANCE: nobody can, not the account's root user either
 */
export const lockModes = ['GOVERNANCE', 'COMPLIANCE'] as const
export type LockMode = (typeof lockModes)[number]

export interface Lock {
  readonly mode: LockMode
  /** UTC, RFC 3339, whole seconds. */
  readonly until: string
}

/** Whether the lock still holds at `now`. */
export const holds = (lock: Lock | null | undefined, now: Date): lock is Lock =>
  lock != null && Date.parse(lock.until) > now.getTime()

/**
 * The lock to set so that an object is locked at least as `wanted`; null if it is already. Never a weaker one: S3 would
 * refuse it, and somebody wanted it so.
 */
export function extension(current: Lock | null, wanted: Lock, now: Date): Lock | null {
  if (!holds(current, now)) return wanted
  const mode = current.mode === 'COMPLIANCE' ? current.mode : wanted.mode
  const until = Date.parse(current.until) > Date.parse(wanted.until) ? current.until : wanted.until
  return mode === current.mode && until === current.until ? null : { mode, until }
}

/** A lock as the SDK has it; null where a field is missing, as it is for an object that was never locked. */
export function lockOf(mode: string | undefined, until: Date | undefined): Lock | null {
  const known = lockModes.find(each => each === mode)
  return known === undefined || until === undefined ? null : { mode: known, until: rfc3339(until) }
}
