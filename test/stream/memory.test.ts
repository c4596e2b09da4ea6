/** Memory that is taken once, piece by piece. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Fletcher4, fletcher4Bytes } from '#src/stream/fletcher4.js'
import { StreamMemory } from '#src/stream/memory.js'

it('gives pieces that do not overlap, as long as there is room', () => {
  const memory = new StreamMemory(64 * 1024)
  const [first, second] = [memory.take(100), memory.take(1000)]
  assert.ok(first !== null && second !== null)
  assert.deepEqual([first.length, second.length], [100, 1000])
  assert.ok(first.byteOffset + first.length <= second.byteOffset)
  assert.ok(memory.holds(first) && !memory.holds(new Uint8Array(1)))
  assert.equal(memory.take(64 * 1024), null)
  assert.equal(memory.take(60 * 1024)?.length, 60 * 1024)
})

it('has room for several checksums, which do not touch each other; the next one has memory of its own', () => {
  const memory = new StreamMemory(2 * fletcher4Bytes)
  const sums = Array.from({ length: 3 }, () => new Fletcher4(memory))
  sums.forEach((sum, index) => sum.update(Uint8Array.of(index + 1, 0, 0, 0)))
  assert.deepEqual(
    sums.map(({ checksum: [first] }) => first),
    ['1', '2', '3'],
  )
  assert.deepEqual(
    sums.map(sum => sum.memory === memory),
    [true, true, false],
  )
})
