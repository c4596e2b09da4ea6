import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { holdingBack } from '#src/stream/tail.js'

const kibibyte = 1024
const held = 128 * kibibyte

const chunkOf = (length: number, seed: number) =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 7 + seed + (at >> 8)) % 251))

/** What comes out before the end is known, and then; a taker that is one piece behind, as it may be. */
function passed(chunks: readonly Buffer[]): { before: Buffer; after: Buffer } {
  const tail = holdingBack(null)
  const before: Buffer[] = []
  let late: Uint8Array | undefined
  for (const chunk of chunks) {
    for (const piece of tail.push(chunk)) {
      if (late !== undefined) before.push(Buffer.from(late))
      late = piece
    }
  }
  if (late !== undefined) before.push(Buffer.from(late))
  return { before: Buffer.concat(before), after: Buffer.concat(tail.end()) }
}

describe('the tail of a stream', () => {
  const cases: [what: string, lengths: number[], held: number][] = [
    ['nothing', [], 0],
    ['one byte', [1], 1],
    ['a short chunk, all of it', [1000], 1000],
    ['of a long one its end', [held + 5], held],
    ['the last of several', [held * 3, 10, held * 2, 500], 500],
    ['as much as is held of one that is just so long', [held], held],
  ]
  for (const [what, lengths, expected] of cases) {
    it(`holds back ${what}`, () => {
      const chunks = lengths.map(chunkOf)
      const { before, after } = passed(chunks)
      assert.equal(after.length, expected)
      assert.ok(Buffer.concat([before, after]).equals(Buffer.concat(chunks)))
    })
  }

  it('changes no byte, however the stream is cut', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 300 * kibibyte }), { maxLength: 8 })
    fc.assert(
      fc.property(lengths, lengths => {
        const chunks = lengths.map(chunkOf)
        const { before, after } = passed(chunks)
        assert.ok(Buffer.concat([before, after]).equals(Buffer.concat(chunks)))
      }),
      { numRuns: 30 },
    )
  })
})

describe('the end of a stream whose length is known', () => {
  const cases: [what: string, lengths: number[], passing: number[]][] = [
    ['nothing', [], []],
    ['one byte', [1], []],
    ['no more than the end of a long chunk', [held + 5], [5]],
    ['nothing of the chunks before it', [held * 3, held * 2], [held * 3, held]],
    ['what lies in several chunks', [held, 1, held - 2, 1], [held]],
  ]
  for (const [what, lengths, passing] of cases) {
    it(`holds back ${what}, wherever its memory is used again`, () => {
      const chunks = lengths.map(chunkOf)
      const whole = Buffer.concat(chunks)
      const end = holdingBack(whole.length)
      const before: Buffer[] = []
      for (const chunk of chunks) {
        for (const piece of end.push(chunk)) before.push(Buffer.from(piece))
        chunk.fill(0)
      }
      assert.deepEqual(
        before.map(({ length }) => length),
        passing,
      )
      assert.ok(Buffer.concat([...before, ...end.end()]).equals(whole))
    })
  }
})
