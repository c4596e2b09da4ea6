/** Clients for the test server: the SDK's, and one that sends exactly what a test wants. */
import { S3Client } from '@aws-sdk/client-s3'
import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import type { S3Server } from './server.js'
import { sha256Hex, sign, signingKey } from './signature.js'
import { parseTarget, uriEncode, uriEncodePath } from './uri.js'

/** An SDK client that does not try again, so that each refusal is seen. */
export function clientOf(server: Pick<S3Server, 'url' | 'region' | 'credentials'>): S3Client {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  return new S3Client({
    endpoint: server.url,
    region: server.region,
    credentials: server.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
}

/** Which server to send to, and as whom. */
export type Target = Pick<S3Server, 'port' | 'region' | 'credentials'>

export interface RawRequest {
  readonly method?: string
  /** As it goes over the wire, percent-encoded. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
  /** The value of x-amz-content-sha256; by default the body's hash. */
  readonly payload?: string
  /** By default now. */
  readonly time?: Date
  /** Changes the headers after they were signed; undefined removes one. */
  readonly tamper?: Readonly<Record<string, string | undefined>>
}

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The Code of an error document. */
  readonly code: string | undefined
}

/** What a signed request's chunks go on signing with. */
export interface Seed {
  readonly signature: string
  readonly key: Buffer
  readonly date: string
  readonly scope: string
}

/** Signs a request: the headers to send, and the seed of a chunked body. */
export function signed(server: Target, request: RawRequest): { headers: Record<string, string>; seed: Seed } {
  const date = (request.time ?? new Date()).toISOString().replace(/[-:]|\.\d+/g, '')
  const day = date.slice(0, 8)
  const headers: Record<string, string> = {
    host: `127.0.0.1:${server.port}`,
    'x-amz-date': date,
    'x-amz-content-sha256': request.payload ?? sha256Hex(request.body ?? ''),
    ...(server.credentials.sessionToken === undefined
      ? {}
      : { 'x-amz-security-token': server.credentials.sessionToken }),
    ...request.headers,
  }
  const names = Object.keys(headers).sort()
  const { path, query } = parseTarget(request.target)
  const canonical = [
    request.method ?? 'GET',
    uriEncodePath(path),
    query
      .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
      .sort()
      .join('&'),
    ...names.map(name => `${name}:${headers[name] ?? ''}`),
    '',
    names.join(';'),
    headers['x-amz-content-sha256'] ?? '',
  ].join('\n')
  const scope = `${day}/${server.region}/s3/aws4_request`
  const key = signingKey(server.credentials.secretAccessKey, day, server.region)
  const signature = sign(key, ['AWS4-HMAC-SHA256', date, scope, sha256Hex(canonical)].join('\n'))
  const credential = `${server.credentials.accessKeyId}/${scope}`
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { headers: { ...headers, authorization }, seed: { signature, key, date, scope } }
}

/** Sends a signed request and reads the whole answer. */
export const send = (server: Target, request: RawRequest): Promise<RawAnswer> =>
  sendUnsigned(server, { ...request, headers: signed(server, request).headers })

/** The same without a signature. */
export async function sendUnsigned(server: Target, request: RawRequest): Promise<RawAnswer> {
  const { method = 'GET', target: path, body = '' } = request
  const all: Record<string, string | undefined> = {
    'content-length': String(Buffer.byteLength(body)),
    ...request.headers,
    ...request.tamper,
  }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(all)) if (value !== undefined) headers[name] = value
  const outgoing = httpRequest({ host: '127.0.0.1', port: server.port, method, path, headers, agent: false })
  outgoing.end(body)
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve).once('error', reject)
  })
  const pieces: Buffer[] = []
  incoming.on('data', (piece: Buffer) => pieces.push(piece))
  await once(incoming, 'end')
  const answered = Buffer.concat(pieces)
  const code = /<Code>(\w+)<\/Code>/.exec(answered.toString())?.[1]
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: answered, code }
}
