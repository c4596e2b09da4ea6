/** The additional checksums of objects and parts (S3 User Guide: Checking object integrity). */
import { createHash } from 'node:crypto'
import { combineCrc, crc } from './crc.js'

export const checksumAlgorithms = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const

export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number]

/** Over all bytes, or over the checksums of the parts. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

/** An object's checksum: base64; for a composite one a hyphen and the number of parts behind it. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
  readonly value: string
}

/** A checksum in progress. */
export interface Running {
  update(chunk: Uint8Array): unknown
  digest(): Buffer
}

/** Bytes that a checksum takes. */
const lengths: Readonly<Record<ChecksumAlgorithm, number>> = { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 }

/** Begins a checksum. */
export const runningChecksum = (algorithm: ChecksumAlgorithm): Running =>
  algorithm === 'SHA1' || algorithm === 'SHA256' ? createHash(algorithm.toLowerCase()) : crc(algorithm)

/** `x-amz-checksum-sha256`: the header that carries a checksum. */
export const checksumHeader = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`

/** `ChecksumSHA256`: the XML element that carries one. */
export const checksumElement = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm}`

/** The algorithm of that name, or undefined. */
export const checksumAlgorithmOf = (name: string): ChecksumAlgorithm | undefined =>
  checksumAlgorithms.find(algorithm => algorithm === name.toUpperCase())

/** Whether `value` is base64 of as many bytes as the algorithm gives. */
export const isChecksum = (algorithm: ChecksumAlgorithm, value: string): boolean =>
  isBase64Of(value, lengths[algorithm])

/** Whether `value` is canonical base64 of `length` bytes. */
export function isBase64Of(value: string, length: number): boolean {
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === length && bytes.toString('base64') === value
}

/** Which types an algorithm may have in a multipart upload; the first is what S3 takes if none is asked for. */
export function checksumTypes(algorithm: ChecksumAlgorithm): readonly ChecksumType[] {
  if (algorithm === 'CRC64NVME') return ['FULL_OBJECT']
  return algorithm === 'SHA1' || algorithm === 'SHA256' ? ['COMPOSITE'] : ['COMPOSITE', 'FULL_OBJECT']
}

/** The checksum of an object made of parts, from theirs. */
export function checksumOfParts(
  algorithm: ChecksumAlgorithm,
  type: ChecksumType,
  parts: readonly { readonly checksum: string; readonly size: number }[],
): Checksum {
  const digests = parts.map(part => Buffer.from(part.checksum, 'base64'))
  if (type === 'COMPOSITE' || algorithm === 'SHA1' || algorithm === 'SHA256') {
    const over = runningChecksum(algorithm)
    for (const digest of digests) over.update(digest)
    return { algorithm, type, value: `${over.digest().toString('base64')}-${parts.length}` }
  }
  let whole = crc(algorithm).digest()
  for (const [index, part] of parts.entries())
    whole = combineCrc(algorithm, whole, digests[index] ?? Buffer.alloc(0), part.size)
  return { algorithm, type, value: whole.toString('base64') }
}
