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
    const rest = Array.from({ length: 5000 }, () => pieces.take())
    assert.equal(pieces.memory?.holds(rest.at(-1) ?? new Uint8Array()), false)
    assert.ok(rest.every(piece => piece.length === length))
  })

  it('of which no thread is to be told are not shared', () => {
    assert.ok(Pieces.unshared(length).take().buffer instanceof ArrayBuffer)
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
  const lentBy = (pieces: Pieces) => pieces.lend() ?? assert.fail('there is one')

  it('are two at a time', () => {
    const pieces = Pieces.inMemory(length, 9)
    const first = lentBy(pieces)
    lentBy(pieces)
    assert.equal(pieces.lend(), null)
    pieces.returned(first)
    assert.equal(lentBy(pieces).piece, first.piece)
  })

  it('that are kept come back from who keeps them, and no more than there should be are out', () => {
    const pieces = Pieces.inMemory(length, 3)
    let told = 0
    pieces.onFree = () => (told += 1)
    const kept: Uint8Array[] = []
    for (let turn = 0; turn < 3; turn++) {
      const lent = lentBy(pieces)
      kept.push(pieces.keep(lent.piece.subarray(0, 10)) ?? assert.fail('it is kept'))
      assert.equal(kept[turn], lent.piece)
      pieces.returned(lent)
    }
    assert.equal(pieces.lend(), null)
    assert.equal(told, 0)
    pieces.give(kept[1] ?? new Uint8Array())
    assert.equal(told, 1)
    assert.equal(lentBy(pieces).piece, kept[1])
  })

  it('are kept by their first byte, and by nothing else', () => {
    const pieces = Pieces.inMemory(length, 3)
    const { piece } = lentBy(pieces)
    for (const other of [piece.subarray(1), piece.slice(), new Uint8Array(length)])
      assert.equal(pieces.keep(other), null)
    assert.equal(pieces.keep(piece.subarray(0, 1)), piece)
    assert.equal(pieces.keep(piece), null)
  })

  it('that were kept, given back and lent again before the first borrower returns them stay with the second', () => {
    const pieces = Pieces.inMemory(length, 1)
    const first = lentBy(pieces)
    pieces.give(pieces.keep(first.piece) ?? assert.fail('it is kept'))
    const second = lentBy(pieces)
    assert.equal(second.piece, first.piece)
    pieces.returned(first)
    assert.equal(pieces.lend(), null)
    pieces.returned(second)
    assert.ok(pieces.lend() !== null)
  })

  it('are not given back twice', () => {
    const pieces = Pieces.inMemory(length, 2)
    const piece = pieces.take()
    pieces.give(piece)
    assert.throws(() => {
      pieces.give(piece)
    }, /given back twice/)
  })
})
