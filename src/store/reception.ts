/** One answer while it comes: the bytes of a range go straight to where they stay, anything else is collected. No socket in here. */
import { type AnswerHead, readHead, unchunked } from './answer.js'

/** What a range is read into. */
export interface Into {
  /** At least as long as the range. */
  readonly memory: Uint8Array
  /** Told how many bytes have come, whenever some have. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/** The beginning of an answer, and what becomes of its body. */
export type Answer =
  /** It goes into the memory. `arriving` never rejects: fewer bytes than the length have come if the line broke. */
  | { readonly head: AnswerHead; readonly arriving: Promise<number> }
  /** It is no range, or one of which nobody knew the length. */
  | { readonly head: AnswerHead; readonly body: Buffer }

/** S3's heads have a few KB; metadata has 2 KB at most (S3 User Guide: Working with object metadata). */
const longestHead = 64 * 1024

/** Of an error document. What is longer is none. */
const longestDocument = 1024 * 1024

/** What is read at a time. More makes no difference (measured on loopback, from 256 KiB to 1 MiB). */
const mostAtATime = 512 * 1024

export class Reception {
  /** Resolves when the head has come, and a body that is no range. */
  readonly answer: Promise<Answer>
  readonly #into: Into | null
  readonly #scratch: Uint8Array
  readonly #onContinue: () => void
  #inScratch = 0
  #head: AnswerHead | null = null
  #document: Uint8Array[] = []
  /** Bytes of the range so far. */
  #at = 0
  #settle: { answer: (answer: Answer) => void; fail: (error: Error) => void } | null = null
  #arrived: ((bytes: number) => void) | null = null

  /**
   * @param scratch memory for what is no range, at least 64 KiB; not needed any more once all has come
   * @param onContinue called when the other side asks for the body (100 Continue)
   */
  constructor(into: Into | null, scratch: Uint8Array, onContinue: () => void) {
    this.#into = into
    this.#scratch = scratch
    this.#onContinue = onContinue
    this.answer = new Promise((answer, fail) => {
      this.#settle = { answer, fail }
    })
    // Whoever asked may have left.
    this.answer.catch(() => undefined)
  }

  /** Where the bytes that come next are to lie, `most` of them. Empty once all has come. */
  room(most: number): Uint8Array {
    const length = Math.min(most, mostAtATime)
    if (this.#arrived === null) return this.#scratch.subarray(this.#inScratch, this.#inScratch + length)
    const end = typeof this.#head?.body === 'number' ? this.#head.body : 0
    return this.#into?.memory.subarray(this.#at, Math.min(end, this.#at + length)) ?? this.#scratch
  }

  /** So many bytes have come into the room. Gives the head once all has come. Throws where they are no answer to this. */
  received(length: number): AnswerHead | null {
    if (this.#arrived !== null) return this.#inRange(length)
    if (this.#head !== null) return this.#inDocument(this.#head, this.#scratch.subarray(0, length))
    return this.#inHead(length)
  }

  /** No more comes; `error`: why, if it did not end as it should. */
  ended(error: Error | null): void {
    if (this.#arrived !== null) this.#arrived(this.#at)
    else if (this.#head?.body === 'until-closed' && error === null) {
      this.#settle?.answer({ head: this.#head, body: Buffer.concat(this.#document) })
    } else this.#settle?.fail(error ?? hungUp())
  }

  #inHead(length: number): AnswerHead | null {
    this.#inScratch += length
    const received = this.#scratch.subarray(0, this.#inScratch)
    const head = readHead(Buffer.from(received.buffer, received.byteOffset, received.length))
    if (head === null) {
      if (this.#inScratch >= longestHead) throw tooLong()
      return null
    }
    this.#inScratch = 0
    const rest = received.subarray(head.bytes)
    // 100 Continue and the like; the answer comes behind it.
    if (head.status < 200) {
      if (head.status === 100) this.#onContinue()
      this.#scratch.set(rest)
      return rest.length > 0 ? this.#inHead(rest.length) : null
    }
    this.#head = head
    const into = this.#into
    if (into === null || head.status !== 206 || typeof head.body !== 'number') return this.#inDocument(head, rest)
    if (head.body > into.memory.length || rest.length > head.body) throw tooLong()
    into.memory.set(rest)
    const arriving = new Promise<number>(arrived => {
      this.#arrived = arrived
    })
    this.#settle?.answer({ head, arriving })
    return this.#inRange(rest.length)
  }

  #inRange(length: number): AnswerHead | null {
    this.#at += length
    this.#into?.onBytes?.(length)
    if (this.#at !== this.#head?.body) return null
    this.#arrived?.(this.#at)
    return this.#head
  }

  /** `bytes` lie in memory that is used again. */
  #inDocument(head: AnswerHead, bytes: Uint8Array): AnswerHead | null {
    this.#document.push(Buffer.from(bytes))
    const received = Buffer.concat(this.#document)
    const body = head.body === 'chunked' ? unchunked(received) : received.length === head.body ? received : null
    if (body !== null) {
      this.#settle?.answer({ head, body })
      return head
    }
    if (received.length > longestDocument + (this.#into?.memory.length ?? 0)) throw tooLong()
    return null
  }
}

const coded = (code: string, message: string) => Object.assign(new Error(message), { code })
const hungUp = () => coded('ECONNRESET', 'the connection was closed before the answer was complete')
const tooLong = () => coded('EPROTO', 'the answer is longer than what was asked for')
