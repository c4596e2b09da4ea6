import fc from 'fast-check'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checksumOfParts, runningChecksum } from './checksums.js'
import type { CrcName } from './crc.js'
import { crc } from './crc.js'

const digestOf = (name: CrcName, data: Uint8Array): Buffer => {
  const running = crc(name)
  running.update(data)
  return running.digest()
}

// The check values of Greg Cook's catalogue of CRC algorithms: CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME.
const checkValues: [CrcName, string][] = [
  ['CRC32', 'cbf43926'],
  ['CRC32C', 'e3069283'],
  ['CRC64NVME', 'ae8b14860a799888'],
]

describe('cyclic redundancy checks', () => {
  for (const [name, value] of checkValues) {
    it(`${name} has its check value`, () =>
      assert.equal(digestOf(name, Buffer.from('123456789')).toString('hex'), value))

    it(`${name} of parts is that of the whole`, () => {
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1 }), pieces => {
          const parts = pieces.map(piece => ({
            checksum: digestOf(name, piece).toString('base64'),
            size: piece.length,
          }))
          const whole = digestOf(name, Buffer.concat(pieces)).toString('base64')
          assert.deepEqual(checksumOfParts(name, 'FULL_OBJECT', parts), {
            algorithm: name,
            type: 'FULL_OBJECT',
            value: whole,
          })
        }),
      )
    })
  }
})

it("a composite checksum is over the parts' and names their number", () => {
  const parts = ['one', 'two'].map(text => {
    const running = runningChecksum('SHA256')
    running.update(Buffer.from(text))
    return { checksum: running.digest().toString('base64'), size: 3 }
  })
  // (printf one | openssl dgst -sha256 -binary; printf two | openssl ...) | openssl dgst -sha256 -binary | base64
  assert.equal(checksumOfParts('SHA256', 'COMPOSITE', parts).value, 'EZFMGaKKmMV9EvPM5sMreUR4T0tHgacGwk6x3ChOKFY=-2')
})
