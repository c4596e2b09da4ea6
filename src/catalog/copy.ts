/**
 * The copy in the bucket of a catalog that is kept on this machine, brought up to date after each change. It never replaces
 * one that lists what this catalog doesn't know: that is another machine's, and maybe all that is left of it.
 */
import { createHash } from 'node:crypto'
import type { Edge } from '../chain/edge.js'
import { edgeTitle, listed } from '../chain/names.js'
import { errorCode, Failure, failed, refused } from '../failure.js'
import { catalogPath } from './catalog.js'
import { type CopyNote, copyNotes, noteCopy } from './copies.js'
import { readIfThere } from './files.js'
import { isNewerFormat, parseCatalog } from './format.js'
import { type LockOptions, withLock } from './lock.js'
import type { RemoteFile, RemoteText } from './remote.js'

/** How often a copy that changes at the same time is looked at again. */
const mostTries = 5

/** The lock of the notes and of the copy: not the catalog's, so that nobody waits for S3 to change that. */
export const copyLock = { name: 'copy.lock' }

/**
 * Brings the copy up to date with the catalog as it is now. Whoever waited for another one to do that finds it done.
 * Throws a Failure where it can't be written (status 1) or may not be (3); the catalog is right all the same.
 */
export async function updateCopy(dataDir: string, file: RemoteFile, options: LockOptions = {}): Promise<void> {
  await whileNobodyCopies(dataDir, file, options, () => update(dataDir, file))
}

/** The same for a copy that is not what this machine has noted of it. */
export async function mendCopy(dataDir: string, file: RemoteFile, options: LockOptions = {}): Promise<void> {
  await whileNobodyCopies(dataDir, file, options, async () => {
    const known = (await copyNotes(dataDir))[file.id]
    if (known !== undefined) await noteCopy(dataDir, file.id, { ...known, written: false })
    await update(dataDir, file)
  })
}

/**
 * Takes the copy for another machine's from now on. For when there is no catalog and one is about to begin: what the old one
 * has known, of which its copy may be the last to know, was not removed from the new one.
 */
export async function forgetCopy(dataDir: string, file: RemoteFile, options: LockOptions = {}): Promise<void> {
  if ((await copyNotes(dataDir))[file.id] === undefined) return
  await whileNobodyCopies(dataDir, file, options, () =>
    noteCopy(dataDir, file.id, { role: 'copy', version: null, sent: null, written: false, honoured: null }),
  )
}

const whileNobodyCopies = <T>(dataDir: string, file: RemoteFile, options: LockOptions, work: () => Promise<T>) =>
  withLock(dataDir, `copy the catalog to ${file.title}`, work, { ...options, ...copyLock })

async function update(dataDir: string, file: RemoteFile): Promise<void> {
  const text = await readIfThere(catalogPath(dataDir))
  if (text === null) return
  const sent = sha256(text)
  for (let tries = 0; tries < mostTries; tries += 1) {
    const known = (await copyNotes(dataDir))[file.id] ?? null
    if (known?.written === true && known.sent === sent) return
    const expected = await replaceable(file, text, known)
    const note = { role: 'copy', sent, honoured: null } as const
    await noteCopy(dataDir, file.id, { ...note, version: expected, written: false })
    const done = await file.replace(text, 'copy', expected)
    if (done === 'changed') continue
    // Asked above what is there; between that and this, such a service protects nothing.
    const { version } = done === 'unable' ? await file.overwrite(text, 'copy') : done
    return noteCopy(dataDir, file.id, { ...note, version, written: true })
  }
  throw failed(`${file.title} is changed by others all the time`, howToShare)
}

/** The version of the copy that may be replaced by `text`. Throws status 3 where there is one that may not. */
async function replaceable(file: RemoteFile, text: string, known: CopyNote | null): Promise<string | null> {
  const there = await file.head()
  if (there === null) return null
  if (there.role === 'shared') {
    throw refused(
      `${file.title} is a catalog that several machines share, and was not replaced by this machine's`,
      'set ZFS2S3_CATALOG=bucket here too, or another ZFS2S3_PREFIX',
    )
  }
  if (there.version === known?.version) return there.version
  const read = await file.read()
  if (read === null) return null
  if (isOurs(read, known)) return read.version
  const own = await parseCatalog(text, 'the catalog')
  const unknown = unknownIn(own, await parseCatalog(read.text, file.title))
  if (unknown.length === 0) return read.version
  throw refused(
    `${file.title}, a copy of a catalog, lists what this machine's does not (${listed(unknown.map(edgeTitle))}), and was not replaced`,
    `if it is another machine's: ${howToShare}; if it is an older one of this machine: zfs2s3-graph --from copy shows it, ` +
      'zfs2s3-import adds what you want of it, and if that is nothing, move it away (aws s3 mv)',
  )
}

/** Whether it is what this machine has seen or sent last: another version, if a crash came before that was noted. */
const isOurs = ({ version, text }: RemoteText, known: CopyNote | null): boolean =>
  version === known?.version || sha256(text) === known?.sent

/** How the copy differs from this machine's catalog. */
export type CopyDifference =
  | { readonly is: 'missing' | 'shared' }
  /** Nothing is known of what it lists. */
  | { readonly is: 'unreadable'; readonly why: string; readonly isNewer: boolean }
  /** `unknown`: what it lists and the catalog doesn't. If the copy is this machine's own, that was removed since. */
  | { readonly is: 'other'; readonly isOurs: boolean; readonly unknown: readonly Edge[] }

/** Null where they are the same. Changes nothing; throws a Failure where S3 can't be asked, or the catalog can't be read. */
export async function copyDifference(
  dataDir: string,
  file: RemoteFile,
  options: LockOptions = {},
): Promise<CopyDifference | null> {
  // Without a catalog nobody copies it; and looking makes no data directory.
  if ((await readIfThere(catalogPath(dataDir))) === null) return compare(dataDir, file)
  return whileNobodyCopies(dataDir, file, options, () => compare(dataDir, file))
}

async function compare(dataDir: string, file: RemoteFile): Promise<CopyDifference | null> {
  const text = await readIfThere(catalogPath(dataDir))
  const own = text === null ? [] : await parseCatalog(text, catalogPath(dataDir))
  const read = await file.read().catch((error: unknown) => {
    if (isNotText(error)) return error
    throw error
  })
  if (read === null) return text === null ? null : { is: 'missing' }
  if (read instanceof Failure) return { is: 'unreadable', why: read.message, isNewer: false }
  if (read.role === 'shared') return { is: 'shared' }
  if (read.text === text) return null
  const copied = await parseCatalog(read.text, file.title).catch((error: unknown) => {
    if (error instanceof Failure) return error
    throw error
  })
  if (copied instanceof Failure) return { is: 'unreadable', why: copied.message, isNewer: isNewerFormat(copied) }
  if (text === null && copied.length === 0) return null
  // Without a catalog as in forgetCopy.
  const known = text === null ? null : ((await copyNotes(dataDir))[file.id] ?? null)
  return { is: 'other', isOurs: isOurs(read, known), unknown: unknownIn(own, copied) }
}

const isNotText = (error: unknown): error is Failure =>
  error instanceof Failure && errorCode(error.cause) === 'ERR_ENCODING_INVALID_ENCODED_DATA'

const howToShare = 'use ZFS2S3_CATALOG=bucket on all that share the bucket, or a ZFS2S3_PREFIX for each'

/** Those of `edges` that `own` doesn't have. */
export function unknownIn(own: readonly Edge[], edges: readonly Edge[]): Edge[] {
  const byKey = new Map(own.map(edge => [edge.volumes[0].key, edge]))
  return edges.filter(edge => {
    const [{ key, etag }] = edge.volumes
    const same = byKey.get(key)
    if (same?.snapshot.guid !== edge.snapshot.guid || same.base?.guid !== edge.base?.guid) return true
    const ownTag = same.volumes[0].etag
    return ownTag !== null && etag !== null && ownTag !== etag
  })
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
