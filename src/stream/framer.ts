/**
 * Cuts a stream into headers and pieces of payload, whatever chunks it comes in. What lies in the checksum's memory is read
 * where it is; the rest, and a header that is cut, in the checksum's own block. It knows lengths only; what they mean is its
 * reader's affair.
 */
import { Fletcher4 } from './fletcher4.js'
import type { StreamMemory } from './memory.js'
import { headerLength } from './records.js'

/** Is told what lies in the checksum's memory at `at`. */
export interface FrameReader {
  /** Before each header, with the bytes that are there of it and behind it; once for every chunk while it is incomplete. */
  readonly peek: (at: number, available: number) => void
  /** A header. Returns the length of the record's payload, a multiple of 4. */
  readonly header: (at: number) => number
  /** A piece of payload, a multiple of 4 bytes. */
  readonly payload: (at: number, length: number) => void
  /** The record has come to its end. */
  readonly complete: () => void
  /** Whether there is no use in looking at anything more. */
  readonly stopped: () => boolean
}

/** What the checksum counts in. */
const wordLength = 4

export class Framer {
  readonly fletcher: Fletcher4
  readonly #reader: FrameReader
  /** What is to be added to a place in the memory to have a position in the stream. */
  #origin = 0
  /** Bytes at the start of the block that could not be read yet: less than a header, or than a word of payload. */
  #held = 0
  #payloadLeft = 0
  #position: number

  /** `position`: of the first byte that will come. `memory`: where most of the bytes will lie, if that is known. */
  constructor(reader: FrameReader, position: number, memory?: StreamMemory | null) {
    this.#reader = reader
    this.#position = position
    this.fletcher = new Fletcher4(memory)
  }

  /** Bytes of the stream so far, also those that are not looked at. */
  get position(): number {
    return this.#position
  }

  /** Position in the stream of what lies at `at`. */
  positionOf(at: number): number {
    return this.#origin + at
  }

  /** What has come of a header that is not complete; empty within a payload. */
  get partialHeader(): Uint8Array {
    return this.fletcher.block.subarray(0, this.isInPayload ? 0 : this.#held)
  }

  get isInPayload(): boolean {
    return this.#payloadLeft > 0
  }

  push(bytes: Uint8Array): void {
    const start = this.#position
    this.#position += bytes.length
    const isHere = this.fletcher.memory.holds(bytes)
    for (let done = 0; done < bytes.length && !this.#reader.stopped();) {
      if (isHere && this.#held === 0) {
        this.#readAndHold(bytes.subarray(done), start + done)
        return
      }
      done += this.#readFromBlock(bytes.subarray(done), start + done, isHere)
    }
  }

  /** Reads some bytes from the block, and returns how many. `isJoin`: no more than completes what is held there. */
  #readFromBlock(bytes: Uint8Array, position: number, isJoin: boolean): number {
    const { block } = this.fletcher
    const held = this.#held
    const wanted = isJoin ? (this.isInPayload ? wordLength : headerLength) : block.length
    const piece = bytes.subarray(0, wanted - held)
    block.set(piece, held)
    this.#readAndHold(block.subarray(0, held + piece.length), position - held)
    return piece.length
  }

  /** Reads what lies in the memory, and keeps in the block what needs more behind it. */
  #readAndHold(bytes: Uint8Array, position: number): void {
    const { block } = this.fletcher
    this.#origin = position - bytes.byteOffset
    const used = this.#read(bytes.byteOffset, bytes.byteOffset + bytes.length) - bytes.byteOffset
    // Behind damage there may be more, which nobody reads.
    const rest = bytes.subarray(used, used + headerLength)
    block.set(rest)
    this.#held = rest.length
  }

  /** Returns up to where it has come: what is left is less than a header, or a word of payload. */
  #read(from: number, to: number): number {
    const reader = this.#reader
    let at = from
    while (!reader.stopped()) {
      const available = to - at
      if (this.#payloadLeft > 0) {
        const length = Math.min(this.#payloadLeft, available - (available % wordLength))
        if (length === 0) break
        reader.payload(at, length)
        this.#payloadLeft -= length
        at += length
      } else {
        reader.peek(at, available)
        if (available < headerLength || reader.stopped()) break
        this.#payloadLeft = reader.header(at)
        at += headerLength
      }
      if (this.#payloadLeft === 0 && !reader.stopped()) reader.complete()
    }
    return at
  }
}
