/**
 * Object lock on a new stream. A lock means something only if all that a restore needs is locked at least as long: so that
 * comes first, and only then is the new object completed (docs/design.md, Locks).
 */
import type { Edge, Snapshot, Volume } from '../../chain/edge.js'
import { plan } from '../../chain/plan.js'
import { refused } from '../../failure.js'
import { notInBucket } from '../../store/errors.js'
import { extension, holds, type Lock } from '../../store/lock.js'
import { type Patience, patiently } from '../../store/patience.js'
import type { Bucket } from '../../store/s3.js'
import { inOrder } from '../../store/window.js'

/** How many objects are asked about or locked at a time. */
const inFlight = 32

/** Throws status 3 where the bucket can't lock objects; to be asked before anything is sent. */
export async function demandObjectLock(bucket: Bucket, signal: AbortSignal): Promise<void> {
  if ((await bucket.configuration.objectLock(signal)) !== null) return
  throw refused(
    `bucket ${bucket.name} has no object lock`,
    'switch it on (which also needs versioning, and can never be undone): aws s3api put-bucket-versioning --bucket ' +
      `${bucket.name} --versioning-configuration Status=Enabled && aws s3api put-object-lock-configuration --bucket ` +
      `${bucket.name} --object-lock-configuration ObjectLockEnabled=Enabled`,
  )
}

/**
 * Locks the cheapest path to each needed snapshot. One is enough, since what is locked can't be removed: if another one
 * becomes cheaper, that is the one which the next stream locks.
 */
export async function lockNeeded(
  bucket: Bucket,
  edges: readonly Edge[],
  needs: readonly Snapshot[],
  lock: Lock,
  patience: Patience,
): Promise<void> {
  const path = new Set(needs.flatMap(need => plan(edges, need, { prefer: 'bytes', have: [], mayRestart: true })))
  const volumes = [...path].flatMap(edge => edge.volumes)
  await lockObjects(bucket, volumes, lock, patience)
}

/** Locks objects at least as `lock` says, unless that has run out. Throws status 3 if one is not there. */
export async function lockObjects(
  bucket: Bucket,
  volumes: readonly Volume[],
  lock: Lock,
  patience: Patience,
): Promise<void> {
  if (!holds(lock, new Date())) return
  const work = ({ key }: Volume, signal: AbortSignal) =>
    patiently(() => lockObject(bucket, key, lock, signal), { ...patience, signal })
  const locked = inOrder(volumes, inFlight, patience.signal, work)
  for (let next = await locked.next(); next.done !== true;) next = await locked.next()
}

async function lockObject(bucket: Bucket, key: string, lock: Lock, signal: AbortSignal): Promise<void> {
  const object = await bucket.head(key, signal)
  if (object === null) throw notInBucket(bucket.name, key)
  const needed = extension(object.lock, lock, new Date())
  if (needed !== null) await bucket.retain(key, needed, signal)
}
