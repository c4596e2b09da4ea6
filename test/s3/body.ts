/** The body of a request, checked against everything that its sender said about it. */
import type { Hash } from 'node:crypto'
import { createHash } from 'node:crypto'
import type { ChecksumAlgorithm, Running } from './checksums.js'
import { checksumAlgorithmOf, checksumHeader, isBase64Of, isChecksum, runningChecksum } from './checksums.js'
import { chunkedPayloads, decodeChunked } from './chunked.js'
import { refusal } from './errors.js'
import type { Proof } from './signature.js'

export interface BodySource {
  readonly headers: ReadonlyMap<string, string>
  readonly proof: Proof
  /** The bytes as they come over the wire. */
  readonly bytes: AsyncIterable<Buffer>
}

export interface BodyRules {
  /** Bytes that the body may have. */
  readonly limit: number
  /** Whether there may be no body at all. */
  readonly optional: boolean
  /** Whether additional checksums are looked at. */
  readonly checksums: boolean
  /** Whether the MD5 sum is wanted even if nobody sent one to compare it with. */
  readonly md5: boolean
}

/** What was found out about a body while it passed. */
export interface ReceivedBody {
  readonly size: number
  readonly md5: Buffer | null
  /** Base64. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | null
}

/** Reads a body, giving its data to `write`. Throws what S3 answers if anything about it is not as was said. */
export async function readBody(
  source: BodySource,
  rules: BodyRules,
  write: (data: Buffer) => Promise<void>,
): Promise<ReceivedBody> {
  const { headers, proof } = source
  const declared = declaredLength(source, rules)
  const algorithm = rules.checksums ? announcedChecksum(headers) : null
  const contentMd5 = headers.get('content-md5')
  if (contentMd5 !== undefined && !isBase64Of(contentMd5, 16))
    throw refusal('InvalidDigest', 'The Content-MD5 you specified was invalid.')

  const payload = payloadHash(proof.payload)
  const md5 = rules.md5 || contentMd5 !== undefined ? createHash('md5') : null
  // One pass of SHA-256 is enough where the body is signed by it and has it for a checksum.
  const shared = algorithm === 'SHA256' ? payload : null
  const checksum: Running | null = algorithm === null ? null : (shared ?? runningChecksum(algorithm))

  const trailers = new Map<string, string>()
  let size = 0
  for await (const data of decoded(source, trailers)) {
    size += data.length
    if (size > declared) throw incomplete('more')
    if (payload !== checksum) payload?.update(data)
    checksum?.update(data)
    md5?.update(data)
    await write(data)
  }
  if (size < declared) throw incomplete('less')

  const checksumDigest = checksum?.digest() ?? null
  checkPayload(proof.payload, payload, payload === checksum ? checksumDigest : null)
  const md5Digest = md5?.digest() ?? null
  if (contentMd5 !== undefined && md5Digest?.toString('base64') !== contentMd5)
    throw refusal('BadDigest', 'The Content-MD5 you specified did not match what we received.', {
      ExpectedDigest: contentMd5,
      CalculatedDigest: md5Digest?.toString('base64') ?? '',
    })
  return {
    size,
    md5: md5Digest,
    checksum:
      algorithm === null || checksumDigest === null ? null : compared(algorithm, checksumDigest, headers, trailers),
  }
}

function declaredLength({ headers, proof }: BodySource, { limit, optional }: BodyRules): number {
  const chunked = chunkedPayloads.has(proof.payload)
  const text = headers.get(chunked ? 'x-amz-decoded-content-length' : 'content-length')
  if (text === undefined) {
    if (headers.has('transfer-encoding') && !chunked)
      throw refusal(
        'NotImplemented',
        'A header you provided implies functionality that is not implemented: Transfer-Encoding',
      )
    if (optional) return 0
    throw refusal('MissingContentLength', 'You must provide the Content-Length HTTP header.')
  }
  if (!/^\d{1,15}$/.test(text)) throw refusal('InvalidArgument', 'The length of the body is not a number')
  if (Number(text) > limit)
    throw refusal('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      ProposedSize: text,
      MaxSizeAllowed: String(limit),
    })
  return Number(text)
}

/** The algorithm of the additional checksum that headers give, or announce as a trailer. */
function announcedChecksum(headers: ReadonlyMap<string, string>): ChecksumAlgorithm | null {
  const prefix = 'x-amz-checksum-'
  const given = [...headers.keys()].filter(name => name.startsWith(prefix) && !/-(algorithm|mode|type)$/.test(name))
  const announced = headers.get('x-amz-trailer')?.toLowerCase()
  const names = announced === undefined ? given : [...given, announced]
  const [name, ...more] = names
  if (more.length > 0)
    throw refusal(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    )
  const named = headers.get('x-amz-sdk-checksum-algorithm')
  if (name === undefined) {
    if (named !== undefined)
      throw refusal(
        'InvalidRequest',
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
      )
    return null
  }
  const algorithm = name.startsWith(prefix) ? checksumAlgorithmOf(name.slice(prefix.length)) : undefined
  if (algorithm === undefined || (named !== undefined && checksumAlgorithmOf(named) !== algorithm))
    throw refusal('InvalidRequest', `The algorithm type you specified in ${name} is invalid.`)
  const value = headers.get(name)
  if (value !== undefined && !isChecksum(algorithm, value)) throw invalidValue(name)
  return algorithm
}

const invalidValue = (name: string) => refusal('InvalidRequest', `Value for ${name} header is invalid.`)

/** The hash that the signature was made over, or null where the signature covers something else. */
function payloadHash(payload: string): Hash | null {
  if (/^[0-9a-f]{64}$/.test(payload)) return createHash('sha256')
  if (payload === 'UNSIGNED-PAYLOAD' || chunkedPayloads.has(payload)) return null
  throw refusal(
    'InvalidArgument',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
  )
}

function checkPayload(claimed: string, hash: Hash | null, known: Buffer | null): void {
  if (hash === null) return
  const computed = (known ?? hash.digest()).toString('hex')
  if (computed !== claimed)
    throw refusal(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      { ClientComputedContentSHA256: claimed, S3ComputedContentSHA256: computed },
    )
}

async function* decoded(source: BodySource, trailers: Map<string, string>): AsyncGenerator<Buffer> {
  const kind = chunkedPayloads.get(source.proof.payload)
  if (kind === undefined) {
    yield* source.bytes
    return
  }
  if (kind.trailer !== source.headers.has('x-amz-trailer'))
    throw refusal('InvalidRequest', 'x-amz-trailer and x-amz-content-sha256 do not agree about trailers')
  yield* decodeChunked(source.bytes, kind.signed ? source.proof : null, trailers)
  const announced = source.headers.get('x-amz-trailer')?.toLowerCase()
  const sent = [...trailers.keys()].filter(name => name !== 'x-amz-trailer-signature')
  if (sent.join() !== (announced ?? ''))
    throw refusal('MalformedTrailerError', 'The request contained trailing data that was not well-formed')
}

function compared(
  algorithm: ChecksumAlgorithm,
  digest: Buffer,
  headers: ReadonlyMap<string, string>,
  trailers: ReadonlyMap<string, string>,
): ReceivedBody['checksum'] {
  const name = checksumHeader(algorithm)
  const value = headers.get(name) ?? trailers.get(name) ?? ''
  if (!isChecksum(algorithm, value)) throw invalidValue(name)
  if (digest.toString('base64') !== value)
    throw refusal('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`)
  return { algorithm, value }
}

const incomplete = (what: 'more' | 'less') =>
  refusal('IncompleteBody', `The request body has ${what} bytes than its length header says.`)
