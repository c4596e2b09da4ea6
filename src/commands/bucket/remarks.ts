/** What there is to say of objects that are no edges, a line each; many of a kind are said together. */
import { exactBytes } from '../../cli/amounts.js'
import { shellQuoted } from '../../cli/shell.js'
import type { Reason } from './assemble.js'
import type { BucketEdges } from './edges.js'

/** Lines as `what is wrong: what to do`, with whatever is in the keys. */
export function remarks({ troubles, foreign }: BucketEdges, bucket: string): string[] {
  const of = (reason: Reason) => troubles.filter(each => each.reason === reason)
  const lines: string[] = []
  const ignored = foreign + of('foreign').length
  if (ignored > 0) lines.push(`not of zfs2s3, and left out: ${objects(ignored)}`)
  const together = (reason: Reason, what: string, remedy: (key: string) => string): void => {
    const [first, ...others] = of(reason)
    if (first === undefined) return
    const such = others.length > 0 ? `${objects(others.length + 1)}, such as ` : ''
    lines.push(`${what}: ${such}'${first.key}': ${remedy(first.key)}`)
  }
  together('elsewhere', 'stored under another prefix, and left out', () => 'see whether ZFS2S3_PREFIX is right')
  for (const { key, why } of of('damaged')) lines.push(`'${key}' ${why}: ${lookAt(bucket, key)}`)
  for (const { key, why } of of('incomplete')) lines.push(`'${key}' ${why}: ${howIncomplete}`)
  together('archived', 'archived, though only the stream says what it is', key => {
    const request = `aws s3api restore-object --bucket ${bucket} --key ${shellQuoted(key)}`
    return `thaw it with ${request} --restore-request Days=7, and run this again when that is done`
  })
  const packages = 'a package (zfs send -I, -R), of which only the whole stream says what it brings'
  together('package', packages, () => 'read it with --read-packages')
  return lines
}

/** How many troubles are about streams that are ours and yet no edges. */
export const unread = ({ troubles }: BucketEdges): number =>
  troubles.filter(({ reason }) => reason !== 'foreign' && reason !== 'elsewhere').length

const objects = (count: number): string => (count === 1 ? '1 object' : `${exactBytes(count)} objects`)

const lookAt = (bucket: string, key: string): string =>
  `look at it with aws s3api head-object --bucket ${bucket} --key ${shellQuoted(key)}`

const howIncomplete = 'an upload is ending just now, or a volume was deleted without zfs2s3'
