import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inOrder } from '#src/store/window.js'
import { all } from './buckets.js'

const never = new AbortController().signal

/** Work that ends when it is told to. */
function controlled() {
  const ends = new Map<number, { resolve: (value: number) => void; reject: (error: Error) => void }>()
  const aborted: number[] = []
  const work = (item: number, signal: AbortSignal) =>
    new Promise<number>((resolve, reject) => {
      ends.set(item, { resolve, reject })
      signal.addEventListener('abort', () => {
        aborted.push(item)
        reject(new Error('aborted'))
      })
    })
  return { work, aborted, begun: () => [...ends.keys()], end: (item: number) => ends.get(item)?.resolve(item * 10) }
}

describe('several things at a time, in order', () => {
  const cases: [what: string, items: number[], limit: number][] = [
    ['nothing', [], 3],
    ['one item', [1], 3],
    ['one at a time', [1, 2, 3], 1],
    ['as many as there are', [1, 2, 3], 3],
    ['fewer than may be', [1, 2], 8],
  ]
  for (const [what, items, limit] of cases) {
    it(`${what}: every item's result, in the items' order`, async () => {
      const results = await all(inOrder(items, limit, never, item => Promise.resolve(item * 10)))
      assert.deepEqual(
        results,
        items.map(item => item * 10),
      )
    })
  }

  it('waits for the first although the others are done, and begins no more than the limit', async () => {
    const { work, begun, end } = controlled()
    const results = inOrder([1, 2, 3, 4, 5], 3, never, work)
    const first = results.next()
    end(2)
    end(3)
    assert.deepEqual(begun(), [1, 2, 3])
    end(1)
    assert.deepEqual(await first, { value: 10, done: false })
    // What was taken may still be in use; the next one begins when more is asked for.
    assert.deepEqual(begun(), [1, 2, 3])
    assert.deepEqual(await results.next(), { value: 20, done: false })
    assert.deepEqual(begun(), [1, 2, 3, 4])
    await results.return(undefined)
  })

  it('ends the others when the taker leaves', async () => {
    const { work, aborted, end } = controlled()
    const results = inOrder([1, 2, 3], 3, never, work)
    const first = results.next()
    end(1)
    await first
    await results.return(undefined)
    assert.deepEqual(aborted.sort(), [1, 2, 3])
  })

  it('throws the first failure in its turn, and ends the others', async () => {
    const { work, aborted } = controlled()
    const results = inOrder([1, 2, 3], 3, never, (item, signal) =>
      item === 2 ? Promise.reject(new Error('no')) : item === 1 ? Promise.resolve(1) : work(item, signal),
    )
    assert.equal((await results.next()).value, 1)
    await assert.rejects(results.next(), /no/)
    assert.deepEqual(aborted, [3])
  })

  it('ends all when the signal is aborted', async () => {
    const outer = new AbortController()
    const { work, aborted } = controlled()
    const results = inOrder([1, 2], 2, outer.signal, work)
    const first = results.next()
    outer.abort()
    await assert.rejects(first, /aborted/)
    assert.deepEqual(aborted, [1, 2])
  })
})
