import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { weakLocks } from '#src/chain/locks.js'
import { edges, text } from './notation.js'

/** `a>b 5` is locked until June 5; without a number it isn't. */
function weak(...texts: string[]): string[] {
  const all = edges(...texts.map(each => each.split(' ')[0] ?? ''))
  const until = new Map(
    texts.flatMap((each, index) => {
      const [, day] = each.split(' ')
      const edge = all[index]
      return day === undefined || edge === undefined ? [] : [[edge, `2026-06-0${day}T00:00:00Z`] as const]
    }),
  )
  return weakLocks(all, until).map(({ edge, weakest }) => `${text(edge)}: ${text(weakest)}`)
}

describe('a lock that protects nothing', () => {
  const cases: [what: string, edges: string[], expected: string[]][] = [
    ['nothing is locked', ['a', 'a>b'], []],
    ['only a full stream is', ['a 1', 'a>b'], []],
    ['all are for the same time', ['a 5', 'a>b 5', 'b>c 5'], []],
    ['what is needed is for longer', ['a 7', 'a>b 6', 'b>c 5'], []],
    ['the base is not locked', ['a', 'a>b 5'], ['a>b: a']],
    ['the base unlocks earlier', ['a 4', 'a>b 5'], ['a>b: a']],
    ['one far back does', ['a 4', 'a>b 9', 'b>c 5'], ['a>b: a', 'b>c: a']],
    ['another way is locked for long enough', ['a 5', 'a>b', 'b>c', 'a>c 5', 'c>d 5'], []],
    ['no way is', ['a 5', 'a>b', 'b>c 5', 'a>c 4', 'c>d 5'], ['b>c: a>b', 'c>d: a>c']],
    ['a package needs two', ['a 5', 'x 4', 'a+x>b 5'], ['a+x>b: x']],
    ['a cycle supports nothing', ['a', 'a>b 5', 'b>a 5'], ['a>b: a', 'b>a: a']],
  ]
  for (const [what, list, expected] of cases) it(what, () => assert.deepEqual(weak(...list), expected))

  it('is found in a chain of 20,000 in no time', () => {
    const all = edges('0', ...Array.from({ length: 20_000 }, (_, at) => `${at}>${at + 1}`))
    const until = new Map(all.map((edge, at) => [edge, new Date(2_000_000_000_000 - at * 1000).toISOString()]))
    const start = performance.now()
    assert.deepEqual(weakLocks(all, until), [])
    assert.ok(performance.now() - start < 5000)
  })
})
