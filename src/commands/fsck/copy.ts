/** The copy in the bucket of a catalog that is kept on this machine. */
import { setTimeout as sleep } from 'node:timers/promises'
import { copyDifference, type CopyDifference, mendCopy } from '../../catalog/copy.js'
import type { LockOptions } from '../../catalog/lock.js'
import type { RemoteFile } from '../../catalog/remote.js'
import type { Edge } from '../../chain/edge.js'
import { edgeTitle, listed } from '../../chain/names.js'
import { shellQuoted } from '../../cli/shell.js'
import { type Finding, repair, type Seen } from './findings.js'

/** How long another command may take from its change of the catalog until it begins to copy that, in milliseconds. */
const settledAfterMs = 1000

/** How the copy differs from the catalog when no command is about to bring it up to date; null where it doesn't. */
export async function lookAtCopy(
  dataDir: string,
  file: RemoteFile,
  options: LockOptions,
  signal: AbortSignal,
): Promise<CopyDifference | null> {
  if ((await copyDifference(dataDir, file, options)) === null) return null
  await sleep(settledAfterMs, undefined, { signal })
  return copyDifference(dataDir, file, options)
}

/** Brings the copy up to date if that loses nothing. */
export async function repairCopy(
  dataDir: string,
  file: RemoteFile,
  seen: Pick<Seen, 'unlisted' | 'troubles'>,
  options: LockOptions,
): Promise<void> {
  const copy = await copyDifference(dataDir, file, options)
  if (copy !== null && isReplaceable(copy, seen)) await mendCopy(dataDir, file, options)
}

/** Whether the copy may be replaced: nothing is lost with it but what is stored nowhere any more. */
function isReplaceable(copy: CopyDifference, { unlisted, troubles }: Pick<Seen, 'unlisted' | 'troubles'>): boolean {
  if (copy.is !== 'other') return copy.is === 'missing'
  const inBucket = new Set([...unlisted.map(keyOf), ...troubles.map(({ key }) => key)])
  return copy.unknown.length === 0 || (copy.isOurs && !copy.unknown.some(edge => inBucket.has(keyOf(edge))))
}

/** @param key the copy's */
export function copyFinding(
  copy: CopyDifference,
  seen: Pick<Seen, 'bucket' | 'unlisted' | 'troubles'>,
  key: string,
): Finding {
  const about = (finding: Finding['finding'], what: string, mend: string | null): Finding => ({
    ...{ finding, key, snapshot: null, what, mend },
  })
  const title = `'${key}', the catalog's copy in the bucket,`
  switch (copy.is) {
    case 'missing':
      return about('copy-missing', `${title} is not there: with this machine the catalog would be lost`, repair)
    case 'shared': {
      const what = `'${key}' is a catalog that several machines share, and this one keeps its own: set ZFS2S3_CATALOG=bucket, or another ZFS2S3_PREFIX`
      return about('copy-foreign', what, null)
    }
    case 'unreadable': {
      const object = (name: string) => shellQuoted(`s3://${seen.bucket}/${name}`)
      // Its name ends as that of every catalog does, so that it counts as no foreign object.
      const away = `aws s3 mv ${object(key)} ${object(key.replace(/[^/]*$/, 'damaged-$&'))} && ${repair}`
      return about('copy-unreadable', `${title} can't be read: ${copy.why}`, copy.isNewer ? null : away)
    }
    case 'other': {
      if (isReplaceable(copy, seen))
        return about('copy-behind', `${title} is behind: it is not what the catalog says now`, repair)
      const unlisted = new Set(seen.unlisted.map(keyOf))
      const mend = copy.unknown.every(edge => unlisted.has(keyOf(edge)))
        ? 'zfs2s3-graph --from copy | zfs2s3-import'
        : null
      const what = `${title} lists what this machine's catalog does not: ${listed(copy.unknown.map(edgeTitle))}`
      return about('copy-foreign', what, mend)
    }
  }
}

const keyOf = ({ volumes: [{ key }] }: Edge): string => key
