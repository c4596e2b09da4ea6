/** The bucket that a command works with, from its first request to its last. */
import { type Context, Interrupted } from '../cli/command.js'
import { type BucketSettings, bucketSettings } from '../cli/settings.js'
import { Unfinished } from '../failure.js'
import { Bucket } from '../store/s3.js'

/**
 * Opens the bucket for `work`, and closes it however that ends. What fails once the command is interrupted fails because of that:
 * then the interruption is thrown, with what is left unfinished.
 */
export async function withBucket<T>(
  context: Context,
  work: (bucket: Bucket) => Promise<T>,
  place: BucketSettings = bucketSettings(context),
): Promise<T> {
  const { signal } = context
  const bucket = await Bucket.open(place)
  try {
    return await work(bucket)
  } catch (error) {
    throw signal.aborted ? interruption(signal.reason, error) : error
  } finally {
    bucket.close()
  }
}

/** What an interruption is to say where `error` was thrown as well. */
function interruption(reason: unknown, error: unknown): unknown {
  if (error instanceof Interrupted) return error
  return reason instanceof Interrupted && error instanceof Unfinished
    ? new Interrupted(reason.signal, error.left)
    : reason
}
