/** Writes valid send streams of any size, fast enough to measure with: one block is sent again and again. */
import { Fletcher4 } from '#src/stream/fletcher4.js'
import { encodeNvlist, type PlainPair } from '#src/stream/nvlist.js'
import { setFeature } from '#src/stream/records.js'

/** A stream of one object with equal blocks. */
export interface StreamSpec {
  readonly toname: string
  readonly toguid: bigint
  /** Left out for a full stream. */
  readonly fromguid?: bigint
  readonly createdSeconds?: number
  /** Lower case names, as `Begin` has them. */
  readonly features?: readonly string[]
  readonly nvlist?: readonly PlainPair[]
  /** WRITE records, and bytes in each; none if left out. */
  readonly writes?: number
  readonly blockSize?: number
  /** The content of each block; zeros but for a pattern if left out. */
  readonly block?: Uint8Array
}

const substream = 1n
const compound = 2n
const object = 2n

function beginRecord(headerType: bigint, spec: StreamSpec): Buffer {
  const payload = spec.nvlist ? encodeNvlist(spec.nvlist) : new Uint8Array()
  const header = Buffer.alloc(312)
  header.writeUInt32LE(payload.length, 4)
  header.writeBigUInt64LE(0x2f5bacbacn, 8)
  header.writeBigUInt64LE(headerType, 16)
  for (const feature of spec.features ?? []) setFeature(header, feature)
  header.writeBigUInt64LE(BigInt(spec.createdSeconds ?? 0), 24)
  header.writeUInt32LE(headerType === substream ? 2 : 0, 32)
  header.writeBigUInt64LE(spec.toguid, 40)
  header.writeBigUInt64LE(spec.fromguid ?? 0n, 48)
  header.write(spec.toname, 56)
  return Buffer.concat([header, payload])
}

function record(type: number, fields: (header: Buffer) => void): Buffer {
  const header = Buffer.alloc(312)
  header.writeUInt32LE(type, 0)
  fields(header)
  return header
}

const pattern = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 7919) >> 3)

/** A full or incremental stream. Yields a header, a block, a header, ...: the block is the same memory every time. */
export function* simpleStream(spec: StreamSpec): Generator<Uint8Array> {
  const { toguid, writes = 0, blockSize = 128 * 1024 } = spec
  const block = spec.block ?? pattern(writes > 0 ? blockSize : 0)
  const sums = new Fletcher4()
  const stamped = (header: Buffer): Buffer => {
    sums.stamp(header)
    return header
  }
  const begin = beginRecord(substream, spec)
  sums.update(begin)
  yield begin
  if (writes > 0) {
    yield stamped(
      record(1, header => {
        header.writeBigUInt64LE(object, 8)
        header.writeUInt32LE(19, 16)
        header.writeUInt32LE(block.length, 24)
        header.writeBigUInt64LE(toguid, 40)
      }),
    )
  }
  for (let index = 0; index < writes; index++) {
    yield stamped(
      record(3, header => {
        header.writeBigUInt64LE(object, 8)
        header.writeUInt32LE(19, 16)
        header.writeBigUInt64LE(BigInt(index) * BigInt(block.length), 24)
        header.writeBigUInt64LE(BigInt(block.length), 32)
        header.writeBigUInt64LE(toguid, 40)
      }),
    )
    sums.update(block)
    yield block
  }
  yield stamped(
    record(5, header => {
      sums.writeTo(header, 8)
      header.writeBigUInt64LE(toguid, 40)
    }),
  )
}

/** A package, as of `zfs send -I`: the envelope around these streams. */
export function* packageStream(
  envelope: Omit<StreamSpec, 'writes'>,
  streams: Iterable<StreamSpec>,
): Generator<Uint8Array> {
  const sums = new Fletcher4()
  const begin = beginRecord(compound, envelope)
  sums.update(begin)
  yield begin
  yield record(5, header => sums.writeTo(header, 8))
  for (const stream of streams) yield* simpleStream(stream)
  yield record(5, () => undefined)
}

/** All of it in one piece. */
export const bytesOf = (chunks: Iterable<Uint8Array>): Buffer => Buffer.concat([...chunks])
