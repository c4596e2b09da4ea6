/** What goes wrong between us and S3, translated once: into facts that code asks for, and into Failures for people. */
import { errorCode, Failure, failed, messageOf, notYet, refused } from '../failure.js'

/** The HTTP status of an S3 answer, or undefined where there was none. */
export function httpStatus(error: unknown): number | undefined {
  return metadataNumber(error, 'httpStatusCode')
}

/** What the SDK has noted about a request beside its answer. */
function metadataNumber(error: unknown, name: 'httpStatusCode' | 'attempts'): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined
  const metadata: unknown = error.$metadata
  if (typeof metadata !== 'object' || metadata === null) return undefined
  const { [name]: value }: Partial<Record<typeof name, unknown>> = metadata
  return typeof value === 'number' ? value : undefined
}

/** S3's error code (`NoSuchUpload`); for an error that isn't S3's, the name of its class. */
export const s3Code = (error: unknown): string => (error instanceof Error ? error.name : '')

/** Whether S3 says that the thing asked for is not there. Never true for "may not know" or "could not ask". */
export const isMissing = (error: unknown): boolean =>
  httpStatus(error) === 404 && s3Code(error) !== 'NoSuchBucket' && s3Code(error) !== 'NoSuchUpload'

/** Whether S3 doesn't allow it to whoever asks. */
export const isForbidden = (error: unknown): boolean =>
  httpStatus(error instanceof Failure ? error.cause : error) === 403

const passingCodes = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNABORTED', 'ERR_SSL_WRONG_VERSION_NUMBER'],
])
const passingNames = new Set(['TimeoutError', 'RequestTimeout', 'SlowDown', 'Throttling', 'ThrottlingException'])

/** Whether the same request may succeed a little later: the line is broken, or the service is overloaded or ill. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Failure) return error.cause !== undefined && isPassing(error.cause)
  const status = httpStatus(error)
  if (status === 501) return false
  if (status !== undefined && (status >= 500 || status === 429)) return true
  return passingNames.has(s3Code(error)) || passingCodes.has(errorCode(error) ?? '')
}

/** Whether S3 has answered, the first time it was asked, that it won't do it: then it has not been done. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof Failure) return isRefusal(error.cause)
  const status = httpStatus(error) ?? 0
  return status >= 400 && status < 500 && !isPassing(error) && metadataNumber(error, 'attempts') === 1
}

/** What a request was about, for messages. */
export interface Asked {
  /** `put part 3 of`, `read`, `look at`, ... */
  readonly doing: string
  readonly key?: string
  readonly bucket: string
  readonly endpoint: string | undefined
}

const credentialRemedies: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'S3 does not know this access key: check AWS_ACCESS_KEY_ID, AWS_PROFILE or ~/.aws/credentials',
  SignatureDoesNotMatch: 'the secret key does not belong to the access key: check the credentials',
  ExpiredToken: 'the credentials have expired: renew them and run the command again',
  ExpiredTokenException: 'the credentials have expired: renew them and run the command again',
  InvalidToken: 'the session token is not valid: renew the credentials',
  TokenRefreshRequired: 'the credentials have expired: renew them and run the command again',
  CredentialsProviderError: 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure',
  RequestTimeTooSkewed: "this machine's clock is wrong: set it (S3 allows 15 minutes)",
}

/** Any error of a request as a Failure; Failures and ends by a signal pass unchanged. */
export function s3Failure(error: unknown, asked: Asked, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason
  if (error instanceof Failure) return error
  const { bucket, endpoint } = asked
  const thing = asked.key === undefined ? `bucket ${bucket}` : `'${asked.key}' in bucket ${bucket}`
  const what = `can't ${asked.doing} ${thing}`
  const code = s3Code(error)
  const credentials = credentialRemedies[code]
  if (credentials !== undefined) return failed(`${what} (${code})`, credentials, error)
  if (code === 'NoSuchBucket') {
    const at = endpoint === undefined ? '' : ` at ${endpoint}`
    return failed(
      `there is no bucket ${bucket}${at}`,
      `create it (aws s3 mb s3://${bucket}) or set ZFS2S3_BUCKET`,
      error,
    )
  }
  if (code === 'InvalidObjectState') {
    return notYet(
      `${thing} is archived`,
      'ask S3 to restore it (aws s3api restore-object), and read it again when it is there',
      error,
    )
  }
  if (httpStatus(error) === 403) {
    return failed(
      `${what}: S3 refuses it (403 ${code})`,
      'check what the IAM policy and the bucket policy allow',
      error,
    )
  }
  if (httpStatus(error) === undefined) {
    const at = endpoint ?? 'S3'
    const detail = errorCode(error) ?? messageOf(error)
    const hint = isPassing(error) ? 'check the network and the endpoint, then run the command again' : undefined
    return failed(`${what}: no answer from ${at} (${detail})`, hint, error)
  }
  const answer = `${httpStatus(error) ?? ''} ${code}`
  const hint = isPassing(error) ? 'S3 is overloaded or ill: run the command again later' : undefined
  return failed(`${what}: S3 answered ${answer} (${messageOf(error)})`, hint, error)
}

/** The Failure (status 3) of an object that should be there and is not. */
export const notInBucket = (bucket: string, key: string) =>
  refused(`'${key}' is not in bucket ${bucket}`, 'it was deleted without zfs2s3; look for another path to the snapshot')
