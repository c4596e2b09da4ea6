/**
 * What stream-format says, written a second time, plainly and slowly, so that the parser is not judged by itself: records,
 * payload lengths, checksums.
 */
import type { Checksum } from '#src/stream/fletcher4.js'

/** Fletcher-4 in plain JavaScript: each 64-bit sum is two halves. `sums` are [a, b, c, d] as low, high, low, high, ... */
export class ReferenceFletcher4 {
  readonly #sums = new Uint32Array(8)

  update(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let [a0 = 0, a1 = 0, b0 = 0, b1 = 0, c0 = 0, c1 = 0, d0 = 0, d1 = 0] = this.#sums
    for (let at = 0; at + 4 <= bytes.length; at += 4) {
      a0 += view.getUint32(at, true)
      if (a0 > 0xffffffff) a1 = (a1 + 1) >>> 0
      a0 >>>= 0
      b0 += a0
      b1 = (b1 + a1 + (b0 > 0xffffffff ? 1 : 0)) >>> 0
      b0 >>>= 0
      c0 += b0
      c1 = (c1 + b1 + (c0 > 0xffffffff ? 1 : 0)) >>> 0
      c0 >>>= 0
      d0 += c0
      d1 = (d1 + c1 + (d0 > 0xffffffff ? 1 : 0)) >>> 0
      d0 >>>= 0
    }
    this.#sums.set([a0, a1, b0, b1, c0, c1, d0, d1])
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.#sums.slice().buffer)
  }

  get checksum(): Checksum {
    const view = new DataView(this.#sums.buffer)
    const sum = (index: number) => view.getBigUint64(index * 8, true).toString()
    return [sum(0), sum(1), sum(2), sum(3)]
  }
}

export interface PlainRecord {
  readonly type: number
  readonly start: number
  /** Header and payload. */
  readonly bytes: Buffer
}

export const BEGIN = 0
export const OBJECT = 1
export const WRITE = 3
export const FREE = 4
export const END = 5
export const SPILL = 7
export const WRITE_EMBEDDED = 8
export const OBJECT_RANGE = 9

function payloadLength(header: Buffer): number {
  const up = (length: number) => Math.ceil(length / 8) * 8
  const big = (at: number) => Number(header.readBigUInt64LE(at))
  switch (header.readUInt32LE(0)) {
    case BEGIN:
      return header.readUInt32LE(4)
    case OBJECT:
      return header.readUInt32LE(8 + 28) || up(header.readUInt32LE(8 + 20))
    case WRITE:
      return header[8 + 42] ? big(8 + 88) : big(8 + 24)
    case SPILL:
      return big(8 + 32) || big(8 + 8)
    case WRITE_EMBEDDED:
      return up(header.readUInt32LE(8 + 44))
    default:
      return 0
  }
}

/** The records of a whole stream. */
export function split(stream: Buffer): PlainRecord[] {
  const records: PlainRecord[] = []
  for (let start = 0; start < stream.length;) {
    const end = start + 312 + payloadLength(stream.subarray(start, start + 312))
    records.push({ type: stream.readUInt32LE(start), start, bytes: stream.subarray(start, end) })
    start = end
  }
  return records
}

/** A simple stream of copies of these records, with its checksums redone. */
export function join(records: readonly Buffer[]): Buffer {
  const sums = new ReferenceFletcher4()
  return Buffer.concat(
    records.map(original => {
      const record = Buffer.from(original)
      const type = record.readUInt32LE(0)
      if (type === END) record.set(sums.bytes, 8)
      if (type !== BEGIN) {
        sums.update(record.subarray(0, 280))
        record.set(sums.bytes, 280)
        sums.update(record.subarray(280))
      } else {
        sums.update(record)
      }
      return record
    }),
  )
}

/** Object and offset of an OBJECT, WRITE, WRITE_EMBEDDED or FREE record. */
export function pointOf({ type, bytes }: PlainRecord): { object: bigint; offset: bigint } {
  const offset =
    type === WRITE
      ? bytes.readBigUInt64LE(24)
      : type === WRITE_EMBEDDED || type === FREE
        ? bytes.readBigUInt64LE(16)
        : 0n
  return { object: bytes.readBigUInt64LE(8), offset }
}

/** A BEGIN record made into that of a resumed stream: RESUMING set, and an nvlist of two pairs, or with two pairs more. */
export function resumingBegin(begin: Buffer, object: bigint, offset: bigint): Buffer {
  const header = Buffer.from(begin.subarray(0, 312))
  header.writeBigUInt64LE(header.readBigUInt64LE(16) | (1n << 22n), 16)
  const pair = (name: string, value: bigint) => {
    const bytes = Buffer.alloc(48 - 8)
    bytes.writeInt32LE(40, 0)
    bytes.writeInt16LE(14, 4)
    bytes.writeInt32LE(1, 8)
    bytes.writeInt32LE(8, 12)
    bytes.write(name, 16)
    bytes.writeBigUInt64LE(value, 32)
    return bytes
  }
  const nvlist = begin.length > 312 ? begin.subarray(312) : Buffer.from('00010000000000000100000000000000', 'hex')
  const pairs = [pair('resume_object', object), pair('resume_offset', offset)]
  const payload = Buffer.concat([nvlist.subarray(0, 12), ...pairs, nvlist.subarray(12)])
  header.writeUInt32LE(payload.length, 4)
  return Buffer.concat([header, payload])
}

/** What `zfs send -t` sends of a whole stream for a token with that object and offset. */
export function resumed(stream: Buffer, object: bigint, offset: bigint): Buffer {
  const records = split(stream)
  const [begin] = records
  if (!begin) throw new Error('no BEGIN')
  const kept: Buffer[] = [resumingBegin(begin.bytes, object, offset)]
  const first = records.findIndex(record => record.type === OBJECT && pointOf(record).object === object)
  const range = records.slice(0, first).findLast(record => record.type === OBJECT_RANGE)
  if (range) kept.push(range.bytes)
  let isBehindBlock = false
  for (const record of records.slice(first)) {
    const isBlock = record.type === WRITE || record.type === WRITE_EMBEDDED
    const point = pointOf(record)
    const isBelow = point.object === object && point.offset < offset
    if (isBlock && isBelow) isBehindBlock = true
    else if (!(record.type === FREE && isBelow && isBehindBlock)) kept.push(record.bytes)
  }
  return join(kept)
}
