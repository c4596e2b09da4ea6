/**
 * Memory that threads share and in which WebAssembly computes: what lies in it is checked, hashed and sent where it lies.
 * Nothing is ever given back to it; it goes as a whole, when nobody holds a part of it any more.
 */

/** The part of the WebAssembly interface that is needed; Node's types leave it to those of browsers. */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => WasmMemory
}

/** What a module takes as its memory. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer
}

const pageBytes = 64 * 1024
/** Addresses are of 32 bits. */
const mostPages = 65536

export class StreamMemory {
  readonly wasm: WasmMemory
  /** All of it. */
  readonly bytes: Uint8Array
  #taken = 0

  /** `bytes`: how much can be taken from it, up to 4 GiB. The system provides a page of it when it is first written to. */
  constructor(bytes: number) {
    const pages = Math.min(Math.ceil(bytes / pageBytes), mostPages)
    this.wasm = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    this.bytes = new Uint8Array(this.wasm.buffer)
  }

  /** So many bytes of it for the caller, all zero, at a multiple of 64; null if it does not have so many any more. */
  take(length: number): Uint8Array | null {
    const from = this.#taken
    if (from + length > this.bytes.length) return null
    this.#taken = Math.ceil((from + length) / 64) * 64
    return this.bytes.subarray(from, from + length)
  }

  /** Whether it is here that they lie. */
  holds(bytes: Uint8Array): boolean {
    return bytes.buffer === this.wasm.buffer
  }
}
