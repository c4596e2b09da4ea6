/** What a bucket's lifecycle rules would do to backups. Pure: decides on values. */
import { isArchiveClass } from '../../store/archive.js'
import {
  type Candidate,
  covers,
  coversAll,
  type Lifecycle,
  type LifecycleRule,
  moves,
  type When,
} from '../../store/lifecycle.js'
import type { Finding } from './finding.js'

/** What is to be protected. */
export interface Backups {
  readonly prefix: string
  /** The objects of the streams that the catalog has. */
  readonly objects: readonly Candidate[]
  readonly catalogCopy: Candidate
  /** Uploads in progress: first key, and when each began (RFC 3339). */
  readonly uploads: readonly { readonly key: string; readonly started: string }[]
}

/** A rule that archives sooner than this leaves not even the latest stream readable without thawing. */
const soonDays = 7
/** What a slow upload may take: a rule that aborts sooner kills it. */
const slowUploadDays = 7
/** How long there should be to notice that something was deleted. */
const noticeDays = 14

const dayMs = 24 * 60 * 60_000

/** @param keepsVersions whether versioning is, or was, switched on */
export function lifecycleFindings(
  { rules, smallOnesToo }: Lifecycle,
  backups: Backups,
  keepsVersions: boolean,
  now: Date,
): Finding[] {
  const perRule = rules.flatMap(rule => [
    ...expirationFindings(rule, backups, keepsVersions),
    ...transitionFindings(rule, backups, smallOnesToo),
    ...abortFindings(rule, backups, now),
    ...(keepsVersions ? noncurrentFindings(rule, backups) : []),
  ])
  return [...perRule, ...missingRules(rules, backups, keepsVersions)]
}

function expirationFindings(rule: LifecycleRule, backups: Backups, keepsVersions: boolean): Finding[] {
  if (rule.expiration === null) return []
  const reached = reach(rule, backups)
  if (reached === null) return []
  const behind = keepsVersions
    ? 'they are hidden behind delete markers then, and soon gone'
    : 'they are gone for good then'
  return [
    {
      finding: 'expiration',
      severity: reached.isCertain ? 'danger' : 'note',
      what: `${named(rule)} expires ${reached.text} ${at(rule.expiration)}`,
      why: `every stream that needs an expired one is worthless; ${behind}`,
      remedy:
        'disable the rule or exclude the prefix; zfs2s3-retain and zfs2s3-rm let old streams go without breaking chains',
    },
  ]
}

function transitionFindings(rule: LifecycleRule, backups: Backups, smallOnesToo: boolean): Finding[] {
  return rule.transitions.flatMap(transition => {
    const { storageClass } = transition
    const findings: Finding[] = []
    const what = `to ${storageClass} ${at(transition)}`
    if (isArchiveClass(storageClass) && moves(rule, backups.catalogCopy, smallOnesToo)) {
      findings.push({
        finding: 'catalog-archived',
        severity: 'danger',
        what: `${named(rule)} moves the catalog's copy ${what}`,
        why: 'a new machine begins with that copy, and could not read it for hours or days',
        remedy: `let the rule apply to larger objects only: "ObjectSizeGreaterThan": ${catalogLimit}`,
      })
    }
    const reached = reach(rule, backups)
    if (reached === null) return findings
    if (isArchiveClass(storageClass)) {
      const isSoon = 'days' in transition && transition.days < soonDays
      findings.push({
        finding: 'archived-early',
        severity: isSoon ? 'warning' : 'note',
        what: `${named(rule)} moves ${reached.text} ${what}`,
        why: 'a restore has to wait for thawing (zfs2s3-thaw), up to two days, and to pay for it; verify as well',
        remedy: isSoon ? 'keep at least the latest streams readable: more days' : null,
      })
    } else if (storageClass === 'ONEZONE_IA') {
      findings.push({
        finding: 'one-zone',
        severity: 'warning',
        what: `${named(rule)} moves ${reached.text} ${what}`,
        why: 'ONEZONE_IA is kept in one place: a fire there takes the backups',
        remedy: 'use STANDARD_IA',
      })
    }
    return findings
  })
}

/** 1 MiB: more than catalogs have, and less than what is worth archiving. */
const catalogLimit = 1024 * 1024

function abortFindings(rule: LifecycleRule, { prefix, uploads }: Backups, now: Date): Finding[] {
  const days = rule.abortsUploadsAfterDays
  if (days === null) return []
  const hit = uploads.filter(
    ({ key, started }) => key.startsWith(rule.prefix) && Date.parse(started) + days * dayMs < now.getTime() + dayMs,
  )
  const findings = hit.map(({ key, started }): Finding => ({
    finding: 'upload-expires',
    severity: 'danger',
    what: `${named(rule)} aborts uploads after ${inDays(days)}, and that of '${key}' began ${started}`,
    why: 'all of its parts are deleted, or have been',
    remedy: 'give the rule more days now, and finish the upload (zfs2s3-pending says how)',
  }))
  if (days >= slowUploadDays || !overlaps(rule, prefix)) return findings
  return [
    ...findings,
    {
      finding: 'abort-early',
      severity: 'warning',
      what: `${named(rule)} aborts uploads that are not finished after ${inDays(days)}`,
      why: 'a slow upload, or one that is taken up again after a holiday, loses all its parts',
      remedy: `give it at least ${inDays(slowUploadDays)}`,
    },
  ]
}

function noncurrentFindings(rule: LifecycleRule, { prefix }: Backups): Finding[] {
  const { noncurrentExpiration } = rule
  if (noncurrentExpiration === null || rule.isForTagged || !overlaps(rule, prefix)) return []
  const { days, keeps } = noncurrentExpiration
  return [
    {
      finding: 'noncurrent-expiration',
      severity: days < noticeDays && keeps === 0 ? 'warning' : 'note',
      what: `${named(rule)} deletes old versions after ${inDays(days)}${keeps === 0 ? '' : `, but for the last ${keeps}`}`,
      why: 'for that long, and no longer, can be brought back what was deleted or overwritten',
      remedy: days < noticeDays && keeps === 0 ? `give it at least ${inDays(noticeDays)}` : null,
    },
  ]
}

function missingRules(rules: readonly LifecycleRule[], { prefix }: Backups, keepsVersions: boolean): Finding[] {
  const ours = rules.filter(rule => coversAll(rule, prefix))
  const findings: Finding[] = []
  if (!ours.some(rule => rule.abortsUploadsAfterDays !== null)) {
    findings.push({
      finding: 'no-abort-rule',
      severity: 'warning',
      what: 'no lifecycle rule aborts uploads that are never finished',
      why: 'their parts cost money for ever, and no listing of objects shows them',
      remedy: 'add a rule with "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 30}',
    })
  }
  if (keepsVersions && !ours.some(rule => rule.noncurrentExpiration !== null)) {
    findings.push({
      finding: 'old-versions-stay',
      severity: 'note',
      what: 'no lifecycle rule deletes old versions',
      why: 'what zfs2s3-rm deletes stays as an old version, and costs as much as before',
      remedy: 'add a rule with "NoncurrentVersionExpiration": {"NoncurrentDays": 90}',
    })
  }
  if (keepsVersions && !ours.some(rule => rule.cleansMarkers || rule.expiration !== null)) {
    findings.push({
      finding: 'delete-markers-stay',
      severity: 'note',
      what: 'no lifecycle rule takes away delete markers behind which nothing is left',
      why: 'they make listings slow',
      remedy: 'add a rule with "Expiration": {"ExpiredObjectDeleteMarker": true}',
    })
  }
  return findings
}

/** What of the backups a rule is for, in words; null if nothing. `isCertain`: not only what might come to be. */
function reach(rule: LifecycleRule, { prefix, objects, catalogCopy }: Backups) {
  const [first, ...others] = objects.filter(object => covers(rule, object))
  const behind = prefix === '' ? 'the bucket' : `'${prefix}'`
  const sizes = rule.largerThan === null && rule.smallerThan === null ? '' : ' of the lengths that it is for'
  if (coversAll(rule, prefix)) return { text: `every stream in ${behind}${sizes}`, isCertain: true }
  if (first !== undefined) {
    const more = others.length === 0 ? '' : ` and ${others.length} more`
    return { text: `'${first.key}'${more}`, isCertain: true }
  }
  if (covers(rule, catalogCopy)) return { text: `the catalog's copy '${catalogCopy.key}'`, isCertain: true }
  if (rule.isForTagged || !overlaps(rule, prefix)) return null
  return { text: `what would be stored with keys that begin with '${rule.prefix}'`, isCertain: false }
}

/** Whether some key can begin with both. */
const overlaps = (rule: LifecycleRule, prefix: string): boolean =>
  prefix.startsWith(rule.prefix) || rule.prefix.startsWith(prefix)

const named = ({ id }: LifecycleRule): string =>
  id === '' ? 'a lifecycle rule without a name' : `lifecycle rule '${id}'`
const inDays = (days: number): string => (days === 1 ? '1 day' : `${days} days`)
const at = (when: When): string => ('date' in when ? `on ${when.date.slice(0, 10)}` : `after ${inDays(when.days)}`)
