/** Doing several things at a time and taking the results in order. */
import { setMaxListeners } from 'node:events'

/**
 * The results of `work` on each item, in the items' order. At most `limit` are under way or wait to be taken: whoever is
 * slow to take them holds back the work, not memory. When one fails, or the taker leaves, the others' signal is aborted, and
 * they are waited for.
 */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  limit: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): AsyncGenerator<R> {
  const left = new AbortController()
  const either = AbortSignal.any([signal, left.signal])
  // Every request under way listens to it; Node would warn of more than ten.
  setMaxListeners(0, either)
  const rest = items[Symbol.iterator]()
  const underWay: Promise<R>[] = []
  const fill = () => {
    while (underWay.length < limit) {
      const next = rest.next()
      if (next.done === true) return
      const result = work(next.value, either)
      // It is looked at in its turn; until then its failure is nobody's.
      result.catch(() => undefined)
      underWay.push(result)
    }
  }
  try {
    fill()
    for (let first = underWay[0]; first !== undefined; first = underWay[0]) {
      const result = await first
      yield result
      void underWay.shift()
      fill()
    }
  } finally {
    left.abort()
    await Promise.allSettled(underWay)
  }
}
