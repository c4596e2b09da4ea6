/** What was asked of the server, in the order it came. */
import { Changes } from './changes.js'

/** One request. */
export interface LogEntry {
  readonly seq: number
  readonly method: string
  /** `UploadPart`, ...; null if it was none. */
  operation: string | null
  bucket: string | null
  key: string | null
  uploadId: string | null
  partNumber: number | null
  readonly range: string | null
  /** Null while it is being handled, and if the connection ended first. */
  status: number | null
  /** The code of the error it was answered with. */
  code: string | null
  /** Whether the connection ended before the answer did. */
  dropped: boolean
  /** Bytes of the bodies that passed. */
  requestBytes: number
  responseBytes: number
  /** Milliseconds since 1970; null while it is being handled. */
  readonly startMs: number
  endMs: number | null
}

/** What to look for; what is left out fits everything. */
export interface LogQuery {
  readonly operation?: string
  /** Part of the key. */
  readonly key?: string
  readonly partNumber?: number
  readonly status?: number
}

/** Whether a request is one of those that are looked for. */
export const isAskedFor = (entry: LogEntry, query: LogQuery): boolean =>
  (query.operation === undefined || query.operation === entry.operation) &&
  (query.key === undefined || (entry.key ?? '').includes(query.key)) &&
  (query.partNumber === undefined || query.partNumber === entry.partNumber) &&
  (query.status === undefined || query.status === entry.status)

/** The requests of a server. The oldest are forgotten beyond a hundred thousand. */
export class RequestLog {
  #entries: LogEntry[] = []
  #last = 0
  readonly #changes = new Changes()

  /** Notes a request that came. */
  begin(method: string, range: string | null): LogEntry {
    const entry: LogEntry = {
      seq: ++this.#last,
      method,
      operation: null,
      bucket: null,
      key: null,
      uploadId: null,
      partNumber: null,
      range,
      status: null,
      code: null,
      dropped: false,
      requestBytes: 0,
      responseBytes: 0,
      startMs: Date.now(),
      endMs: null,
    }
    this.#entries.push(entry)
    if (this.#entries.length > 100_000) this.#entries = this.#entries.slice(50_000)
    return entry
  }

  /** Notes that it is over, and tells those who wait for it. */
  end(entry: LogEntry): void {
    entry.endMs = Date.now()
    this.#changes.tell()
  }

  /** Requests in the order they came, those in progress included. */
  entries(query: LogQuery = {}): LogEntry[] {
    return this.#entries.filter(entry => isAskedFor(entry, query))
  }

  clear(): void {
    this.#entries = []
  }

  /** Waits until `count` such requests are over; throws the signal's reason if it comes first. */
  async wait(query: LogQuery, count: number, signal: AbortSignal): Promise<LogEntry[]> {
    const look = () => {
      const over = this.entries(query).filter(entry => entry.endMs !== null)
      return over.length >= count ? over : null
    }
    return this.#changes.until(look, signal)
  }
}
