/** The cyclic redundancy checks that S3 takes, and how those of two pieces give that of the whole. */
import { crc32 as zlibCrc32 } from 'node:zlib'

/** A CRC in progress. */
export interface Crc {
  update(chunk: Uint8Array): void
  /** The value, big-endian, as S3 writes it. */
  digest(): Buffer
}

/** Reflected polynomials: CRC-32 (ISO 3309), CRC-32C (Castagnoli) and CRC-64/NVME, with their widths in bits. */
const polynomials = {
  CRC32: { width: 32n, polynomial: 0xedb88320n },
  CRC32C: { width: 32n, polynomial: 0x82f63b78n },
  CRC64NVME: { width: 64n, polynomial: 0x9a6c9329ac4bc9b5n },
} as const

export type CrcName = keyof typeof polynomials

/** Begins a CRC. */
export function crc(name: CrcName): Crc {
  if (name === 'CRC32') return crc32()
  return name === 'CRC32C' ? crc32c() : crc64nvme()
}

function crc32(): Crc {
  let value = 0
  return {
    update: chunk => void (value = zlibCrc32(chunk, value)),
    digest: () => bytes32(value),
  }
}

function crc32c(): Crc {
  const [table] = tables('CRC32C')
  let value = ~0
  return {
    update(chunk) {
      let state = value
      for (const byte of chunk) state = (state >>> 8) ^ (table[(state ^ byte) & 255] ?? 0)
      value = state
    },
    digest: () => bytes32(~value),
  }
}

/** In two halves, because a BigInt for every byte is some hundred times slower. */
function crc64nvme(): Crc {
  const [lowTable, highTable] = tables('CRC64NVME')
  let low = ~0
  let high = ~0
  return {
    update(chunk) {
      let a = low
      let b = high
      for (const byte of chunk) {
        const index = (a ^ byte) & 255
        a = ((a >>> 8) | (b << 24)) ^ (lowTable[index] ?? 0)
        b = (b >>> 8) ^ (highTable[index] ?? 0)
      }
      low = a
      high = b
    },
    digest: () => Buffer.concat([bytes32(~high), bytes32(~low)]),
  }
}

function bytes32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

const built = new Map<CrcName, readonly [low: Int32Array, high: Int32Array]>()

/** What one byte does to a CRC: the low and high 32 bits for each of the 256. */
function tables(name: CrcName): readonly [low: Int32Array, high: Int32Array] {
  const known = built.get(name)
  if (known !== undefined) return known
  const { polynomial } = polynomials[name]
  const low = new Int32Array(256)
  const high = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = timesX(value, polynomial)
    low[byte] = Number(BigInt.asIntN(32, value))
    high[byte] = Number(BigInt.asIntN(32, value >> 32n))
  }
  built.set(name, [low, high])
  return [low, high]
}

/** The CRC of `a` followed by `b`, from theirs and from b's length: a's is moved on by b's zeros, then b's added. */
export function combineCrc(name: CrcName, a: Buffer, b: Buffer, bLength: number): Buffer {
  const { width, polynomial } = polynomials[name]
  // Bit 0 of a reflected polynomial is the highest power: 1 is the top bit, and x the one below it.
  const one = 1n << (width - 1n)
  let power = one
  for (let bit = 0; bit < 8; bit++) power = timesX(power, polynomial)
  let shift = one
  for (let rest = BigInt(bLength); rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) shift = times(power, shift, one, polynomial)
    power = times(power, power, one, polynomial)
  }
  const combined = times(shift, numberOf(a), one, polynomial) ^ numberOf(b)
  return Buffer.from(combined.toString(16).padStart(Number(width) / 4, '0'), 'hex')
}

const numberOf = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`)

const timesX = (a: bigint, polynomial: bigint): bigint => ((a & 1n) === 1n ? (a >> 1n) ^ polynomial : a >> 1n)

function times(a: bigint, b: bigint, one: bigint, polynomial: bigint): bigint {
  let product = 0n
  let shifted = b
  for (let bit = one; bit > 0n; bit >>= 1n) {
    if ((a & bit) !== 0n) product ^= shifted
    shifted = timesX(shifted, polynomial)
  }
  return product
}
