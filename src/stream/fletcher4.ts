/**
 * The checksum of a send stream: Fletcher-4 over little-endian 32-bit words, in WebAssembly (assembly/fletcher4.ts).
 * In plain JavaScript its 64-bit sums would need BigInt, which is a thousand times slower.
 */
import { StreamMemory, type WasmMemory } from './memory.js'
import { checksumAt, headerLength } from './records.js'
import { fletcher4Wasm } from './fletcher4-wasm.js'

/** The four sums in decimal. */
export type Checksum = readonly [string, string, string, string]

/** How the checksum that a record carries compares with the bytes before it; absent means all zero. */
export type RunningChecksum = 'same' | 'absent' | 'different'

const comparisons: readonly RunningChecksum[] = ['same', 'absent', 'different']

/** Behind the checksum the module keeps the one before the latest record, and the one put aside. */
const beforeAt = 32
const keptAt = 64
const sumsLength = 96
/** Room for bytes from elsewhere. Small enough for a second-level cache: measured, 16 KiB to 256 KiB do as well. */
const blockLength = 128 * 1024

/** How much of a memory one checksum takes, in bytes. */
export const fletcher4Bytes = 128 + blockLength

/** The part of the WebAssembly interface that is needed; Node's types leave it to those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: WasmMemory } },
  ) => { readonly exports: object }
}

interface Exports {
  readonly add: (sums: number, at: number, length: number) => void
  readonly record: (sums: number, at: number) => number
  readonly keep: (sums: number) => void
}

function isExports(exports: object): exports is Exports {
  return 'add' in exports && 'record' in exports && 'keep' in exports
}

let compiled: object | undefined

/** One running checksum. Begins at zero. What it adds lies in its memory; places there are counted from its start. */
export class Fletcher4 {
  readonly memory: StreamMemory
  /** All of the memory, for reading fields. */
  readonly view: DataView
  /** Room for bytes that lie elsewhere. */
  readonly block: Uint8Array
  readonly #module: Exports
  readonly #sums: DataView
  readonly #sumsAt: number
  /** Bytes (0 to 3) at the start of the block that `update` could not add yet. */
  #rest = 0

  /** `memory`: in which it lies itself, as long as there is room, and where bytes needn't be copied to be added. */
  constructor(memory: StreamMemory | null = null) {
    const given = memory?.take(fletcher4Bytes) ?? null
    this.memory = memory === null || given === null ? new StreamMemory(fletcher4Bytes) : memory
    const own = given ?? this.memory.bytes
    compiled ??= new WebAssembly.Module(Buffer.from(fletcher4Wasm, 'base64'))
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory: this.memory.wasm } })
    if (!isExports(exports)) throw new Error('fletcher4-wasm.ts is not what scripts/build-wasm.js makes')
    this.#module = exports
    this.#sumsAt = own.byteOffset
    this.#sums = new DataView(own.buffer, own.byteOffset, sumsLength)
    this.view = new DataView(own.buffer)
    this.block = own.subarray(128, 128 + blockLength)
  }

  get checksum(): Checksum {
    return this.#read(0)
  }

  set checksum(checksum: Checksum) {
    checksum.forEach((sum, index) => this.#sums.setBigUint64(index * 8, BigInt(sum), true))
  }

  /** What the checksum was before the record for which `keep` was called last. */
  get kept(): Checksum {
    return this.#read(keptAt)
  }

  /** Adds `length` bytes, a multiple of 4, from `at` on. */
  add(at: number, length: number): void {
    this.#module.add(this.#sumsAt, at, length)
  }

  /** Adds a record's header that lies at `at`, and says whether the checksum in it is right. */
  record(at: number): RunningChecksum {
    return comparisons[this.#module.record(this.#sumsAt, at)] ?? 'different'
  }

  /** Puts aside what the checksum was before the latest record. */
  keep(): void {
    this.#module.keep(this.#sumsAt)
  }

  /** Whether the four u64 at `at` are what the checksum was before the latest record. */
  equalsBeforeRecord(at: number): boolean {
    for (let byte = 0; byte < 32; byte += 4) {
      if (this.view.getUint32(at + byte, true) !== this.#sums.getUint32(beforeAt + byte, true)) return false
    }
    return true
  }

  /** Adds bytes from elsewhere, cut anywhere. Uses the block. A rest of 1 to 3 bytes counts once its word is complete. */
  update(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const piece = bytes.subarray(done, done + this.block.length - this.#rest)
      this.block.set(piece, this.#rest)
      done += piece.length
      const filled = this.#rest + piece.length
      this.#rest = filled % 4
      this.add(this.block.byteOffset, filled - this.#rest)
      this.block.copyWithin(0, filled - this.#rest, filled)
    }
  }

  /** Writes the checksum into a record's header, and adds the header. Uses the block. */
  stamp(header: Uint8Array): void {
    this.update(header.subarray(0, checksumAt))
    this.writeTo(header, checksumAt)
    this.update(header.subarray(checksumAt, headerLength))
  }

  /** Writes the four sums into `bytes` at `at`. */
  writeTo(bytes: Uint8Array, at: number): void {
    bytes.set(new Uint8Array(this.#sums.buffer, this.#sumsAt, 32), at)
  }

  #read(at: number): Checksum {
    const sum = (index: number) => this.#sums.getBigUint64(at + index * 8, true).toString()
    return [sum(0), sum(1), sum(2), sum(3)]
  }
}

/**
 * What the checksum was before a record, told by the one that the record carries: each step of the sum can be undone. It is
 * right if the checksum of the record behind holds. `header`: the 312 bytes.
 */
export function checksumBefore(header: Uint8Array): Checksum {
  const view = new DataView(header.buffer, header.byteOffset, headerLength)
  const sum = (index: number) => view.getBigUint64(checksumAt + index * 8, true)
  let [a, b, c, d] = [sum(0), sum(1), sum(2), sum(3)]
  for (let at = checksumAt - 4; at >= 0; at -= 4) {
    d = BigInt.asUintN(64, d - c)
    c = BigInt.asUintN(64, c - b)
    b = BigInt.asUintN(64, b - a)
    a = BigInt.asUintN(64, a - BigInt(view.getUint32(at, true)))
  }
  return [a.toString(), b.toString(), c.toString(), d.toString()]
}
