/**
 * Cuts a stream into headers and pieces of payload, whatever chunks it comes in. They lie in the checksum's own block of
 * memory, so that every byte is copied once. It knows lengths only; what they mean is its reader's affair.
 */
import { Fletcher4 } from './fletcher4.js'
import { headerLength } from './records.js'

/** Is told what lies in the block, at `at`. */
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

export class Framer {
  readonly fletcher = new Fletcher4()
  readonly #reader: FrameReader
  /** Position in the stream of the first byte in the block. */
  #blockPosition: number
  #filled = 0
  #payloadLeft = 0
  #position: number

  /** `position`: of the first byte that will come. */
  constructor(reader: FrameReader, position: number) {
    this.#reader = reader
    this.#blockPosition = this.#position = position
  }

  /** Bytes of the stream so far, also those that are not looked at. */
  get position(): number {
    return this.#position
  }

  /** Position in the stream of what lies in the block at `at`. */
  positionOf(at: number): number {
    return this.#blockPosition + at
  }

  /** What has come of a header that is not complete; empty within a payload. */
  get partialHeader(): Uint8Array {
    return this.fletcher.block.subarray(0, this.isInPayload ? 0 : this.#filled)
  }

  get isInPayload(): boolean {
    return this.#payloadLeft > 0
  }

  push(bytes: Uint8Array): void {
    this.#position += bytes.length
    const { block } = this.fletcher
    for (let done = 0; done < bytes.length && !this.#reader.stopped();) {
      const piece = bytes.subarray(done, done + block.length - this.#filled)
      block.set(piece, this.#filled)
      this.#filled += piece.length
      done += piece.length
      const used = this.#read()
      if (used > 0) block.copyWithin(0, used, this.#filled)
      this.#blockPosition += used
      this.#filled -= used
    }
  }

  /** Returns how many bytes of the block are done with; the rest is less than a header. */
  #read(): number {
    const reader = this.#reader
    let at = 0
    while (!this.#reader.stopped()) {
      const available = this.#filled - at
      if (this.#payloadLeft > 0) {
        const length = Math.min(this.#payloadLeft, available - (available % 4))
        if (length === 0) break
        reader.payload(at, length)
        this.#payloadLeft -= length
        at += length
      } else {
        reader.peek(at, available)
        if (available < headerLength || this.#reader.stopped()) break
        this.#payloadLeft = reader.header(at)
        at += headerLength
      }
      if (this.#payloadLeft === 0 && !this.#reader.stopped()) reader.complete()
    }
    return at
  }
}
