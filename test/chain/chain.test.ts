import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isSound, receiveOrder, restorable, unsupported } from '#src/chain/chain.js'
import { anyGraph, isSupported, restorableSlowly } from './brute-force.js'
import { edge, edges, snapshot, text } from './notation.js'

describe('what is restorable', () => {
  const cases: [what: string, given: string[], restorable: string, unsupported: string[]][] = [
    ['nothing of nothing', [], '', []],
    ['a full stream', ['a'], 'a', []],
    ['not an increment without its base', ['a>b'], '', ['a>b']],
    ['a chain, in whatever order it is listed', ['b>c', 'a>b', 'a'], 'abc', []],
    ['what is behind a gap is not', ['a', 'b>c', 'c>d'], 'a', ['b>c', 'c>d']],
    ['a cycle of increments supports nothing', ['a>b', 'b>c', 'c>a'], '', ['a>b', 'b>c', 'c>a']],
    ['a cycle that hangs on a full stream is fine', ['a', 'a>b', 'b>a'], 'ab', []],
    ['two full streams', ['a', 'b', 'a>c', 'b>c'], 'abc', []],
    ['a package brings all that it provides', ['a', 'a>b+c', 'b>x', 'c>y'], 'abcxy', []],
    ['a package needs all that it needs', ['a', 'a+b>c'], 'a', ['a+b>c']],
    ['a full package', ['a+b', 'b>c'], 'abc', []],
  ]
  for (const [what, given, labels, left] of cases) {
    it(what, () => {
      const all = edges(...given)
      assert.deepEqual(restorable(all), new Set(Array.from(labels, label => snapshot(label).guid)))
      assert.deepEqual(unsupported(all).map(text), left)
      assert.equal(isSound(all), left.length === 0)
    })
  }

  it('is what going over all edges until nothing changes finds', () => {
    fc.assert(
      fc.property(anyGraph, all => {
        assert.deepEqual(restorable(all), restorableSlowly(all))
        assert.deepEqual(
          unsupported(all),
          all.filter(one => !isSupported(one, all)),
        )
      }),
      { numRuns: 500 },
    )
  })
})

describe('the receive order', () => {
  const cases: [what: string, given: string[], order: string[]][] = [
    ['puts a base before what needs it', ['b>c', 'a>b', 'a'], ['a', 'a>b', 'b>c']],
    ['leaves as it was what can stay', ['a', 'x', 'a>b', 'x>y', 'a>c'], ['a', 'x', 'a>b', 'x>y', 'a>c']],
    ['puts what has no support at the end, bases first', ['c>d', 'b>c', 'x', 'x>y'], ['x', 'x>y', 'b>c', 'c>d']],
    ['puts cycles last', ['p>q', 'q>p', 'c>d', 'a'], ['a', 'c>d', 'p>q', 'q>p']],
  ]
  for (const [what, given, order] of cases) {
    it(what, () => assert.deepEqual(receiveOrder(edges(...given)).map(text), order))
  }

  it('is by the time of storing as far as bases allow; unknown times come first', () => {
    const at = (day: number) => ({ stored: `2026-01-0${day}T00:00:00Z` })
    const all = [edge('a>c', at(3)), edge('a>b', at(4)), edge('x', at(1)), edge('a', at(2)), edge('y')]
    assert.deepEqual(receiveOrder(all).map(text), ['y', 'x', 'a', 'a>c', 'a>b'])
  })

  it('has all edges once, and each supported one behind support', () => {
    fc.assert(
      fc.property(anyGraph, all => {
        const order = receiveOrder(all)
        assert.deepEqual(new Set(order), new Set(all))
        assert.equal(order.length, all.length)
        order.forEach((one, index) => {
          assert.equal(isSupported(one, order.slice(0, index)), isSupported(one, all))
        })
      }),
      { numRuns: 500 },
    )
  })
})

it('a chain of 100,000 links is no problem', () => {
  const links = Array.from({ length: 100_000 }, (_, n) => (n === 0 ? 's0' : `s${n - 1}>s${n}`))
  const all = edges(...links).reverse()
  assert.equal(restorable(all).size, all.length)
  assert.deepEqual(receiveOrder(all), all.reverse())
})
