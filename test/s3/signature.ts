/** Signature version 4, checked the way S3 does (Amazon S3 API Reference: Authenticating requests). */
import { createHash, createHmac } from 'node:crypto'
import { refusal } from './errors.js'
import type { Target } from './uri.js'
import { uriEncode, uriEncodePath } from './uri.js'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** For temporary credentials; requests must then carry it. */
  readonly sessionToken?: string
}

/** What a request is checked against. */
export interface Trust {
  readonly credentials: Credentials
  readonly region: string
  /** The server's clock, milliseconds since 1970. */
  readonly nowMs: number
  /** Whether the session token counts as expired. */
  readonly tokenExpired: boolean
}

/** A request as it came: header names in lower case, values in order. */
export interface SignedRequest {
  readonly method: string
  readonly target: Target
  readonly headers: ReadonlyMap<string, readonly string[]>
}

/** What was proven, and what the signatures of a chunked body are chained to. */
export interface Proof {
  /** The value of x-amz-content-sha256. */
  readonly payload: string
  readonly signature: string
  readonly signingKey: Buffer
  /** `20260101T000000Z`. */
  readonly date: string
  /** `20260101/region/s3/aws4_request`. */
  readonly scope: string
}

/** Where the parts of a signature stand: in headers, or in the query of a presigned URL. */
interface Claim {
  readonly credential: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly date: string
  readonly token: string | undefined
  readonly payload: string
  readonly query: Target['query']
  /** Seconds that a presigned URL is good for; null for headers, whose date must be within the skew. */
  readonly expires: number | null
}

export const sha256Hex = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')

const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()

/** The key that signs one day's requests to one region's S3. */
export const signingKey = (secret: string, day: string, region: string): Buffer =>
  hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request')

/** The signature of a string to sign, in hex. */
export const sign = (key: Buffer, stringToSign: string): string => hmac(key, stringToSign).toString('hex')

/** 15 minutes: S3's limit on the difference between the clocks. */
const maxSkewMs = 15 * 60 * 1000

/** A week: the longest that a presigned URL may be good for, in seconds. */
const maxExpires = 7 * 24 * 60 * 60

/** Checks who sent a request and that it arrived as it was signed; its body is checked while it is read. */
export function verifySignature(request: SignedRequest, trust: Trust): Proof {
  const claim = claimOf(request)
  const [accessKeyId, day, region, service, terminator, ...more] = claim.credential.split('/')
  const malformed = (what: string, details = {}) =>
    refusal('AuthorizationHeaderMalformed', `The authorization header is malformed; ${what}`, details)
  if (day === undefined || region === undefined || more.length > 0) throw malformed('the Credential is mal-formed.')
  if (service !== 's3' || terminator !== 'aws4_request') throw malformed('incorrect service or terminator.')
  if (region !== trust.region)
    throw malformed(`the region '${region}' is wrong; expecting '${trust.region}'`, { Region: trust.region })
  if (accessKeyId !== trust.credentials.accessKeyId)
    throw refusal('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
      AWSAccessKeyId: accessKeyId ?? '',
    })
  checkToken(claim, trust)
  checkDate(claim, trust)
  if (!claim.date.startsWith(`${day}T`)) throw malformed('invalid credential date.')
  checkSignedHeaders(request, claim)

  const scope = `${day}/${region}/s3/aws4_request`
  const canonical = canonicalRequest(request, claim)
  const canonicalHash = createHash('sha256').update(canonical, 'latin1').digest('hex')
  const stringToSign = ['AWS4-HMAC-SHA256', claim.date, scope, canonicalHash].join('\n')
  const key = signingKey(trust.credentials.secretAccessKey, day, region)
  if (sign(key, stringToSign) !== claim.signature)
    throw refusal(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      { StringToSign: stringToSign, CanonicalRequest: canonical, SignatureProvided: claim.signature },
    )
  return { payload: claim.payload, signature: claim.signature, signingKey: key, date: claim.date, scope }
}

function claimOf(request: SignedRequest): Claim {
  const header = (name: string) => request.headers.get(name)?.join(',')
  const authorization = header('authorization')
  const query = new Map(request.target.query)
  if (authorization === undefined) {
    if (!query.has('X-Amz-Signature')) throw refusal('AccessDenied', 'Access Denied')
    return presignedClaim(request, query)
  }
  if (query.has('X-Amz-Signature'))
    throw refusal('InvalidArgument', 'Only one auth mechanism allowed; use the query string or the header')
  const match = /^AWS4-HMAC-SHA256 +Credential=([^, ]+), *SignedHeaders=([^, ]+), *Signature=([0-9a-f]{64})$/.exec(
    authorization,
  )
  const [, credential, signedHeaders, signature] = match ?? []
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    if (authorization.startsWith('AWS4-HMAC-SHA256'))
      throw refusal('AuthorizationHeaderMalformed', 'The authorization header is malformed.')
    throw refusal('InvalidRequest', 'The authorization mechanism is not supported. Please use AWS4-HMAC-SHA256.')
  }
  const date = header('x-amz-date')
  if (date === undefined) throw refusal('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header')
  const payload = header('x-amz-content-sha256')
  if (payload === undefined)
    throw refusal('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  return {
    credential,
    signedHeaders: signedHeaders.split(';'),
    signature,
    date,
    token: header('x-amz-security-token'),
    payload,
    query: request.target.query,
    expires: null,
  }
}

function presignedClaim(request: SignedRequest, query: ReadonlyMap<string, string>): Claim {
  const wanted = (name: string): string => {
    const value = query.get(name)
    if (value === undefined)
      throw refusal('AuthorizationQueryParametersError', `Query-string authentication requires ${name}`)
    return value
  }
  if (wanted('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256')
    throw refusal('AuthorizationQueryParametersError', 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
  const expires = Number(wanted('X-Amz-Expires'))
  if (!Number.isInteger(expires) || expires < 1 || expires > maxExpires)
    throw refusal('AuthorizationQueryParametersError', 'X-Amz-Expires must be a number between 1 and 604800 seconds')
  return {
    credential: wanted('X-Amz-Credential'),
    signedHeaders: wanted('X-Amz-SignedHeaders').split(';'),
    signature: wanted('X-Amz-Signature'),
    date: wanted('X-Amz-Date'),
    token: query.get('X-Amz-Security-Token'),
    payload: request.headers.get('x-amz-content-sha256')?.join(',') ?? 'UNSIGNED-PAYLOAD',
    query: request.target.query.filter(([name]) => name !== 'X-Amz-Signature'),
    expires,
  }
}

function checkToken(claim: Claim, trust: Trust): void {
  if (claim.token !== trust.credentials.sessionToken)
    throw refusal('InvalidToken', 'The provided token is malformed or otherwise invalid.')
  if (trust.tokenExpired) throw refusal('ExpiredToken', 'The provided token has expired.')
}

function checkDate(claim: Claim, trust: Trust): void {
  const sentMs = Date.parse(claim.date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (Number.isNaN(sentMs))
    throw refusal('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header')
  if (claim.expires === null) {
    if (Math.abs(trust.nowMs - sentMs) > maxSkewMs)
      throw refusal(
        'RequestTimeTooSkewed',
        'The difference between the request time and the current time is too large.',
        {
          RequestTime: claim.date,
          ServerTime: new Date(trust.nowMs).toISOString(),
          MaxAllowedSkewMilliseconds: String(maxSkewMs),
        },
      )
  } else if (sentMs - trust.nowMs > maxSkewMs) throw refusal('AccessDenied', 'Request is not yet valid')
  else if (trust.nowMs > sentMs + claim.expires * 1000) throw refusal('AccessDenied', 'Request has expired')
}

function checkSignedHeaders(request: SignedRequest, claim: Claim): void {
  const unsigned = [...request.headers.keys()].filter(
    name => (name === 'host' || name.startsWith('x-amz-')) && !claim.signedHeaders.includes(name),
  )
  if (unsigned.length > 0)
    throw refusal('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: unsigned.join(', '),
    })
}

/** Header values are bytes that Node hands out as Latin-1, and are hashed as such. */
function canonicalRequest(request: SignedRequest, claim: Claim): string {
  const query = claim.query
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)))
    .map(([name, value]) => `${name}=${value}`)
  const headers = claim.signedHeaders.map(name => {
    const values = request.headers.get(name) ?? []
    return `${name}:${values.map(value => value.trim().replace(/ +/g, ' ')).join(',')}\n`
  })
  return [
    request.method,
    uriEncodePath(request.target.path),
    query.join('&'),
    headers.join(''),
    claim.signedHeaders.join(';'),
    claim.payload,
  ].join('\n')
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
