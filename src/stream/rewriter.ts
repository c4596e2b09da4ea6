/**
 * Makes another stream out of a stream that passes: some records dropped, the others with their checksums redone. Payloads
 * are handed on as they came, without copying.
 */
import { badStream } from '../failure.js'
import type { Begin } from './begin.js'
import type { Verdict } from './facts.js'
import { checksumBefore, Fletcher4, type Checksum } from './fletcher4.js'
import { type ParserOptions, StreamParser, type RecordHead } from './parser.js'
import { endChecksumAt, headerLength, recordType } from './records.js'

/** Decides what becomes of each record. May call the rewriter's `emit` and `emitBegin`. What it throws, `push` throws. */
export interface Rewriting {
  readonly onBegin: (begin: Begin, header: Uint8Array, payload: Uint8Array) => void
  readonly onRecord: (record: RecordHead) => 'keep' | 'drop'
}

export class Rewriter {
  #parser: StreamParser
  readonly #options: ParserOptions
  /** Of the stream that comes in. */
  #begin: Begin | null = null
  /** The first bytes behind a jump, until they are a header; null where none is awaited. */
  #landing: { readonly at: number; bytes: Uint8Array } | null = null
  /** Whether nothing was left out: only then is it known which record is which. */
  #isComplete = true
  readonly #what: string
  readonly #checksum = new Fletcher4()
  #chunk: Uint8Array = new Uint8Array()
  #chunkPosition = 0
  #pieces: Uint8Array[] = []
  /** Positions in the stream that comes in: what is still to be handed on of the payload of a record that is kept. */
  #from = 0
  #to = 0

  /** `what` names the stream that comes in, for messages: "the resumed stream". */
  constructor(what: string, rewriting: Rewriting) {
    this.#what = what
    this.#options = {
      onBegin: (begin, header, payload) => {
        if (this.#begin === null) rewriting.onBegin(begin, header, payload)
        this.#begin ??= begin
      },
      onRecord: record => {
        this.#handOn()
        if (rewriting.onRecord(record) === 'drop') return
        this.emit(record.header)
        this.#to = record.position + record.header.length + record.payloadLength
        this.#from = this.#to - record.payloadLength
      },
    }
    this.#parser = new StreamParser(this.#options)
  }

  /** The checksum of what lies before the first byte that is handed on; zero unless set. */
  set checksum(checksum: Checksum) {
    this.#checksum.checksum = checksum
  }

  /**
   * Takes the next bytes, cut anywhere, and returns those of the other stream that can be told by now. Some are views of
   * `bytes`, which must not be changed while they are in use. Throws a Failure (badStream) where damage is found.
   */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    if (this.#landing === null) return this.#rewrite(bytes)
    const { at } = this.#landing
    const landed = Buffer.concat([this.#landing.bytes, bytes])
    this.#landing.bytes = landed
    if (landed.length < headerLength) return []
    this.#landing = null
    this.#parser = this.#parserAt(at, landed.subarray(0, headerLength))
    return this.#rewrite(landed)
  }

  /**
   * The bytes that are pushed next are those of the same stream from `at` on, where a record begins. Its checksum is taken
   * as right, and proved by the next record. Throws a Failure (badStream) in the middle of a record that is handed on.
   */
  jump(at: number): void {
    if (this.#from < this.#to || this.#begin === null) throw badStream(`${this.#what} ends where it should not`)
    this.#landing = { at, bytes: new Uint8Array() }
    // Should nothing come, the stream is not what it was before.
    this.#parser = new StreamParser(this.#options)
    this.#isComplete = false
  }

  #parserAt(start: number, header: Uint8Array): StreamParser {
    if (start === 0 || this.#begin === null) return this.#parser
    const nowhere = { type: 'WRITE', object: '0', offset: '0', record: 1 } as const
    const anchor = { ...nowhere, start, checksum: checksumBefore(header) }
    return new StreamParser({ ...this.#options, from: { begin: this.#begin, anchor } })
  }

  #rewrite(bytes: Uint8Array): readonly Uint8Array[] {
    this.#chunk = bytes
    this.#chunkPosition = this.#parser.position
    this.#pieces = []
    this.#parser.push(bytes)
    this.#handOn()
    this.#chunk = new Uint8Array()
    const { damage } = this.#parser
    if (damage) {
      const record = this.#isComplete ? `, record ${damage.record}` : ''
      throw badStream(`${this.#what} is damaged at byte ${damage.at}${record}: ${damage.why}`)
    }
    return this.#pieces
  }

  /** What the stream that came in is, if it ends here. */
  end(): Verdict {
    return this.#parser.end()
  }

  /** Hands on a record's header, a copy that may be changed here, with its checksums redone. */
  emit(header: Uint8Array): void {
    const type = new DataView(header.buffer, header.byteOffset).getUint32(0, true)
    if (type === recordType.end) this.#checksum.writeTo(header, endChecksumAt)
    this.#checksum.stamp(header)
    this.#pieces.push(header)
  }

  /** Hands on a whole BEGIN record. */
  emitBegin(header: Uint8Array, payload: Uint8Array): void {
    this.#checksum.update(header)
    this.#checksum.update(payload)
    this.#pieces.push(header, payload)
  }

  /** Hands on what the chunk has of the current payload. */
  #handOn(): void {
    if (this.#from >= this.#to) return
    const from = this.#from - this.#chunkPosition
    const piece = this.#chunk.subarray(from, from + this.#to - this.#from)
    if (piece.length === 0) return
    this.#checksum.update(piece)
    this.#pieces.push(piece)
    this.#from += piece.length
  }
}
