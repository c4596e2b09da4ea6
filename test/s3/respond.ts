/** Writes answers to the connection. */
import type { ServerResponse } from 'node:http'
import type { Slice } from './blobs.js'
import { Disconnected } from './errors.js'
import type { S3Error } from './errors.js'
import type { LogEntry } from './log.js'
import type { Answer, Service } from './service.js'
import type { Strike } from './strike.js'
import type { Throttle } from './throttle.js'
import { declaration, leaf, node } from './xml.js'

/** The document that says what was refused and why. */
const errorDocument = (error: S3Error, resource: string, requestId: string): string =>
  declaration +
  node(
    'Error',
    leaf('Code', error.code),
    leaf('Message', error.message),
    ...Object.entries(error.details).map(([name, value]) => leaf(name, value)),
    leaf('Resource', resource),
    leaf('RequestId', requestId),
  )

/** The answer that a refusal makes. */
export const errorAnswer = (error: S3Error, resource: string, requestId: string): Answer => ({
  status: error.status,
  headers: { 'content-type': 'application/xml', ...error.headers },
  body: errorDocument(error, resource, requestId),
})

/** Answers 200, and what went wrong in the body, as S3 may when completing an upload takes long. */
export const lateErrorAnswer = (error: S3Error, resource: string, requestId: string): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: errorDocument(error, resource, requestId).replace(declaration, `${declaration}${' \n'.repeat(3)}`),
})

export interface Way {
  readonly service: Service
  readonly throttle: Throttle
  readonly entry: LogEntry
  readonly response: ServerResponse
  /** Null before it is known which operation it is. */
  readonly strike: Strike | null
}

/** Writes an answer, with faults where they are due. Throws Disconnected if the connection ends first. */
export async function send(answer: Answer, way: Way): Promise<void> {
  const { response, entry } = way
  entry.status = answer.status
  const length = answer.headers['content-length'] ?? String(lengthOf(answer.body))
  const hasBody = entry.method !== 'HEAD' && answer.status !== 204 && answer.status !== 304
  const lengthHeader = answer.status === 204 || answer.status === 304 ? {} : { 'content-length': length }
  response.writeHead(answer.status, { ...answer.headers, ...lengthHeader })
  if (hasBody) await sendBody(piecesOf(answer.body, way.service), way)
  await unlessClosed(response, done => response.end(done))
}

const lengthOf = (body: Answer['body']): number =>
  typeof body === 'string'
    ? Buffer.byteLength(body)
    : (body ?? []).reduce((sum, { start, end }: Slice) => sum + end - start, 0)

async function* piecesOf(body: Answer['body'], { blobs }: Service): AsyncGenerator<Buffer> {
  if (typeof body === 'string') yield Buffer.from(body)
  else if (body !== null) yield* blobs.read(body)
}

async function sendBody(pieces: AsyncIterable<Buffer>, { throttle, entry, response, strike }: Way): Promise<void> {
  let sent = 0
  const write = async (bytes: Buffer) => {
    await throttle.pass(bytes.length)
    sent += bytes.length
    entry.responseBytes = sent
    await unlessClosed(response, done => response.write(bytes, done))
  }
  const bits = strike?.flippedBits() ?? []
  for await (const piece of pieces) {
    for (const bit of bits)
      if (bit >= sent && bit < sent + piece.length) piece.writeUInt8(piece.readUInt8(bit - sent) ^ 1, bit - sent)
    let rest = piece
    for (;;) {
      const due = strike === null ? Infinity : strike.nextInAnswer()
      if (due >= sent + rest.length) break
      const upTo = Math.max(due - sent, 0)
      response.flushHeaders()
      await write(rest.subarray(0, upTo))
      rest = rest.subarray(upTo)
      await strike?.at('answer', sent)
    }
    await write(rest)
  }
}

/** Waits until `begin` calls back, which is when the bytes have been handed to the system. */
async function unlessClosed(response: ServerResponse, begin: (done: (error?: Error | null) => void) => void) {
  await new Promise<void>((resolve, reject) => {
    const onClose = () => reject(new Disconnected('the client went away'))
    if (response.destroyed) {
      onClose()
      return
    }
    response.once('close', onClose)
    begin(error => {
      response.off('close', onClose)
      if (error) onClose()
      else resolve()
    })
  })
}
