/** What operations work on and with. */
import type { Blobs } from './blobs.js'
import type { ReceivedBody } from './body.js'
import type { Slice } from './blobs.js'
import type { Objects } from './objects.js'
import type { Settings } from './settings.js'
import type { Uploads } from './uploads.js'

export interface Service {
  readonly settings: Settings
  readonly region: string
  readonly objects: Objects
  readonly uploads: Uploads
  readonly blobs: Blobs
  /** The server's clock: whole seconds, as milliseconds since 1970. */
  now(): number
}

/** A body that was stored, and the name of its file. */
export interface ReceivedBlob extends ReceivedBody {
  readonly file: string
}

/** A request that is what it claims to be. */
export interface Exchange {
  readonly service: Service
  readonly bucket: string
  readonly key: string
  readonly query: ReadonlyMap<string, string>
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** The body, of operations that take a document. */
  readonly document: string
  /** Reads and checks the body of operations that take data. Whoever throws after it leaves a file that nobody knows. */
  receive(): Promise<ReceivedBlob>
}

/** What is answered: a document, bytes of stored files, or nothing but headers. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | readonly Slice[] | null
}

export type Handler = (exchange: Exchange) => Answer | Promise<Answer>

/** An answer without a body. */
export const bare = (status: number, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers,
  body: null,
})

/** 200 and a document. */
export const answerDocument = (body: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml', ...headers },
  body,
})
