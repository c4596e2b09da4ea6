/** One connection on which ranges of objects are read, each straight from the socket into the memory that is given for it. */
import { isIP, connect as connectPlain, type NetConnectOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type AnswerHead, readHead, unchunked } from './answer.js'
import type { Pace } from './pace.js'

/** Where a line leads. */
export interface Origin {
  readonly isTls: boolean
  readonly hostname: string
  readonly port: number
}

export interface LineOptions {
  readonly connectMs: number
  /** How long a connection may be silent, in milliseconds. */
  readonly timeoutMs: number
  readonly pace: Pace | null
}

/** The beginning of an answer, and what becomes of its body. */
export type Answer =
  /** The body goes into the memory. `arriving` never rejects: fewer bytes than the length have come if the line broke. */
  | { readonly head: AnswerHead; readonly arriving: Promise<number> }
  /** It is another than the memory was for. */
  | { readonly head: AnswerHead; readonly body: Buffer }

/** What a range is read into. */
export interface Into {
  /** At least as long as the range. */
  readonly memory: Uint8Array
  /** Ends the reading. */
  readonly signal: AbortSignal
  /** Told how many bytes have come, whenever some have. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/** A question on its way. */
interface Exchange {
  readonly into: Into
  readonly answer: (answer: Answer) => void
  readonly fail: (error: Error) => void
}

/** S3's heads have a few KB; metadata has 2 KB at most (S3 User Guide: Working with object metadata). */
const longestHead = 64 * 1024

/** Of an error document. What is longer is none. */
const longestDocument = 1024 * 1024

/** What is read at a time. More makes no difference (measured on loopback, from 256 KiB to 1 MiB). */
const mostAtATime = 512 * 1024

export class Line {
  readonly #socket: Socket
  readonly #options: LineOptions
  readonly #scratch = Buffer.allocUnsafeSlow(longestHead)
  #exchange: Exchange | null = null
  #head: AnswerHead | null = null
  /** Of the head, the part that has come. */
  #inScratch = 0
  /** Of a range. */
  #arriving: { length: number; at: number; done: (bytes: number) => void } | null = null
  /** Of another body. */
  #document: Buffer[] = []
  #failure: Error | null = null
  #onFree: (isGood: boolean) => void = () => undefined

  constructor(origin: Origin, options: LineOptions) {
    this.#options = options
    const { isTls, hostname, port } = origin
    const where: NetConnectOpts = {
      host: hostname,
      port,
      noDelay: true,
      onread: {
        buffer: () => this.#room(),
        callback: (length, buffer) => this.#received(Buffer.from(buffer.buffer, buffer.byteOffset, length)),
      },
    }
    this.#socket = isTls ? connectTls({ ...where, servername: isIP(hostname) ? '' : hostname }) : connectPlain(where)
    const late = setTimeout(() => this.#socket.destroy(timeout('connect')), options.connectMs)
    this.#socket.once(isTls ? 'secureConnect' : 'connect', () => clearTimeout(late))
    this.#socket.on('error', error => (this.#failure = error))
    this.#socket.on('timeout', () => this.#socket.destroy(timeout('answer')))
    this.#socket.on('close', () => {
      clearTimeout(late)
      this.#closed()
    })
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable
  }

  /**
   * Sends a request, one at a time. The memory is for the body of a 206 of known length, and is not touched any more once
   * `arriving` has resolved. Rejects where no answer comes, or one that isn't HTTP.
   * @param onFree called when the line is good for another request, and with false when it is closed
   */
  async ask(request: string, into: Into, onFree: (isGood: boolean) => void): Promise<Answer> {
    const { signal } = into
    const aborted = () => this.#socket.destroy(abort())
    signal.addEventListener('abort', aborted, { once: true })
    this.#onFree = isGood => {
      signal.removeEventListener('abort', aborted)
      onFree(isGood)
    }
    if (signal.aborted) aborted()
    return new Promise((answer, fail) => {
      this.#exchange = { into, answer, fail }
      this.#socket.setTimeout(this.#options.timeoutMs)
      this.#socket.write(request, 'latin1')
    })
  }

  /** Ends it at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Where the bytes that come next are to lie. */
  #room(): Uint8Array {
    const { memory } = this.#exchange?.into ?? {}
    if (this.#arriving === null || memory === undefined) return this.#scratch.subarray(this.#inScratch)
    const { at, length } = this.#arriving
    return memory.subarray(at, Math.min(length, at + Math.min(mostAtATime, this.#options.pace?.turnBytes ?? Infinity)))
  }

  /** Bytes have come into the room. Returns whether more may come now. */
  #received(bytes: Buffer): boolean {
    try {
      if (this.#exchange === null) throw unasked()
      if (this.#arriving !== null) this.#inRange(this.#exchange, bytes.length)
      else if (this.#head !== null) this.#inDocument(this.#head, bytes, this.#exchange.into.memory.length)
      else this.#inHead(this.#exchange, bytes.length)
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : undefined)
      return false
    }
    return this.#options.pace === null || this.#holdBack(this.#options.pace, bytes.length)
  }

  #holdBack(pace: Pace, bytes: number): false {
    // Being held back is no silence of the other side.
    this.#socket.setTimeout(0)
    void pace.pass(bytes).then(() => {
      if (this.#exchange !== null) this.#socket.setTimeout(this.#options.timeoutMs)
      this.#socket.resume()
    })
    return false
  }

  #inHead(exchange: Exchange, length: number): void {
    this.#inScratch += length
    const received = this.#scratch.subarray(0, this.#inScratch)
    const head = readHead(received)
    if (head === null) {
      if (this.#inScratch === longestHead) throw tooLong()
      return
    }
    this.#inScratch = 0
    const rest = received.subarray(head.bytes)
    // 100 Continue and the like; the answer comes behind it.
    if (head.status < 200) return this.#again(exchange, rest)
    this.#head = head
    if (head.status !== 206 || typeof head.body !== 'number') {
      return this.#inDocument(head, rest, exchange.into.memory.length)
    }
    if (head.body > exchange.into.memory.length || rest.length > head.body) throw tooLong()
    exchange.into.memory.set(rest)
    const arriving = new Promise<number>(done => {
      this.#arriving = { length: Number(head.body), at: 0, done }
    })
    exchange.answer({ head, arriving })
    this.#inRange(exchange, rest.length)
  }

  #again(exchange: Exchange, rest: Uint8Array): void {
    this.#scratch.set(rest)
    if (rest.length > 0) this.#inHead(exchange, rest.length)
  }

  #inRange({ into }: Exchange, length: number): void {
    const arriving = this.#arriving
    if (arriving === null) return
    arriving.at += length
    into.onBytes?.(length)
    if (arriving.at === arriving.length) this.#complete()
  }

  /** Collects what is not the range, or one of unknown length. `bytes` may lie in the room, which is used again. */
  #inDocument(head: AnswerHead, bytes: Uint8Array, range: number): void {
    this.#document.push(Buffer.from(bytes))
    const received = Buffer.concat(this.#document)
    const whole = head.body === 'chunked' ? unchunked(received) : received.length === head.body ? received : null
    if (whole !== null) this.#complete(whole)
    else if (received.length > range + longestDocument) throw tooLong()
  }

  /** The answer is there. */
  #complete(body?: Buffer): void {
    const isGood = this.#head?.keepsAlive === true
    this.#settle(body)
    if (!isGood) return this.destroy()
    this.#socket.setTimeout(0)
    this.#onFree(true)
  }

  /** Lets whoever waits know, and forgets about it. */
  #settle(body: Buffer | undefined): void {
    const [exchange, head, arriving] = [this.#exchange, this.#head, this.#arriving]
    this.#exchange = this.#head = this.#arriving = null
    this.#document = []
    if (arriving !== null) arriving.done(arriving.at)
    else if (exchange !== null && head !== null && body !== undefined) exchange.answer({ head, body })
    else exchange?.fail(this.#failure ?? hungUp())
  }

  #closed(): void {
    const isWhole = this.#failure === null && this.#head?.body === 'until-closed'
    this.#settle(isWhole ? Buffer.concat(this.#document) : undefined)
    this.#onFree(false)
  }
}

const named = (name: string, message: string) => Object.assign(new Error(message), { name })
const coded = (code: string, message: string) => Object.assign(new Error(message), { code })
const timeout = (what: string) => named('TimeoutError', `the ${what} took too long`)
const abort = () => named('AbortError', 'the request was aborted')
const hungUp = () => coded('ECONNRESET', 'the connection was closed before the answer was complete')
const unasked = () => coded('EPROTO', 'bytes came that nobody had asked for')
const tooLong = () => coded('EPROTO', 'the answer is longer than what was asked for')
