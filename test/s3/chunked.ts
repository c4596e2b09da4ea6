/** `aws-chunked` bodies: chunks with or without signatures, and trailers (Amazon S3 API Reference: Transferring payload in multiple chunks). */
import { createHash } from 'node:crypto'
import { refusal } from './errors.js'
import type { Proof } from './signature.js'
import { sha256Hex, sign } from './signature.js'

/** The values of x-amz-content-sha256 that announce such a body: are its chunks signed, has it trailers. */
export const chunkedPayloads = new Map([
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { signed: true, trailer: false }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { signed: true, trailer: true }],
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { signed: false, trailer: true }],
])

/** 8 KiB: every chunk but the last has at least this. */
const minChunk = 8192

/** Longer than any line of chunk metadata or trailer has to be. */
const maxLine = 4096

/**
 * Gives the data in an aws-chunked body, each chunk before its signature is known to be right: whoever stores it must
 * not count it before the end. Trailers are put into `trailers`. `proof` is null where chunks aren't signed.
 */
export async function* decodeChunked(
  source: AsyncIterable<Buffer>,
  proof: Proof | null,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const input = new Input(source)
  let previous = proof?.signature ?? ''
  let short = false
  for (;;) {
    const { size, signature } = chunkHead(await input.line(), proof !== null)
    if (short && size > 0)
      throw refusal('InvalidChunkSizeError', 'Only the last chunk is allowed to have a size less than 8192 bytes')
    short = size < minChunk
    const hash = proof === null ? null : createHash('sha256')
    for await (const piece of input.take(size)) {
      hash?.update(piece)
      yield piece
    }
    if (proof !== null && hash !== null) {
      const parts = ['AWS4-HMAC-SHA256-PAYLOAD', proof.date, proof.scope, previous, sha256Hex(''), hash.digest('hex')]
      previous = checkChainedSignature(proof, parts.join('\n'), signature)
    }
    if (size === 0) break
    if ((await input.line()) !== '') throw refusal('IncompleteBody', 'A chunk is longer than it says')
  }
  await readTrailers(input, proof, previous, trailers)
  if (!(await input.atEnd())) throw refusal('IncompleteBody', 'There is something behind the last chunk')
}

function chunkHead(line: string, signed: boolean): { size: number; signature: string } {
  const [, hex, signature] = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line) ?? []
  if (hex === undefined || signed !== (signature !== undefined))
    throw refusal('InvalidRequest', `The chunk header is not valid: ${line.slice(0, 100)}`)
  return { size: parseInt(hex, 16), signature: signature ?? '' }
}

function checkChainedSignature(proof: Proof, stringToSign: string, signature: string): string {
  if (sign(proof.signingKey, stringToSign) !== signature)
    throw refusal('SignatureDoesNotMatch', "A chunk's signature does not match.", { StringToSign: stringToSign })
  return signature
}

async function readTrailers(input: Input, proof: Proof | null, previous: string, trailers: Map<string, string>) {
  let canonical = ''
  for (;;) {
    const line = await input.line()
    if (line === '') break
    const colon = line.indexOf(':')
    if (colon < 1) throw refusal('InvalidRequest', 'The request contained trailing data that was not well-formed')
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    trailers.set(name, value)
    if (name !== 'x-amz-trailer-signature') canonical += `${name}:${value}\n`
  }
  const signature = trailers.get('x-amz-trailer-signature')
  if (proof === null || (canonical === '' && signature === undefined)) return
  const parts = ['AWS4-HMAC-SHA256-TRAILER', proof.date, proof.scope, previous, sha256Hex(canonical)]
  checkChainedSignature(proof, parts.join('\n'), signature ?? '')
}

/** The bytes of a body by line and by length. */
class Input {
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next line, without its CR LF. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n')
      if (end >= 0) {
        const line = this.#rest.toString('latin1', 0, end)
        this.#rest = this.#rest.subarray(end + 2)
        return line
      }
      if (this.#rest.length > maxLine) throw refusal('InvalidRequest', 'The chunk header is not valid: too long')
      const rest = this.#rest
      await this.#more()
      this.#rest = Buffer.concat([rest, this.#rest])
    }
  }

  /** The next `size` bytes, as they come. */
  async *take(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0;) {
      if (this.#rest.length === 0) await this.#more()
      const piece = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(piece.length)
      left -= piece.length
      if (piece.length > 0) yield piece
    }
  }

  async atEnd(): Promise<boolean> {
    if (this.#rest.length > 0) return false
    return (await this.#source.next()).done === true
  }

  async #more(): Promise<void> {
    const next = await this.#source.next()
    if (next.done === true) throw refusal('IncompleteBody', 'The request body terminated unexpectedly')
    this.#rest = next.value
  }
}
