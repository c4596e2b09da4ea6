/** Pieces of memory: who has them, and how many there are. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Pieces } from '#src/stream/pieces.js'

const length = 1000

describe('pieces', () => {
  it('are as many as are out at a time, and shared between threads', () => {
    const pieces = Pieces.anywhere(length)
    const seen = new Set<Uint8Array>()
    for (let turn = 0; turn < 5; turn++) {
      const both = [pieces.take(), pieces.take()]
      for (const piece of both) {
        assert.equal(piece.length, length)
        assert.ok(piece.buffer instanceof SharedArrayBuffer)
        seen.add(piece)
        pieces.give(piece)
      }
    }
    assert.equal(seen.size, 2)
  })

  it('lie in one memory, where what is checked needs no copy, as far as it goes', () => {
    const pieces = Pieces.inMemory(length, 2)
    const places = Array.from({ length: 2 }, () => pieces.take()).map(piece => pieces.memory?.holds(piece))
    assert.deepEqual(places, [true, true])
    // Others can be had, elsewhere.
    const rest = Array.from({ length: 500 }, () => pieces.take())
    assert.equal(pieces.memory?.holds(rest.at(-1) ?? new Uint8Array()), false)
    assert.ok(rest.every(piece => piece.length === length))
  })

  it('of 5 GiB each are not promised in one memory', () => {
    assert.equal(Pieces.inMemory(5 * 2 ** 30, 5).memory, null)
  })

  it('that are retired are free once another one is', () => {
    const pieces = Pieces.anywhere(length)
    const [first, second] = [pieces.take(), pieces.take()]
    pieces.retire(first)
    assert.ok(![first, second].includes(pieces.take()))
    pieces.retire(second)
    assert.equal(pieces.take(), first)
  })
})

describe('pieces that are lent', () => {
  it('are two at a time', () => {
    const pieces = Pieces.inMemory(length, 9)
    const lent = [pieces.lend(), pieces.lend()]
    assert.ok(lent.every(piece => piece !== null))
    assert.equal(pieces.lend(), null)
    pieces.returned(lent[0] ?? new Uint8Array())
    assert.equal(pieces.lend(), lent[0])
  })

  it('that are kept come back from who keeps them, and no more than there should be are out', () => {
    const pieces = Pieces.inMemory(length, 3)
    let told = 0
    pieces.onFree = () => (told += 1)
    const kept: (Uint8Array | null)[] = []
    for (let turn = 0; turn < 3; turn++) {
      const piece = pieces.lend()
      assert.ok(piece !== null)
      kept.push(pieces.keep(piece.subarray(0, 10)))
      assert.equal(kept[turn], piece)
      pieces.returned(piece)
    }
    assert.equal(pieces.lend(), null)
    assert.equal(told, 0)
    pieces.give(kept[1] ?? new Uint8Array())
    assert.equal(told, 1)
    assert.equal(pieces.lend(), kept[1])
  })

  it('are kept by their first byte, and by nothing else', () => {
    const pieces = Pieces.inMemory(length, 3)
    const piece = pieces.lend()
    assert.ok(piece !== null)
    for (const other of [piece.subarray(1), piece.slice(), new Uint8Array(length)])
      assert.equal(pieces.keep(other), null)
    assert.equal(pieces.keep(piece.subarray(0, 1)), piece)
    assert.equal(pieces.keep(piece), null)
  })
})
