/** Memory for parts and ranges: pieces of one length that go round, so that there are as many as are in use at a time. */
import { fletcher4Bytes } from './fletcher4.js'
import { StreamMemory } from './memory.js'

/** One that is lent. Its memory may be lent again while whoever filled it has not noticed yet that somebody keeps it. */
export interface Lent {
  readonly piece: Uint8Array
}

/** Of one stream after the other; what is untouched takes no memory. The streams behind these are copied to be checked. */
const mostChecksums = 32

/** In bytes. Where more is wanted than this, it need not be contiguous. */
const mostMemory = 2 ** 30

/** Two at a time: while one is being looked at the next one is filled. */
const mostLent = 2

export class Pieces {
  /** Of each piece, in bytes. */
  readonly length: number
  /** In which most pieces lie; null where it does not matter. */
  readonly memory: StreamMemory | null
  readonly #count: number
  readonly #isShared: boolean
  readonly #free: Uint8Array[] = []
  /** Those that nobody keeps yet. */
  readonly #lent = new Set<Lent>()
  readonly #out = new Set<Uint8Array>()
  #last: Uint8Array | null = null

  /** Called when there may be one to lend again. */
  onFree: () => void = () => undefined

  private constructor(length: number, count: number, memory: StreamMemory | null, isShared = true) {
    this.length = length
    this.#count = count
    this.memory = memory
    this.#isShared = isShared
  }

  /** Of which `count`, and what the checksums of some streams take, lie in one memory. None is lent where so many are out. */
  static inMemory(length: number, count: number): Pieces {
    const bytes = length * count + mostChecksums * fletcher4Bytes
    return new Pieces(length, count, bytes > mostMemory ? null : new StreamMemory(bytes))
  }

  /** Of which each lies where it may. */
  static anywhere(length: number): Pieces {
    return new Pieces(length, Infinity, null)
  }

  /** Of which no thread is to be told. Node collects them by itself, so that there may be many of these. */
  static unshared(length: number): Pieces {
    return new Pieces(length, Infinity, null, false)
  }

  /** One that nobody has, in memory that threads can share, unless it is unshared. What was in it before is there still. */
  take(): Uint8Array {
    const piece = this.#free.pop() ?? this.memory?.take(this.length) ?? this.#another()
    this.#out.add(piece)
    return piece
  }

  /** Takes back one that is not needed any more. */
  give(piece: Uint8Array): void {
    if (!this.#out.delete(piece)) throw new Error('a piece of memory was given back twice')
    this.#free.push(piece)
    this.onFree()
  }

  /** Takes back the one that was retired before: whoever uses one may use the one before it still. */
  retire(piece: Uint8Array): void {
    if (this.#last !== null) this.give(this.#last)
    this.#last = piece
  }

  /**
   * One for whoever fills it, while others look at what is in it already; null where there is none now. It is given back by
   * `returned` when it is full and has been looked at, or by whoever keeps it.
   */
  lend(): Lent | null {
    if (this.#lent.size >= mostLent || this.#out.size >= this.#count) return null
    const lent = { piece: this.take() }
    this.#lent.add(lent)
    return lent
  }

  /** Takes back one that was lent, unless somebody keeps it or has kept it. */
  returned(lent: Lent): void {
    if (this.#lent.delete(lent)) this.give(lent.piece)
  }

  /** The lent piece that begins with `bytes`, for whoever gives it back later; null if they lie elsewhere. */
  keep(bytes: Uint8Array): Uint8Array | null {
    for (const lent of this.#lent) {
      const { piece } = lent
      if (piece.buffer !== bytes.buffer || piece.byteOffset !== bytes.byteOffset) continue
      this.#lent.delete(lent)
      return piece
    }
    return null
  }

  #another(): Uint8Array {
    return this.#isShared ? new Uint8Array(new SharedArrayBuffer(this.length)) : new Uint8Array(this.length)
  }
}
