/** One connection on which parts are sent and ranges are read: their bytes are copied once, by the system. */
import { isIP, connect as connectPlain, type NetConnectOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Pace } from './pace.js'
import { type Answer, type Into, Reception } from './reception.js'

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
  /** What bytes must keep to, both ways; null for as fast as they go. */
  readonly pace: Pace | null
}

/** A request. */
export interface Asking {
  /** Its first line and its headers, with the empty line. */
  readonly head: string
  /** Must not change before the answer is there. */
  readonly body: Uint8Array | null
  /** Where the range goes, if one is asked for. It is not touched any more once `arriving` has resolved. */
  readonly into: Into | null
  /**
   * Not null where the head expects 100-continue: the body is sent once it is asked for, so that a refusal comes before
   * it and not in the middle. This is called where nobody asks within a second of the head, and the body is sent then
   * (RFC 9110, 10.1.1).
   */
  readonly onUninvited: (() => void) | null
  /** Ends it at once. */
  readonly signal: AbortSignal
}

/** How long a body waits to be asked for, in milliseconds, unless the line may not be silent for much longer. */
const longestInvitationMs = 1000

/**
 * What is sent at a time. All of a part at once would make Node encrypt it at once as well, which takes its memory twice and is
 * four times slower (measured with 16 MiB; from 64 KiB to 1 MiB it makes no difference).
 */
const pieceBytes = 512 * 1024

export class Line {
  readonly #socket: Socket
  readonly #options: LineOptions
  readonly #scratch = new Uint8Array(64 * 1024)
  #reception: Reception | null = null
  #isSending = false
  #failure: Error | null = null
  #onFree: (isGood: boolean) => void = () => undefined
  /** Ends the wait of a body. */
  #invite: () => void = () => undefined

  constructor(origin: Origin, options: LineOptions) {
    this.#options = options
    const { isTls, hostname, port } = origin
    const most = options.pace?.turnBytes ?? Infinity
    const where: NetConnectOpts = {
      host: hostname,
      port,
      noDelay: true,
      onread: {
        // The next room is asked for before it is known whether anything more will come.
        buffer: () => this.#reception?.room(most) ?? this.#scratch,
        callback: length => this.#received(length),
      },
    }
    this.#socket = isTls ? connectTls({ ...where, servername: isIP(hostname) ? '' : hostname }) : connectPlain(where)
    const late = setTimeout(() => this.#socket.destroy(timeout('connect')), options.connectMs)
    this.#socket.once(isTls ? 'secureConnect' : 'connect', () => clearTimeout(late))
    this.#socket.on('error', error => (this.#failure = error))
    this.#socket.on('timeout', () => this.#socket.destroy(timeout('answer')))
    this.#socket.on('close', () => {
      clearTimeout(late)
      this.#invite()
      this.#reception?.ended(this.#failure)
      this.#reception = null
      this.#onFree(false)
    })
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable
  }

  /**
   * Sends a request, one at a time. Rejects where no answer comes, or one that isn't HTTP.
   * @param onFree called when the line is good for another request, and with false when it is closed
   */
  async ask({ head, body, into, onUninvited, signal }: Asking, onFree: (isGood: boolean) => void): Promise<Answer> {
    const aborted = () => this.#socket.destroy(abort())
    signal.addEventListener('abort', aborted, { once: true })
    this.#onFree = isGood => {
      signal.removeEventListener('abort', aborted)
      onFree(isGood)
    }
    if (signal.aborted) aborted()
    const reception = new Reception(into, this.#scratch, () => this.#invite())
    this.#reception = reception
    this.#socket.setTimeout(this.#options.timeoutMs)
    const left = written(this.#socket, Buffer.from(head, 'latin1'))
    if (body !== null) void this.#send(body, left, onUninvited)
    return reception.answer
  }

  /** Ends it at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Each piece is written when the one before has left. Never rejects: that the line broke is seen elsewhere. */
  async #send(body: Uint8Array, headLeft: Promise<boolean>, onUninvited: Asking['onUninvited']): Promise<void> {
    this.#isSending = true
    // Connecting takes a time of its own.
    if (onUninvited !== null && (await headLeft)) await this.#invitation(onUninvited)
    const length = Math.min(pieceBytes, this.#options.pace?.turnBytes ?? Infinity)
    for (let from = 0; from < body.length; from += length) {
      const piece = body.subarray(from, from + length)
      await this.#held(piece.length)
      if (!(await written(this.#socket, piece))) return
    }
    this.#isSending = false
  }

  #invitation(onUninvited: () => void): Promise<void> {
    const most = Math.min(longestInvitationMs, this.#options.timeoutMs / 2)
    return new Promise(resolve => {
      const late = setTimeout(() => {
        onUninvited()
        resolve()
      }, most)
      this.#invite = () => {
        clearTimeout(late)
        resolve()
      }
    })
  }

  /** Bytes have come into the room. Returns whether more may come now. */
  #received(length: number): boolean {
    try {
      if (this.#reception === null) throw unasked()
      const head = this.#reception.received(length)
      if (head !== null) this.#complete(head.keepsAlive)
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : undefined)
      return false
    }
    if (this.#options.pace === null) return true
    void this.#held(length).then(() => this.#socket.resume())
    return false
  }

  /** Waits until so many bytes may pass. Being held back is no silence of the other side. */
  async #held(bytes: number): Promise<void> {
    const { pace, timeoutMs } = this.#options
    if (pace === null) return
    this.#socket.setTimeout(0)
    await pace.pass(bytes)
    if (this.#reception !== null) this.#socket.setTimeout(timeoutMs)
  }

  /** The answer is there. One that overtakes the end of its request leaves the line unusable. */
  #complete(keepsAlive: boolean): void {
    this.#reception = null
    if (!keepsAlive || this.#isSending) return this.destroy()
    this.#socket.setTimeout(0)
    this.#onFree(true)
  }
}

/** Whether it has left. */
const written = (socket: Socket, piece: Uint8Array): Promise<boolean> =>
  new Promise(resolve => socket.write(piece, error => resolve(error == null)))

const named = (name: string, message: string) => Object.assign(new Error(message), { name })
const timeout = (what: string) => named('TimeoutError', `the ${what} took too long`)
const abort = () => named('AbortError', 'the request was aborted')
const unasked = () => Object.assign(new Error('bytes came that nobody had asked for'), { code: 'EPROTO' })
