/** The faults that strike one request, carried out where they are due. */
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Disconnected, S3Error, statusOfCode } from './errors.js'
import type { Fault, Point, Victim } from './fault.js'
import type { Faults } from './faults.js'
import type { LogEntry } from './log.js'
import type { Answer, Service } from './service.js'

/** An error that comes in the body of a 200, behind spaces that were to keep the connection alive. */
export class LateError extends S3Error {}

export class Strike {
  readonly #faults: Faults
  readonly #struck: readonly Fault[]
  readonly #done = new Set<Fault>()
  readonly #entry: LogEntry
  readonly #response: ServerResponse
  readonly #service: Service

  constructor(faults: Faults, entry: LogEntry, response: ServerResponse, service: Service) {
    this.#faults = faults
    this.#struck = faults.strike(entry)
    this.#entry = entry
    this.#response = response
    this.#service = service
  }

  /** Carries out what is due at a point, or once `bytes` passed there. Throws what the request ends with. */
  async at(point: Point, bytes = Infinity): Promise<void> {
    for (const fault of this.#struck) {
      if ((fault.at ?? 'before') !== point || (fault.bytes ?? 0) > bytes || this.#done.has(fault)) continue
      this.#done.add(fault)
      await this.#act(fault)
    }
  }

  /** After how many bytes of the answer's body the next fault is due; Infinity for none. */
  nextInAnswer(): number {
    const due = this.#struck.filter(fault => fault.at === 'answer' && !this.#done.has(fault))
    return Math.min(...due.map(fault => fault.bytes ?? 0))
  }

  /** Where the answer's body is spoiled: the places of its flipped bits. */
  flippedBits(): number[] {
    return this.#corrupting('answer').map(fault => fault.offset ?? 0)
  }

  /** Spoils bytes that were stored by this request. */
  async damage(file: string): Promise<void> {
    for (const fault of this.#corrupting('stored')) await this.#service.blobs.flipBit(file, fault.offset ?? 0)
  }

  /** Spoils what an answer says about the object. */
  disguise(answer: Answer): Answer {
    let disguised = answer
    if (this.#corrupting('etag').length > 0) disguised = spoilt(disguised, /^etag$/, /(?<=<ETag>(?:&quot;)?)\w/g)
    if (this.#corrupting('checksum').length > 0)
      disguised = spoilt(disguised, /^x-amz-checksum-(crc|sha)/, /(?<=<Checksum(?:SHA|CRC)\w+>)[\w+/]/g)
    return disguised
  }

  #corrupting(what: Victim): Fault[] {
    return this.#struck.filter(fault => fault.do === 'corrupt' && fault.what === what)
  }

  async #act(fault: Fault): Promise<void> {
    switch (fault.do) {
      case 'drop':
        this.#response.destroy()
        throw new Disconnected('dropped by a fault')
      case 'stall':
        return this.#stall(fault.ms)
      case 'hold':
        return this.#faults.hold(fault.name ?? '', this.#entry)
      case 'status':
        throw new S3Error(...errorOf(fault))
      case 'late-error':
        throw new LateError(...errorOf(fault))
      case 'forget':
        if (this.#entry.uploadId !== null) this.#service.uploads.end(this.#entry.uploadId, new Set())
        return
      case 'corrupt':
        // Not at a point in time, but in the bytes themselves.
        return
    }
  }

  async #stall(ms: number | undefined): Promise<void> {
    const gone = new AbortController()
    const onClose = () => gone.abort()
    this.#response.once('close', onClose)
    if (this.#response.destroyed) onClose()
    try {
      // Without a limit: a day, which no client waits.
      await sleep(ms ?? 24 * 60 * 60 * 1000, undefined, { signal: gone.signal })
    } catch {
      throw new Disconnected('the client gave up waiting')
    } finally {
      this.#response.off('close', onClose)
    }
  }
}

function errorOf(fault: Fault): [code: string, status: number, message: string] {
  const code = fault.code ?? 'InternalError'
  return [code, fault.status ?? statusOfCode(code) ?? 500, fault.message ?? 'A fault was asked for.']
}

/** An answer with one character changed in the headers of that name, and where the document has the same. */
function spoilt(answer: Answer, header: RegExp, inDocument: RegExp): Answer {
  const headers = Object.entries(answer.headers).map(([name, value]) => [
    name,
    header.test(name) ? value.replace(/[\w+/]/, otherCharacter) : value,
  ])
  const { body } = answer
  return {
    ...answer,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: typeof body === 'string' ? body.replace(inDocument, otherCharacter) : body,
  }
}

/** Fit for base64 and hexadecimal alike. */
const otherCharacter = (character: string): string => (character === 'a' ? 'b' : 'a')
