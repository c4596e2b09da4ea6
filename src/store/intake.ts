/**
 * Reading ranges of objects. Node's own client copies a body twice, into new memory each time, so that most of a download's
 * time goes into collecting that garbage; here the system copies it once, to where it stays. Everything else about a
 * request, from signing it to trying again, remains the SDK's.
 */
import { Readable } from 'node:stream'
import { type Answer, type Into, Line, type LineOptions, type Origin } from './line.js'

/** A request as the SDK hands it to whoever sends it, signed. */
interface Request {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly query: Readonly<Record<string, string | readonly string[] | null>>
  readonly headers: Readonly<Record<string, string>>
}

/** An answer as the SDK takes it. */
interface Taken {
  readonly response: {
    readonly statusCode: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: Readable
  }
  /** How many bytes have come into the memory, once no more will; null where they are not the range. Never rejects. */
  readonly arriving: Promise<number> | null
}

export class Intake {
  readonly #options: LineOptions
  /** Lines that wait for a request, by where they lead; those used last at the end. */
  readonly #free = new Map<string, Line[]>()
  readonly #all = new Set<Line>()

  constructor(options: LineOptions) {
    this.#options = options
  }

  /** Sends a signed GET of a range. Rejects where no answer comes. */
  async take(request: unknown, into: Into): Promise<Taken> {
    if (!isGet(request)) throw new Error('the SDK has made something else of a GET')
    const text = textOf(request)
    const origin = originOf(request)
    const free = this.#freeLines(origin)
    const line = this.#lineTo(origin, free)
    const answer = await line.ask(text, into, isGood => {
      if (isGood) free.push(line)
      else this.#forget(line, free)
    })
    return takenOf(answer, into)
  }

  /** Closes all lines. */
  destroy(): void {
    for (const line of this.#all) line.destroy()
  }

  #lineTo(origin: Origin, free: Line[]): Line {
    for (let line = free.pop(); line !== undefined; line = free.pop()) if (line.isOpen) return line
    const line = new Line(origin, this.#options)
    this.#all.add(line)
    return line
  }

  #freeLines({ isTls, hostname, port }: Origin): Line[] {
    const name = `${isTls ? 'https' : 'http'}://${hostname}:${port}`
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

function takenOf(answer: Answer, { memory, onBytes }: Into): Taken {
  const { status: statusCode, headers } = answer.head
  const taken = (body: Readable, arriving: Taken['arriving']) => ({ response: { statusCode, headers, body }, arriving })
  if ('arriving' in answer) return taken(Readable.from([]), answer.arriving)
  if (statusCode !== 206 || answer.body.length > memory.length) return taken(Readable.from([answer.body]), null)
  // A range after all, of a service that did not say how long it would be.
  memory.set(answer.body)
  onBytes?.(answer.body.length)
  return taken(Readable.from([]), Promise.resolve(answer.body.length))
}

/** Whether the SDK's request is what this sends. */
const isGet = (request: unknown): request is Request =>
  typeof request === 'object' && request !== null && 'method' in request && request.method === 'GET'

function originOf({ protocol, hostname, port }: Request): Origin {
  const isTls = protocol === 'https:'
  return { isTls, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port: port ?? (isTls ? 443 : 80) }
}

/** The request as it goes out (RFC 9112, 3). */
function textOf({ path, query, headers }: Request): string {
  const pairs = Object.entries(query).flatMap(([name, values]) =>
    [values].flat().map(value => (value === null ? escaped(name) : `${escaped(name)}=${escaped(value)}`)),
  )
  const target = pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
  const lines = [`GET ${target} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  // Who could end a line could ask for anything.
  if (lines.some(line => /[^\t\x20-\x7e\x80-\xff]/.test(line))) throw new Error('the request is not clean')
  return [...lines, '', ''].join('\r\n')
}

/** As the SDK escapes what it signs. */
const escaped = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
