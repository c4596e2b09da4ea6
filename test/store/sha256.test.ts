/** The digest of a part is the same wherever it is computed. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { Sha256, sha256Of } from '#src/store/sha256.js'

const mebibyte = 1024 * 1024

const shared = (length: number, seed: number): Buffer => {
  const bytes = Buffer.from(new SharedArrayBuffer(length))
  for (let at = 0; at < length; at += 4096) bytes.writeUInt8((at / 4096 + seed) % 256, at)
  return bytes
}

const expected = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('the SHA-256 of a part', () => {
  const cases: [what: string, bytes: Uint8Array][] = [
    ['of no bytes', shared(0, 0)],
    ['of few', shared(4096, 1)],
    ['of as many as are worth a thread', shared(mebibyte, 2)],
    ['of one less', shared(mebibyte, 3).subarray(1)],
    ['of a piece of some memory', shared(4 * mebibyte, 4).subarray(4097, 3 * mebibyte)],
    ['of memory that is not shared', new Uint8Array(2 * mebibyte).fill(5)],
  ]
  for (const [what, bytes] of cases) {
    it(what, async () => assert.equal((await sha256Of(bytes)).toString('hex'), expected(bytes)))
  }

  it('of several at once, each its own', async () => {
    const parts = Array.from({ length: 8 }, (_, index) => shared((1 + (index % 3)) * mebibyte, index))
    const digests = await Promise.all(parts.map(sha256Of))
    assert.deepEqual(
      digests.map(digest => digest.toString('hex')),
      parts.map(expected),
    )
  })

  it('of memory that is used again as soon as its digest is there', async () => {
    const memory = shared(mebibyte, 0)
    for (let turn = 0; turn < 5; turn++) {
      memory.fill(turn)
      assert.equal((await sha256Of(memory)).toString('hex'), expected(memory))
    }
  })
})

describe('the SHA-256 of bytes that come piece by piece', () => {
  const cases: [what: string, pieces: Buffer[]][] = [
    ['of none', []],
    ['of few', [shared(10, 1), shared(20, 2)]],
    ['of many', [shared(2 * mebibyte, 1), shared(mebibyte, 2), shared(7, 3)]],
    ['of few, and then many', [shared(7, 1), shared(2 * mebibyte, 2)]],
    ['of memory that is not shared', [Buffer.alloc(2 * mebibyte, 1), shared(2 * mebibyte, 2)]],
  ]
  for (const [what, pieces] of cases) {
    it(what, async () => {
      const hash = new Sha256()
      await Promise.all(pieces.map(piece => hash.update(piece)))
      assert.equal((await hash.digest()).toString('hex'), expected(Buffer.concat(pieces)))
    })
  }

  it('several at once, each its own', async () => {
    const piece = shared(mebibyte, 5)
    const hashes = Array.from({ length: 4 }, () => new Sha256())
    for (let turn = 0; turn < 3; turn++) await Promise.all(hashes.map(hash => hash.update(piece)))
    const digests = await Promise.all(hashes.map(hash => hash.digest()))
    const right = expected(Buffer.concat([piece, piece, piece]))
    assert.deepEqual(new Set(digests.map(digest => digest.toString('hex'))), new Set([right]))
  })
})
