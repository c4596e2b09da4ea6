/**
 * Catalog, bucket, ledgers and notes compared. Nothing is asked here: what is not known to be missing is not missing.
 */
import { unsupported } from '../../chain/chain.js'
import type { Edge } from '../../chain/edge.js'
import { edgeTitle } from '../../chain/names.js'
import { humanBytes } from '../../cli/amounts.js'
import { shellQuoted } from '../../cli/shell.js'
import type { OpenUpload } from '../../store/uploads.js'
import type { Trouble } from '../bucket/assemble.js'

export interface Finding {
  /** Stays the same in later versions. */
  readonly finding:
    | 'missing-object'
    | 'object-differs'
    | 'object-without-edge'
    | 'object-unclear'
    | 'base-missing'
    | 'removal-unfinished'
    | 'upload-unfinished'
    | 'upload-lost'
    | 'upload-unknown'
    | 'snapshot-replaced'
    | 'base-not-local'
    | 'copy-missing'
    | 'copy-behind'
    | 'copy-foreign'
    | 'copy-unreadable'
  /** What it is about: a key, or a snapshot where there is none. */
  readonly key: string | null
  readonly snapshot: string | null
  /** A sentence for people. */
  readonly what: string
  /** The command line that would mend it; null where people must look. */
  readonly mend: string | null
  /** Of uploads: what it holds in S3, and since when. */
  readonly bytes?: number
  readonly initiated?: string | null
}

/** An upload that has a ledger. */
export interface Pending {
  readonly key: string
  readonly snapshot: string
  /** Whether its edge is in the catalog, or nothing but the last steps is left to do. */
  readonly isStored: boolean
  readonly isComplete: boolean
  /** Held by --hold: it waits for zfs2s3-commit, as it should. */
  readonly isHeld: boolean
  /** Whether S3 has lost a multipart upload of it. */
  readonly isLost: boolean
}

/** All that was asked. */
export interface Seen {
  readonly bucket: string
  readonly edges: readonly Edge[]
  /** What is wrong with the object of an edge: that it is not there, or how it differs. */
  readonly wrong: readonly { readonly edge: Edge; readonly isMissing: boolean; readonly why: string }[]
  /** Edges of objects that the catalog does not have. */
  readonly unlisted: readonly Edge[]
  readonly troubles: readonly Trouble[]
  /** Removals that were begun, and that nobody is about to finish. */
  readonly removals: readonly Edge[]
  /** Uploads with a ledger that no process works on. */
  readonly pending: readonly Pending[]
  readonly unknownUploads: readonly (OpenUpload & { readonly bytes: number })[]
}

export const repair = 'zfs2s3-fsck --repair'

export function findings(seen: Seen): Finding[] {
  const { bucket, edges } = seen
  const about = (edge: Edge) => ({ key: edge.volumes[0].key, snapshot: edge.snapshot.name })
  const named = ({ snapshot, base }: Edge) =>
    shellQuoted(snapshot.name) + (base === null ? '' : ` --base ${shellQuoted(base.name)}`)
  const withoutBase = new Set(unsupported([...edges, ...seen.unlisted]))
  const found: Finding[] = []
  for (const { edge, isMissing, why } of seen.wrong) {
    const what = `${edgeTitle(edge)} is in the catalog, but ${why}`
    if (isMissing)
      found.push({ finding: 'missing-object', ...about(edge), what, mend: `zfs2s3-rm --gone ${named(edge)}` })
    else found.push({ finding: 'object-differs', ...about(edge), what, mend: null })
  }
  for (const edge of edges) {
    if (!withoutBase.has(edge)) continue
    const what = `${edgeTitle(edge)} can't be restored: what it starts from is not restorable`
    found.push({ finding: 'base-missing', ...about(edge), what, mend: null })
  }
  for (const edge of seen.unlisted) {
    const isSound = !withoutBase.has(edge)
    const what = `${edgeTitle(edge)} is in the bucket, but not in the catalog${isSound ? '' : ', and neither is what it starts from'}`
    found.push({ finding: 'object-without-edge', ...about(edge), what, mend: isSound ? repair : null })
  }
  for (const { key, reason, why } of seen.troubles) {
    if (reason === 'foreign' || reason === 'elsewhere') continue
    const mend =
      reason === 'package' ? 'zfs2s3-graph --from bucket --read-packages | zfs2s3-import --only-restorable' : null
    found.push({
      finding: 'object-unclear',
      key,
      snapshot: null,
      what: `'${key}' is not in the catalog, and ${why}`,
      mend,
    })
  }
  for (const edge of seen.removals) {
    const what = `the removal of ${edgeTitle(edge)} was begun and not finished`
    found.push({ finding: 'removal-unfinished', ...about(edge), what, mend: repair })
  }
  for (const { key, snapshot, isStored, isComplete, isHeld, isLost } of seen.pending) {
    const upload = `the upload of ${snapshot}`
    if (isStored || (isComplete && !isHeld && !isLost)) {
      const what = isStored
        ? `${upload} is in the catalog, and its ledger is left`
        : `${upload} lacks only its last steps`
      found.push({ finding: 'upload-unfinished', key, snapshot, what, mend: repair })
    } else if (isLost) {
      const what = `${upload} is pending, but S3 no longer has it`
      found.push({ finding: 'upload-lost', key, snapshot, what, mend: `zfs2s3-abort ${shellQuoted(snapshot)}` })
    }
  }
  for (const { key, uploadId, bytes, initiated } of seen.unknownUploads) {
    const since = initiated === null ? '' : ` since ${initiated}`
    const what = `a multipart upload of '${key}' holds ${humanBytes(bytes)}${since}, and no ledger here knows it: another machine's, or left over`
    const abort = `aws s3api abort-multipart-upload --bucket ${bucket} --key ${shellQuoted(key)} --upload-id ${shellQuoted(uploadId)}`
    found.push({ finding: 'upload-unknown', key, snapshot: null, what, mend: abort, bytes, initiated })
  }
  return found
}
