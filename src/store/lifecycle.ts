/**
 * What lifecycle rules do to objects (S3 User Guide: Lifecycle configuration elements). Pure: the rules come from
 * store/configuration, the objects from whoever asks.
 */

/** When a rule acts: so many days after the object was made, or on a day (RFC 3339). */
export type When = { readonly days: number } | { readonly date: string }

/** An enabled rule. */
export interface LifecycleRule {
  readonly id: string
  /** Of the keys that it is for; empty for all. */
  readonly prefix: string
  /** Whether it is only for objects that have some tag. */
  readonly isForTagged: boolean
  /** In bytes; the object must be larger and smaller than these. Null for no limit. */
  readonly largerThan: number | null
  readonly smallerThan: number | null
  readonly expiration: When | null
  /** Whether it takes away delete markers behind which nothing is left. */
  readonly cleansMarkers: boolean
  readonly transitions: readonly (When & { readonly storageClass: string })[]
  /** `keeps`: how many old versions stay however old they are. */
  readonly noncurrentExpiration: { readonly days: number; readonly keeps: number } | null
  readonly abortsUploadsAfterDays: number | null
}

export interface Lifecycle {
  readonly rules: readonly LifecycleRule[]
  /** Whether objects below 128 KiB are moved as well without a filter that says so. */
  readonly smallOnesToo: boolean
}

/** An object, or one that may come to be. It has no tags: zfs2s3 sets none. */
export interface Candidate {
  readonly key: string
  /** Null where it isn't known. */
  readonly bytes: number | null
}

/** Whether the rule is for the object. One of unknown length may be of any. */
export function covers(rule: LifecycleRule, { key, bytes }: Candidate): boolean {
  if (rule.isForTagged || !key.startsWith(rule.prefix)) return false
  if (bytes === null) return true
  return (
    (rule.largerThan === null || bytes > rule.largerThan) && (rule.smallerThan === null || bytes < rule.smallerThan)
  )
}

/** Whether it is for all objects that will ever be stored behind `prefix`, but for those of other lengths. */
export const coversAll = (rule: LifecycleRule, prefix: string): boolean =>
  !rule.isForTagged && prefix.startsWith(rule.prefix)

/** Objects below this length are moved only by a rule that says so (S3 User Guide: Transitioning objects using Amazon S3 Lifecycle). */
export const leastMoved = 128 * 1024

/** Whether a rule that is for the object moves it to another class in time. */
export function moves(rule: LifecycleRule, candidate: Candidate, smallOnesToo: boolean): boolean {
  if (!covers(rule, candidate)) return false
  const saysSize = rule.largerThan !== null || rule.smallerThan !== null
  return smallOnesToo || saysSize || candidate.bytes === null || candidate.bytes >= leastMoved
}
