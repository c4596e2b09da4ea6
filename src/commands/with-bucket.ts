/** The bucket that a command works with, from its first request to its last. */
import { type Context, Interrupted } from '../cli/command.js'
import { type BucketSettings, bucketSettings } from '../cli/settings.js'
import { Bucket } from '../store/s3.js'

/**
 * Opens the bucket for `work`, and closes it however that ends. What fails once the command is interrupted fails because of that:
 * then the interruption is thrown, unless what is thrown already says more of it.
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
    throw signal.aborted && !(error instanceof Interrupted) ? signal.reason : error
  } finally {
    bucket.close()
  }
}
