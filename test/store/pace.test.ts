/** A limit holds whoever shares it, and each gets its share. Real time: what is promised is a rate. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Pace } from '#src/store/pace.js'

const rate = 20_000_000

/** Passes `bytes` in pieces; gives the seconds that it took. */
async function pass(pace: Pace, bytes: number, piece: number): Promise<number> {
  const started = performance.now()
  for (let done = 0; done < bytes; done += piece) await pace.pass(Math.min(piece, bytes - done))
  return (performance.now() - started) / 1000
}

describe('a limit of 20 MB a second', () => {
  for (const piece of [16_384, 65_536, 1_000_000]) {
    it(`holds for pieces of ${piece} bytes`, async () => {
      const seconds = await pass(new Pace(rate), rate, piece)
      assert.ok(seconds > 0.95 && seconds < 1.05, `${seconds} s`)
    })
  }

  it('holds for four at a time, and none is left behind', async () => {
    const pace = new Pace(rate)
    const each = await Promise.all([1, 2, 3, 4].map(() => pass(pace, rate / 4, 65_536)))
    assert.ok(
      each.every(seconds => seconds > 0.7 && seconds < 1.05),
      each.join(' '),
    )
  })

  it('does not let pass at once what was not used for long', async () => {
    const pace = new Pace(rate)
    await new Promise(resolve => setTimeout(resolve, 1000))
    const seconds = await pass(pace, rate, 65_536)
    assert.ok(seconds > 0.85, `${seconds} s`)
  })
})
