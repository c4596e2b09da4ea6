/**
 * Packed nvlists: what BEGIN records and resume tokens carry besides their fixed fields. `zfs` packs a package's listing
 * as XDR, the kernel packs everything else in native order (OpenZFS: module/nvpair/nvpair.c). Read here with no trust in
 * any length; written only as tokens and resuming streams need it.
 */
import { badStream } from '../failure.js'

/** Integers of all widths are bigint. Arrays of bytes are Uint8Array, views of what was decoded. */
export type NvValue = boolean | bigint | string | Uint8Array | Nvlist | readonly NvValue[]
export type Nvlist = ReadonlyMap<string, NvValue>

/** Lists lie in lists; a package's listing is four deep. Beyond this somebody wants to exhaust the stack. */
const deepest = 16

/**
 * As many pairs as are read. 64 MiB of listing, the most that `zfs receive` takes, hold some 700,000 snapshots with what
 * belongs to them; a list with more pairs is made to exhaust memory.
 */
const mostPairs = 1_000_000
/** Numbers in an array; longer ones are left out. */
const mostNumbers = 65_536

/** DATA_TYPE_*, those that are named below. */
const boolean = 1
const string = 9
const stringArray = 17
const nvlist = 19
const nvlistArray = 20

interface IntegerType {
  readonly width: 1 | 2 | 4 | 8
  readonly signed: boolean
  readonly array: boolean
  readonly truth: boolean
}
const integer = (width: 1 | 2 | 4 | 8, signed: boolean, array = false, truth = false): IntegerType => ({
  width,
  signed,
  array,
  truth,
})

const integers: ReadonlyMap<number, IntegerType> = new Map([
  [2, integer(1, false)],
  [3, integer(2, true)],
  [4, integer(2, false)],
  [5, integer(4, true)],
  [6, integer(4, false)],
  [7, integer(8, true)],
  [8, integer(8, false)],
  [10, integer(1, false, true)],
  [11, integer(2, true, true)],
  [12, integer(2, false, true)],
  [13, integer(4, true, true)],
  [14, integer(4, false, true)],
  [15, integer(8, true, true)],
  [16, integer(8, false, true)],
  [18, integer(8, true)],
  [21, integer(4, true, false, true)],
  [22, integer(1, true)],
  [23, integer(1, false)],
  [24, integer(4, true, true, true)],
  [25, integer(1, true, true)],
  [26, integer(1, false, true)],
])
/** DATA_TYPE_BYTE_ARRAY: the one array of bytes that XDR doesn't spread over four bytes each. */
const byteArray = 10

const malformed = (why: string) => badStream(`its nvlist can't be read: ${why}`)

/** Where one pair's parts are. */
interface Pair {
  readonly name: string
  readonly type: number
  readonly count: number
  readonly valueAt: number
  /** Behind the pair; in native packing the lists that it holds come after this. */
  readonly end: number
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #xdr: boolean
  readonly #little: boolean
  readonly #without: ReadonlySet<string>
  /** The next byte. */
  #at = 4
  #pairs = 0

  constructor(bytes: Uint8Array, without: ReadonlySet<string>) {
    const [encoding, order] = bytes
    if (bytes.length < 12 || encoding === undefined || encoding > 1) throw malformed('it does not begin like one')
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#xdr = encoding === 1
    // XDR is big-endian, whatever the second byte says about the machine.
    this.#little = !this.#xdr && order === 1
    this.#without = without
  }

  /** A list: version, flags, and pairs up to a zero where a pair's length would be. */
  list(depth: number): Nvlist {
    if (depth > deepest) throw malformed(`it is more than ${deepest} lists deep`)
    if (depth === 0 || this.#xdr) this.#at += 8
    const list = new Map<string, NvValue>()
    for (;;) {
      const pair = this.#pair()
      if (pair === null) return list
      if (this.#xdr && this.#without.has(pair.name)) {
        this.#at = pair.end
        continue
      }
      const value = this.#value(pair, depth)
      if (++this.#pairs > mostPairs) throw malformed(`it has more than ${mostPairs} pairs`)
      if (value !== undefined && !this.#without.has(pair.name)) list.set(pair.name, value)
    }
  }

  /** The next pair, or null behind the last one. */
  #pair(): Pair | null {
    const start = this.#at
    const length = this.#i32(start)
    if (length === 0) {
      this.#at += this.#xdr ? 8 : 4
      return null
    }
    const end = start + length
    if (length < 20 || end > this.#bytes.length) throw malformed(`a pair of ${length} bytes at byte ${start}`)
    if (this.#xdr) {
      const name = this.#xdrString(start + 8, end)
      const at = start + 12 + padded(name.length, 4)
      this.#fits(at, 8, end)
      return { name: text(name), type: this.#i32(at), count: this.#u32(at + 4), valueAt: at + 8, end }
    }
    const nameLength = this.#view.getUint16(start + 4, this.#little)
    const valueAt = start + padded(16 + nameLength, 8)
    this.#fits(start + 16, valueAt - start - 16, end)
    const name = this.#bytes.subarray(start + 16, start + 16 + Math.max(0, nameLength - 1))
    return { name: text(name), type: this.#i32(start + 12), count: this.#u32(start + 8), valueAt, end }
  }

  /** A pair's value; undefined where its type is none that streams use. Goes to what follows it. */
  #value({ type, count, valueAt, end }: Pair, depth: number): NvValue | undefined {
    this.#at = end
    if (type === boolean) return true
    if (type === string) return this.#strings(1, valueAt, end)[0]
    // In native packing room for pointers to the strings comes first.
    if (type === stringArray) return this.#strings(count, valueAt + (this.#xdr ? 0 : count * 8), end)
    if (type === nvlist || type === nvlistArray) {
      if (this.#xdr) this.#at = valueAt
      const lists: Nvlist[] = []
      // No count is so large that this takes long: every list has 4 bytes at least, and reading beyond the end throws.
      while (lists.length < (type === nvlist ? 1 : count)) lists.push(this.list(depth + 1))
      if (this.#xdr && this.#at > end) throw malformed('a list that is longer than its pair')
      if (this.#xdr) this.#at = end
      return type === nvlist ? lists[0] : lists
    }
    const kind = integers.get(type)
    return kind && this.#integers(type, kind, count, valueAt, end)
  }

  #integers(type: number, kind: IntegerType, count: number, at: number, end: number): NvValue | undefined {
    const { width, signed, array, truth } = kind
    if (array && this.#xdr && type !== byteArray) at += 4
    const step = this.#xdr && type !== byteArray ? Math.max(4, width) : width
    const length = array ? count : 1
    this.#fits(at, length * step, end)
    if (length > mostNumbers) return undefined
    if (array && step === 1) return this.#bytes.subarray(at, at + length)
    const read = (_: unknown, index: number) => {
      const value = this.#integer(at + index * step, step)
      if (truth) return value !== 0n
      return signed ? BigInt.asIntN(width * 8, value) : BigInt.asUintN(width * 8, value)
    }
    return array ? Array.from({ length }, read) : read(undefined, 0)
  }

  #integer(at: number, width: number): bigint {
    if (width === 8) return this.#view.getBigUint64(at, this.#little)
    if (width === 4) return BigInt(this.#view.getUint32(at, this.#little))
    if (width === 2) return BigInt(this.#view.getUint16(at, this.#little))
    return BigInt(this.#view.getUint8(at))
  }

  #strings(count: number, at: number, end: number): string[] {
    const strings: string[] = []
    while (strings.length < count) {
      if (this.#xdr) {
        const found = this.#xdrString(at, end)
        at += 4 + padded(found.length, 4)
        strings.push(text(found))
      } else {
        const stop = this.#bytes.subarray(0, end).indexOf(0, at)
        if (stop < 0) throw malformed('a string without an end')
        strings.push(text(this.#bytes.subarray(at, stop)))
        at = stop + 1
      }
    }
    return strings
  }

  #xdrString(at: number, end: number): Uint8Array {
    this.#fits(at, 4, end)
    const length = this.#u32(at)
    this.#fits(at + 4, length, end)
    return this.#bytes.subarray(at + 4, at + 4 + length)
  }

  #fits(at: number, length: number, end: number): void {
    if (at + length > end) throw malformed(`${length} bytes at byte ${at}, of which only ${end - at} are there`)
  }

  #i32(at: number): number {
    this.#fits(at, 4, this.#bytes.length)
    return this.#view.getInt32(at, this.#little)
  }

  #u32(at: number): number {
    return this.#i32(at) >>> 0
  }
}

const padded = (length: number, unit: number) => Math.ceil(length / unit) * unit
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/**
 * What a packed nvlist says. Pairs called as in `without`, at any depth, are left out. Throws a Failure (badStream) for
 * what isn't a nvlist.
 */
export function decodeNvlist(bytes: Uint8Array, without: ReadonlySet<string> = new Set()): Nvlist {
  return new Reader(bytes, without).list(0)
}

/** A pair to be packed: u64, string, or a boolean that is true by being there. */
export type PlainPair = readonly [name: string, value: bigint | string | true]

/** Pairs in native packing, as they lie in a list. */
export function encodePairs(pairs: readonly PlainPair[]): Uint8Array {
  return Buffer.concat(pairs.map(encodePair))
}

function encodePair([name, value]: PlainPair): Uint8Array {
  const valueAt = padded(16 + name.length + 1, 8)
  const valueLength = value === true ? 0 : typeof value === 'bigint' ? 8 : padded(Buffer.byteLength(value) + 1, 8)
  const pair = Buffer.alloc(valueAt + valueLength)
  pair.writeInt32LE(pair.length, 0)
  pair.writeInt16LE(name.length + 1, 4)
  pair.writeInt32LE(value === true ? 0 : 1, 8)
  pair.writeInt32LE(value === true ? boolean : typeof value === 'bigint' ? 8 : string, 12)
  pair.write(name, 16, 'latin1')
  if (typeof value === 'bigint') pair.writeBigUInt64LE(value, valueAt)
  if (typeof value === 'string') pair.write(value, valueAt)
  return pair
}

/** What a native list begins with: native, little-endian; version 0; NV_UNIQUE_NAME. */
export const nvlistHead: Uint8Array = Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0)

/** A list of such pairs in native packing, little-endian. */
export function encodeNvlist(pairs: readonly PlainPair[]): Uint8Array {
  return Buffer.concat([nvlistHead, encodePairs(pairs), Buffer.alloc(4)])
}
