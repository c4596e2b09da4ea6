/** Trying again while S3 is out of reach: longer than the SDK does by itself, since an upload may have hours behind it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isPassing } from './errors.js'

/** First and longest pause between two tries, in milliseconds; between them it doubles. */
const firstPauseMs = 500
const longestPauseMs = 30_000

/** How long to wait, and what ends the waiting. */
export interface Patience {
  /** How long S3 may be out of reach, in milliseconds. */
  readonly retryForMs: number
  readonly signal: AbortSignal
}

/**
 * What `work` gives; it is told how often it was tried before. A passing error is waited out with growing, random pauses
 * until `retryForMs` have gone by since the first one; any other error, and the last one, is thrown as it is.
 */
export async function patiently<T>(
  work: (triesBefore: number) => Promise<T>,
  { retryForMs, signal }: Patience,
): Promise<T> {
  let since: number | undefined
  for (let tries = 0; ; tries += 1) {
    try {
      return await work(tries)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      since ??= performance.now()
      const left = retryForMs - (performance.now() - since)
      if (!isPassing(error) || left <= 0) throw error
      const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** tries)
      // Random, so that several parts that failed together don't come back together (full jitter).
      await sleep(Math.min(left, pause * (0.5 + Math.random() / 2)), undefined, { signal }).catch(() => {
        throw signal.reason
      })
    }
  }
}
