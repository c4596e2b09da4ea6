/** The parts of HTTP/1.1 that an answer of S3 to a ranged GET is made of (RFC 9112). Bytes in, values out. */

/** The beginning of an answer. */
export interface AnswerHead {
  readonly status: number
  /** Names in lower case; values of a name that comes several times are joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  /** Bytes of the head, with the empty line at its end. */
  readonly bytes: number
  /** How the body that follows ends: after so many bytes, with its last chunk, or with the connection. */
  readonly body: number | 'chunked' | 'until-closed'
  /** Whether the connection is good for another request afterwards. */
  readonly keepsAlive: boolean
}

const endOfHead = Buffer.from('\r\n\r\n')

/** The head at the start of `received`; null if it is not complete yet. Throws where it isn't HTTP. */
export function readHead(received: Buffer): AnswerHead | null {
  const end = received.indexOf(endOfHead)
  if (end < 0) return null
  const [first = '', ...lines] = received.toString('latin1', 0, end).split('\r\n')
  const status = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(first)
  if (status === null) throw notHttp()
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const field = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line)
    if (field === null) throw notHttp()
    const [, name = '', value = ''] = field
    const known = headers[name.toLowerCase()]
    headers[name.toLowerCase()] = known === undefined ? value : `${known}, ${value}`
  }
  const connection = headers.connection?.toLowerCase() ?? (status[1] === '1' ? 'keep-alive' : 'close')
  const body = bodyOf(headers)
  return {
    status: Number(status[2]),
    headers,
    bytes: end + endOfHead.length,
    body,
    keepsAlive: connection === 'keep-alive' && body !== 'until-closed',
  }
}

/** RFC 9112, 6.3: a transfer coding comes before a length, and two different lengths are an attack or a mistake. */
function bodyOf(headers: Readonly<Record<string, string>>): AnswerHead['body'] {
  const { 'transfer-encoding': coding, 'content-length': length } = headers
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked' || length !== undefined) throw notHttp()
    return 'chunked'
  }
  if (length === undefined) return 'until-closed'
  if (!/^\d{1,15}$/.test(length)) throw notHttp()
  return Number(length)
}

/** What was sent in chunks, put together (RFC 9112, 7.1); null while the last chunk is not there. Throws where it isn't HTTP. */
export function unchunked(received: Buffer): Buffer | null {
  const chunks: Buffer[] = []
  for (let at = 0; ;) {
    const end = received.indexOf('\r\n', at)
    if (end < 0) return null
    const size = /^([\da-f]{1,8})(?:[ \t]*;.*)?$/i.exec(received.toString('latin1', at, end))?.[1]
    if (size === undefined) throw notHttp()
    const length = parseInt(size, 16)
    const start = end + 2
    if (length === 0) return isTrailerComplete(received.subarray(start)) ? Buffer.concat(chunks) : null
    if (received.length < start + length + 2) return null
    chunks.push(received.subarray(start, start + length))
    at = start + length + 2
  }
}

const isTrailerComplete = (trailer: Buffer) => trailer.indexOf('\r\n') === 0 || trailer.includes(endOfHead)

const notHttp = () => Object.assign(new Error('the answer is not HTTP'), { code: 'EPROTO' })
