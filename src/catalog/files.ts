/** Files that must survive: read without mistaking "can't" for "isn't there", replaced as a whole or not at all. */
import { constants } from 'node:fs'
import { lstat, mkdir, open, readFile, realpath, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode, failed, messageOf, type Failure } from '../failure.js'

const reasons: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  EACCES: ['permission denied', 'run this as the user whose catalog it is'],
  EPERM: ['not permitted', 'see whether it is immutable, or run this as the user whose catalog it is'],
  ENOSPC: ['the disk is full', 'free some space and try again'],
  EDQUOT: ['the disk quota is used up', 'free some space and try again'],
  EROFS: ['the filesystem is read-only', 'remount it, or set ZFS2S3_DATA_DIR to a directory elsewhere'],
  ENOENT: ['it, or what its symbolic link points to, is not there', 'mount or mend what it points to'],
  ENOTDIR: ['a part of that path is not a directory', 'move the file in its way aside, or set ZFS2S3_DATA_DIR'],
  EEXIST: ['there is a file of that name', 'move it aside, or set ZFS2S3_DATA_DIR'],
  EISDIR: ['it is a directory', 'move it aside'],
  ELOOP: ['its symbolic links lead in a circle', 'mend the link'],
}

/** The Failure for a system error: `what` says what could not be done, as in `can't read PATH`. */
export function fileFailure(what: string, error: unknown): Failure {
  const [why, remedy] = reasons[errorCode(error) ?? ''] ?? [messageOf(error), undefined]
  return failed(`${what}: ${why}`, remedy, error)
}

/**
 * A file's text, or null if it isn't there. That is said only where neither it nor a symbolic link of its name exists;
 * all else that keeps it from being read, as bytes that are not UTF-8 do, is a Failure.
 */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    if (!(await isThere(path))) return null
    const info = await stat(path)
    if (info.isDirectory()) throw failed(`can't read ${path}: it is a directory`, 'move it aside')
    if (!info.isFile()) throw failed(`can't read ${path}: it is not a regular file`, 'move it aside')
    const bytes = await readFile(path)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw failed(`${path} is damaged: it is not text`, 'restore it from a copy, or rebuild it from the bucket', error)
    }
    if (code === 'ENOENT') {
      throw failed(`can't read ${path}: its symbolic link leads nowhere`, 'mount or mend what it points to', error)
    }
    throw code === undefined ? error : fileFailure(`can't read ${path}`, error)
  }
}

/** Throws ENOENT where a directory above is a symbolic link that leads nowhere: its files may be elsewhere. */
async function isThere(path: string): Promise<boolean> {
  for (let at = path; ;) {
    try {
      if ((await lstat(at)).isSymbolicLink()) await stat(at)
      return at === path
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || at === dirname(at)) throw error
      const now = await lstat(at).catch(() => null)
      if (now?.isSymbolicLink() === true) throw error
      // Else it has been made in between, and is looked at again.
      if (now === null) at = dirname(at)
    }
  }
}

/** Makes a directory, and those above it, for its owner only. */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw fileFailure(`can't make the directory ${path}`, error)
  }
}

/**
 * Replaces a file by `text`, through a new file beside it: at every moment, power cuts included, it is the old one or
 * the new one. A new file is for its owner only; one that was there keeps its mode and owner. Where the name is a
 * symbolic link, its target is replaced, so that who keeps the file elsewhere keeps doing so.
 * One caller at a time: to be called under the lock.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  let aside = ''
  try {
    const target = (await isThere(path)) ? await realpath(path) : path
    const old = await stat(target).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return null
      throw error
    })
    aside = `${target}.new`
    await removeIfThere(aside)
    const file = await open(aside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    try {
      if (old !== null) {
        if (process.getuid?.() === 0) await file.chown(old.uid, old.gid)
        await file.chmod(old.mode & 0o7777)
      }
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(aside, target)
    aside = ''
    await syncDirectory(dirname(target))
  } catch (error) {
    if (aside !== '') await unlink(aside).catch(() => undefined)
    throw fileFailure(`can't write ${path}`, error)
  }
}

/** Removes a file for good; that it is gone already is fine. */
export async function removeFile(path: string): Promise<void> {
  try {
    await removeIfThere(path)
    await syncDirectory(dirname(path))
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw fileFailure(`can't remove ${path}`, error)
  }
}

/** unlink, but that nothing is there is fine. */
export async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
  })
}

/** Makes names that were created, replaced or removed in a directory survive a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY)
  try {
    await directory.sync()
  } catch (error) {
    // Some network filesystems can't do that with directories; then there is nothing more to be had.
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes(errorCode(error) ?? '')) throw error
  } finally {
    await directory.close()
  }
}
