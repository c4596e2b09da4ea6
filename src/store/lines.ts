/**
 * How parts and ranges travel. Node's own HTTP client copies a body twice more, into new memory each time, so that most of a
 * download's time goes into collecting that garbage; here the system copies it once, from or to where it stays. Everything
 * else about a request, from signing it to trying again, remains the SDK's.
 */
import { Readable } from 'node:stream'
import { Line, type LineOptions, type Origin } from './line.js'
import type { Answer, Into } from './reception.js'

/** A request as the SDK hands it to whoever sends it, signed. */
interface Request {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly query: Readonly<Record<string, string | readonly string[] | null>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** An answer as the SDK takes it. */
interface Response {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readable
}

export interface Taken {
  readonly response: Response
  /** How many bytes have come into the memory, once no more will; null where they are not the range. Never rejects. */
  readonly arriving: Promise<number> | null
}

/** Bytes of a body for which it is first asked whether it may come, as the AWS SDKs do: what is shorter is sent sooner. */
const worthAnInvitation = 2 * 1024 * 1024

export class Lines {
  readonly #options: LineOptions
  /** Those that wait for a request, by where they lead; those used last at the end. */
  readonly #free = new Map<string, Line[]>()
  readonly #all = new Set<Line>()
  /** Where bodies are not asked for, whatever is expected. */
  readonly #uninviting = new Set<string>()

  constructor(options: LineOptions) {
    this.#options = options
  }

  /** Sends a signed request with its body, which must not change before the answer is there. Rejects where none comes. */
  async send(request: unknown, signal: AbortSignal): Promise<{ readonly response: Response }> {
    return takenOf(await this.#ask(request, null, signal), null)
  }

  /** Sends a signed GET of a range. Rejects where no answer comes. */
  async take(request: unknown, into: Into, signal: AbortSignal): Promise<Taken> {
    return takenOf(await this.#ask(request, into, signal), into)
  }

  /** Closes all lines. */
  destroy(): void {
    for (const line of this.#all) line.destroy()
  }

  async #ask(request: unknown, into: Into | null, signal: AbortSignal): Promise<Answer> {
    if (!isRequest(request)) throw new Error('the SDK has made another request than it used to')
    const { body } = request
    const origin = originOf(request)
    const name = nameOf(origin)
    const bytes = body instanceof Uint8Array ? body : null
    const expects = bytes !== null && bytes.length >= worthAnInvitation && !this.#uninviting.has(name)
    // Not among what is signed: proxies may change it.
    const headers = expects ? { ...request.headers, expect: '100-continue' } : request.headers
    const onUninvited = expects ? () => void this.#uninviting.add(name) : null
    const asking = { head: headOf({ ...request, headers }), body: bytes, into, onUninvited, signal }
    const free = this.#freeLines(name)
    const line = this.#lineTo(origin, free)
    const answer = await line.ask(asking, isGood => {
      if (isGood) free.push(line)
      else this.#forget(line, free)
    })
    // There are proxies that know nothing of it (RFC 9110, 15.5.18).
    if (onUninvited === null || answer.head.status !== 417) return answer
    onUninvited()
    return this.#ask(request, into, signal)
  }

  #lineTo(origin: Origin, free: Line[]): Line {
    for (let line = free.pop(); line !== undefined; line = free.pop()) if (line.isOpen) return line
    const line = new Line(origin, this.#options)
    this.#all.add(line)
    return line
  }

  #freeLines(name: string): Line[] {
    const free = this.#free.get(name) ?? []
    this.#free.set(name, free)
    return free
  }

  #forget(line: Line, free: Line[]): void {
    this.#all.delete(line)
    const at = free.indexOf(line)
    if (at >= 0) free.splice(at, 1)
  }
}

function takenOf(answer: Answer, into: Into | null): Taken {
  const { status: statusCode, headers } = answer.head
  const taken = (body: Readable, arriving: Taken['arriving']) => ({ response: { statusCode, headers, body }, arriving })
  if ('arriving' in answer) return taken(Readable.from([]), answer.arriving)
  const { length } = answer.body
  if (into === null || statusCode !== 206 || length > into.memory.length)
    return taken(Readable.from([answer.body]), null)
  // A range after all, of a service that did not say how long it would be.
  into.memory.set(answer.body)
  into.onBytes?.(length)
  return taken(Readable.from([]), Promise.resolve(length))
}

/** Whether it is what this can send: bytes, or nothing. */
const isRequest = (request: unknown): request is Request =>
  typeof request === 'object' &&
  request !== null &&
  'method' in request &&
  (!('body' in request) || request.body === undefined || request.body instanceof Uint8Array)

function originOf({ protocol, hostname, port }: Request): Origin {
  const isTls = protocol === 'https:'
  return { isTls, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port: port ?? (isTls ? 443 : 80) }
}

const nameOf = ({ isTls, hostname, port }: Origin) => `${isTls ? 'https' : 'http'}://${hostname}:${port}`

/** The beginning of the request as it goes out (RFC 9112, 3). */
function headOf({ method, path, query, headers }: Request): string {
  const pairs = Object.entries(query).flatMap(([name, values]) =>
    [values].flat().map(value => (value === null ? escaped(name) : `${escaped(name)}=${escaped(value)}`)),
  )
  const target = pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const lines = [`${method} ${target} HTTP/1.1`, ...fields]
  // Who could end a line could ask for anything.
  if (lines.some(line => /[^\t\x20-\x7e\x80-\xff]/.test(line))) throw new Error('the request is not clean')
  return [...lines, '', ''].join('\r\n')
}

/** As the SDK escapes what it signs. */
const escaped = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
