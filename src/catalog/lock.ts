/**
 * One writer at a time for a data directory.
 *
 * The lock is a file that says who holds it. It appears complete or not at all, by link(2), which fails if the name is
 * taken. Who finds the holder dead may remove its file, but only while holding another such lock, whose name has the dead
 * one's nonce. That is why several waiters at once are safe: a file with a dead holder's nonce can be removed by one
 * process at a time only, which has looked, under that guard, that it is still this file and not a living successor's. A
 * waiter that is late finds another nonce and removes nothing. A guard whose holder died is removed in the same way.
 */
import { link, open, readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode, notYet } from '../failure.js'
import { fileFailure, makeDirectory, removeIfThere } from './files.js'
import { isDead, ownHolder, parseHolder, type Holder } from './holder.js'

export interface LockOptions {
  /** Which of the directory's locks: the catalog's own, unless another is named. */
  readonly name?: string
  /** How long to wait for another holder, in milliseconds. */
  readonly waitMs?: number
}

/**
 * Does `work` while no other process (and no other part of this one) holds the lock of `dataDir`, which is made if need
 * be. The lock is released however `work` ends; a killed process's lock is taken over by the next one. Throws "not yet"
 * (status 5), naming the holder, if it doesn't come free within `waitMs` (10 s). `purpose` is what others are told then.
 */
export async function withLock<T>(
  dataDir: string,
  purpose: string,
  work: () => Promise<T>,
  { name = 'lock', waitMs = 10_000 }: LockOptions = {},
): Promise<T> {
  await makeDirectory(dataDir)
  const path = join(dataDir, name)
  const me = ownHolder(purpose)
  try {
    await acquire(path, me, performance.now() + waitMs)
    await sweep(path)
  } catch (error) {
    throw errorCode(error) === undefined ? error : fileFailure(`can't lock ${dataDir}`, error)
  }
  try {
    return await work()
  } finally {
    await release(path, me)
  }
}

async function acquire(path: string, me: Holder, deadline: number): Promise<void> {
  for (;;) {
    const text = await textOf(path)
    if (text === null) {
      if (await claim(path, me)) return
      continue
    }
    const holder = parseHolder(text)
    if (holder !== null && isDead(holder)) {
      await removeDead(path, holder, me, deadline)
      continue
    }
    if (performance.now() >= deadline) throw heldBy(path, holder)
    await sleep(10 + Math.random() * 30)
  }
}

/** Takes the lock if nobody has it. */
async function claim(path: string, me: Holder): Promise<boolean> {
  const aside = `${path}.new.${me.nonce}`
  try {
    const file = await open(aside, 'w', 0o600)
    try {
      await file.writeFile(JSON.stringify(me))
      // Without this a power cut could leave a lock without a holder.
      await file.sync()
    } finally {
      await file.close()
    }
    await link(aside, path)
    return true
  } catch (error) {
    // EEXIST: somebody has it. ENOENT: whoever just got it swept ours away.
    if (errorCode(error) === 'EEXIST' || errorCode(error) === 'ENOENT') return false
    throw error
  } finally {
    await removeIfThere(aside)
  }
}

async function removeDead(path: string, dead: Holder, me: Holder, deadline: number): Promise<void> {
  const guard = `${path}.${dead.nonce}`
  await acquire(guard, me, deadline)
  try {
    const text = await textOf(path)
    if (text !== null && parseHolder(text)?.nonce === dead.nonce) await removeIfThere(path)
  } finally {
    await removeIfThere(guard)
  }
}

/** Removes what killed processes left: guards of locks that are gone for good, now that this one is ours, and drafts. */
async function sweep(path: string): Promise<void> {
  const directory = dirname(path)
  const prefix = `${basename(path)}.`
  for (const name of await readdir(directory)) if (name.startsWith(prefix)) await removeIfThere(join(directory, name))
}

async function release(path: string, me: Holder): Promise<void> {
  const text = await textOf(path)
  if (text !== null && parseHolder(text)?.nonce === me.nonce) await removeIfThere(path)
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}

function heldBy(path: string, holder: Holder | null) {
  const orRemove = `or remove ${path} if you are sure that no zfs2s3 command is running`
  if (holder === null) return notYet(`${path} is not a lock of zfs2s3`, `wait, ${orRemove}`)
  const who = `'${holder.purpose}' (process ${holder.pid} on ${holder.host}, since ${holder.since})`
  return notYet(`${path} is held by ${who}`, `wait until that has ended and try again, ${orRemove}`)
}
