import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Fletcher4 } from '#src/stream/fletcher4.js'
import { ReferenceFletcher4 } from './reference.js'
import { cut } from './streams.js'

const of = (...chunks: Uint8Array[]) => {
  const fletcher = new Fletcher4()
  for (const chunk of chunks) fletcher.update(chunk)
  return fletcher.checksum
}

describe('Fletcher-4', () => {
  const cases: [what: string, hex: string, sums: string[]][] = [
    ['of nothing is zero', '', ['0', '0', '0', '0']],
    ['of one word is that word four times', '01000000', ['1', '1', '1', '1']],
    ['reads words little-endian', '00000001', ['16777216', '16777216', '16777216', '16777216']],
    ['sums the sums', '010000000200000003000000', ['6', '10', '15', '21']],
    ['leaves out a rest of 1 to 3 bytes', '01000000ffffff', ['1', '1', '1', '1']],
  ]
  for (const [what, hex, sums] of cases) it(what, () => assert.deepEqual(of(Buffer.from(hex, 'hex')), sums))

  it('is the same however the bytes are cut, and what plain JavaScript makes of them', () => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 5 }),
      (bytes, lengths) => {
        const reference = new ReferenceFletcher4()
        reference.update(bytes)
        assert.deepEqual(of(...cut(bytes, lengths)), reference.checksum)
      },
    )
    fc.assert(property, { numRuns: 200 })
  })

  it('wraps at 64 bits, over more bytes than its memory holds at once', () => {
    const bytes = new Uint8Array(1_000_004).fill(255)
    const reference = new ReferenceFletcher4()
    reference.update(bytes)
    assert.deepEqual(of(bytes), reference.checksum)
    assert.ok(BigInt(reference.checksum[3]) > 2n ** 63n)
  })

  it('goes on from a checksum that was noted', () => {
    const fletcher = new Fletcher4()
    fletcher.checksum = of(Buffer.from('0100000002000000', 'hex'))
    fletcher.update(Buffer.from('03000000', 'hex'))
    assert.deepEqual(fletcher.checksum, ['6', '10', '15', '21'])
  })
})
