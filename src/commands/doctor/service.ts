/** What a service honours, as findings; and locks that mean nothing. Pure: decides on values. */
import type { WeakLock } from '../../chain/locks.js'
import { edgeTitle } from '../../chain/names.js'
import type { Honoured, Probed } from '../../store/probe.js'
import type { Finding } from './finding.js'

const questions: readonly (readonly [
  question: Exclude<keyof Probed, 'left'>,
  what: string,
  why: string,
  remedy: string | null,
])[] = [
  [
    'completeIfNone',
    'If-None-Match when an upload is completed',
    'zfs2s3 looks before it completes, but two machines that store the same stream at once could overwrite each other',
    'let only one machine at a time store under this prefix',
  ],
  [
    'putIfNone',
    'If-None-Match on PutObject',
    'two machines could each begin a catalog of their own in the bucket',
    'keep the catalog on one machine',
  ],
  [
    'putIfMatch',
    'If-Match on PutObject',
    'two machines that share a catalog in the bucket could undo what the other did',
    'keep the catalog on one machine',
  ],
  [
    'checksums',
    'SHA-256 checksums of objects',
    'zfs2s3-verify --quick and zfs2s3-rm can compare only sizes and ETags; the way there is protected by signatures all the same',
    'read streams back with zfs2s3-verify from time to time',
  ],
]

export function serviceFindings(probed: Probed, key: string): Finding[] {
  const findings = questions.flatMap(([question, what, why, remedy]) =>
    honoured(question, probed[question], what, why, remedy),
  )
  if (probed.left === null) return findings
  return [
    ...findings,
    {
      finding: 'probe-left',
      severity: 'note',
      what: `the object '${key}' that was written to try out the service could not be deleted: ${probed.left}`,
      why: 'it costs next to nothing and does no harm',
      remedy:
        'delete it with credentials that may (s3:DeleteObject, and s3:DeleteObjectVersion where versions are kept)',
    },
  ]
}

function honoured(question: string, answer: Honoured, what: string, why: string, remedy: string | null): Finding[] {
  if (answer === true) return []
  const finding = question.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
  const ignores = { severity: 'warning', why, remedy } as const
  if (answer === false) return [{ finding: `ignores-${finding}`, what: `the service ignores ${what}`, ...ignores }]
  return [
    { finding: `unknown-${finding}`, what: `whether the service honours ${what} is not known: ${answer}`, ...ignores },
  ]
}

export const notProbed = (because: string): Finding => ({
  finding: 'not-probed',
  severity: 'note',
  what: `what the service honours was not tried out: ${because}`,
  why: 'conditional writes and checksums are known of AWS; of other services they are not',
  remedy: 'zfs2s3-doctor --probe, which writes a small object of its own and deletes it again',
})

export const weakLockFinding = ({ edge, weakest }: WeakLock, until: (edge: WeakLock['edge']) => string): Finding => ({
  finding: 'base-unlocks-earlier',
  severity: 'warning',
  what: `${edgeTitle(edge)} is locked until ${until(edge)}, but ${edgeTitle(weakest)}, which it needs, ${until(weakest) === '' ? 'is not locked' : `only until ${until(weakest)}`}`,
  why: 'its lock protects nothing once what it needs can be deleted',
  remedy: 'zfs2s3-put --lock-days with the next increment locks all that it needs; or aws s3api put-object-retention',
})
