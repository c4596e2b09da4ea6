/** What zfs2s3-doctor has found: one line of JSON each. */

/**
 * - danger: backups, or an upload in progress, will be lost or are open to everybody
 * - warning: something protects less than one would think, costs money unseen, or isn't known
 * - note: worth knowing
 */
export type Severity = 'danger' | 'warning' | 'note'

export interface Finding {
  /** A stable code. */
  readonly finding: string
  readonly severity: Severity
  readonly what: string
  readonly why: string
  /** Null where there is nothing to do. */
  readonly remedy: string | null
}

/** The finding about a setting that S3 would not tell; never taken for "all is well". */
export const unknownSetting = (about: string, why: string, action: string): Finding => ({
  finding: `unknown-${about.toLowerCase().replaceAll(' ', '-')}`,
  severity: 'warning',
  what: `the bucket's ${about} can't be read: ${why}`,
  why: 'what is not known may be what hurts',
  remedy: `allow ${action} on the bucket; some services know no such setting`,
})
