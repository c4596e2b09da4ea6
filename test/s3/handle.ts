/** The life of one request: what it is, whether it may, what it does, and what goes wrong on purpose meanwhile. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { authorize, denied, disguised } from './authorize.js'
import type { BodyRules, BodySource } from './body.js'
import { readBody } from './body.js'
import { Disconnected, refusal, S3Error } from './errors.js'
import type { Faults } from './faults.js'
import type { LogEntry, RequestLog } from './log.js'
import { bodyOf, headerValues } from './request.js'
import { errorAnswer, lateErrorAnswer, send } from './respond.js'
import type { Route } from './routes.js'
import { routeOf } from './routes.js'
import type { Answer, Exchange, ReceivedBlob, Service } from './service.js'
import type { Credentials, Proof } from './signature.js'
import { verifySignature } from './signature.js'
import { LateError, Strike } from './strike.js'
import type { Throttle } from './throttle.js'
import type { Target } from './uri.js'
import { parseTarget } from './uri.js'

/** What all requests share. */
export interface Server {
  readonly service: Service
  readonly faults: Faults
  readonly log: RequestLog
  readonly throttle: Throttle
  readonly credentials: Credentials
}

/** 8 MiB: the list of 10,000 parts takes two. */
const maxDocument = 8 * 1024 ** 2

/** 1024 bytes: what a key may have in UTF-8. */
const maxKey = 1024

/** Answers a request. `expectsContinue` is whether its body will only come when it is asked for. */
export async function handle(
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
): Promise<void> {
  const entry = server.log.begin(request.method ?? '', request.headers.range ?? null)
  const life = new Life(server, request, response, entry, expectsContinue)
  try {
    await life.run()
  } catch (error) {
    if (!(error instanceof Disconnected)) throw error
    entry.dropped = true
    response.destroy()
  } finally {
    server.log.end(entry)
  }
}

class Life {
  readonly #server: Server
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #entry: LogEntry
  readonly #requestId: string
  #strike: Strike | null = null
  /** Whether the client still waits for a word before it sends the body. */
  #mustContinue: boolean

  constructor(
    server: Server,
    request: IncomingMessage,
    response: ServerResponse,
    entry: LogEntry,
    expectsContinue: boolean,
  ) {
    this.#server = server
    this.#request = request
    this.#response = response
    this.#entry = entry
    this.#mustContinue = expectsContinue
    this.#requestId = entry.seq.toString(16).toUpperCase().padStart(16, '0')
    response.setHeader('server', 'AmazonS3')
    response.setHeader('date', new Date(server.service.now()).toUTCString())
    response.setHeader('x-amz-request-id', this.#requestId)
    response.setHeader('x-amz-id-2', Buffer.from(this.#requestId).toString('base64'))
  }

  async run(): Promise<void> {
    const answer = await this.#answer()
    // The body may not come any more, or come unasked: the connection is no good for another request.
    if (this.#mustContinue) this.#response.setHeader('connection', 'close')
    const { service, throttle } = this.#server
    await send(answer, { service, throttle, entry: this.#entry, response: this.#response, strike: this.#strike })
    // What nobody wanted to read must pass before the next request.
    this.#request.resume()
  }

  async #answer(): Promise<Answer> {
    try {
      return await this.#operate()
    } catch (error) {
      if (error instanceof Disconnected) throw error
      const resource = (this.#request.url ?? '').replace(/\?.*/s, '')
      const known =
        error instanceof S3Error ? error : refusal('InternalError', `a bug in the test server: ${String(error)}`)
      if (known !== error) console.error(error)
      this.#entry.code = known.code
      return (known instanceof LateError ? lateErrorAnswer : errorAnswer)(known, resource, this.#requestId)
    }
  }

  async #operate(): Promise<Answer> {
    const { service, faults, credentials } = this.#server
    const target = parseTarget(this.#request.url ?? '')
    const route = routeOf(this.#entry.method, target)
    this.#note(route, target)
    const strike = new Strike(faults, this.#entry, this.#response, service)
    this.#strike = strike
    if (service.settings.latencyMs > 0) await sleep(service.settings.latencyMs)
    await strike.at('before')

    const headers = headerValues(this.#request)
    const trust = {
      credentials,
      region: service.region,
      nowMs: Date.now() + service.settings.skewMs,
      tokenExpired: service.settings.tokenExpired,
    }
    const proof = verifySignature({ method: this.#entry.method, target, headers }, trust)
    if (Buffer.byteLength(target.key) > maxKey)
      throw refusal('KeyTooLongError', 'Your key is too long', { MaxSizeAllowed: String(maxKey) })
    const { identityPolicy } = service.settings
    authorize(identityPolicy, {
      operation: route[0],
      bucket: target.bucket,
      key: target.key,
      headers: joined(headers),
      query: new Map(target.query),
    })
    const answer = await this.#work(route, target, joined(headers), proof).catch((error: unknown) => {
      if (error instanceof S3Error && disguised(identityPolicy, target.bucket, error.code))
        throw denied('it may not know whether the object is there')
      throw error
    })
    await strike.at('after')
    return strike.disguise(answer)
  }

  #note([name]: Route, target: Target): void {
    const query = new Map(target.query)
    const number = query.get('partNumber')
    this.#entry.operation = name
    this.#entry.bucket = target.bucket || null
    this.#entry.key = target.key || null
    this.#entry.uploadId = query.get('uploadId') ?? null
    this.#entry.partNumber = number === undefined ? null : Number(number)
  }

  /** Runs the operation on the body that it takes. What was stored and then not used is removed. */
  async #work(route: Route, target: Target, headers: Map<string, string>, proof: Proof): Promise<Answer> {
    const [, , , , kind, handler] = route
    const { service } = this.#server
    const source: BodySource = { headers, proof, bytes: this.#bytes() }
    const stored: string[] = []
    const exchange: Exchange = {
      service,
      bucket: target.bucket,
      key: target.key,
      query: new Map(target.query),
      headers,
      document: kind === 'data' ? '' : await this.#document(source, kind),
      receive: async () => {
        const blob = await this.#receive(source)
        stored.push(blob.file)
        return blob
      },
    }
    try {
      const answer = await handler(exchange)
      for (const file of stored) await this.#strike?.damage(file)
      return answer
    } catch (error) {
      service.blobs.remove(stored)
      throw error
    }
  }

  async #document(source: BodySource, kind: Route[4]): Promise<string> {
    const { headers } = source
    const digests = [...headers.keys()].filter(name => /^(content-md5|x-amz-trailer|x-amz-checksum-.*)$/.test(name))
    if (kind === 'digested' && digests.length === 0)
      throw refusal('InvalidRequest', 'Missing required header for this request: Content-MD5')
    const checksums = kind === 'document' || kind === 'digested'
    const pieces: Buffer[] = []
    await readBody(source, this.#rules({ limit: maxDocument, optional: true, checksums, md5: false }), piece => {
      pieces.push(piece)
      return Promise.resolve()
    })
    return Buffer.concat(pieces).toString()
  }

  async #receive(source: BodySource): Promise<ReceivedBlob> {
    const { settings, blobs } = this.#server.service
    const rules = { limit: settings.maxPartSize, optional: false, checksums: true, md5: !settings.noMd5 }
    const writer = await blobs.create()
    try {
      const body = await readBody(source, this.#rules(rules), data => writer.write(data))
      await writer.close()
      return { ...body, file: writer.file }
    } catch (error) {
      await writer.discard()
      throw error
    }
  }

  #rules(rules: BodyRules): BodyRules {
    return { ...rules, checksums: rules.checksums && !this.#server.service.settings.noChecksums }
  }

  /** The body as it comes, asked for when somebody begins to read it. */
  async *#bytes(): AsyncGenerator<Buffer> {
    if (this.#mustContinue) this.#response.writeContinue()
    this.#mustContinue = false
    yield* bodyOf(this.#request, async bytes => {
      this.#entry.requestBytes += bytes
      await this.#strike?.at('body', this.#entry.requestBytes)
      await this.#server.throttle.pass(bytes)
    })
  }
}

const joined = (headers: ReadonlyMap<string, readonly string[]>): Map<string, string> =>
  new Map([...headers].map(([name, values]) => [name, values.map(value => value.trim()).join(',')]))
