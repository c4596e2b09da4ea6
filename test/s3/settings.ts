/** What can be changed about the server while it runs. */

export interface Settings {
  /** Bytes that every part but the last must have; S3's limit is 5 MiB. */
  minPartSize: number
  /** Bytes that a part, or an object put at once, may have; S3's limit is 5 GiB. */
  maxPartSize: number
  /** Bytes that an object may have; 5 TiB, as S3 long had it. */
  maxObjectSize: number
  /** The highest part number; S3's limit is 10,000. */
  maxParts: number
  /** Entries in one page of any list; S3's limit is 1,000. */
  maxKeys: number
  /** Milliseconds that every request waits before anything is done about it. */
  latencyMs: number
  /** Bytes a second, bodies of requests and answers together; 0 is no limit. */
  bytesPerSecond: number
  /** Milliseconds by which the server's clock is ahead of the machine's. */
  skewMs: number
  /** Whether requests with a session token are answered with ExpiredToken. */
  tokenExpired: boolean
  /** As services that take additional checksums, do not look at them and keep none. */
  noChecksums: boolean
  /** As services that ignore If-Match and If-None-Match when writing. */
  noConditionalWrites: boolean
  /** As services to which an ETag in If-Match of a write is another one with quotes (Ceph's gateway, release 16). */
  bareWriteTags: boolean
  /** Whether completing a completed upload again with the same parts is answered as the first time; if not, NoSuchUpload. */
  completeAgain: boolean
  /** Whether ETags are something else than MD5 sums, as S3's are with SSE-KMS. Saves the time for MD5. */
  noMd5: boolean
  /** Milliseconds that it takes to restore an archived object. */
  restoreMs: number
  /** The IAM policy (JSON) of whoever asks; empty if everything is allowed. */
  identityPolicy: string
}

/** As AWS is. */
export const defaultSettings: Readonly<Settings> = {
  minPartSize: 5 * 1024 ** 2,
  maxPartSize: 5 * 1024 ** 3,
  maxObjectSize: 5 * 1024 ** 4,
  maxParts: 10_000,
  maxKeys: 1000,
  latencyMs: 0,
  bytesPerSecond: 0,
  skewMs: 0,
  tokenExpired: false,
  noChecksums: false,
  noConditionalWrites: false,
  bareWriteTags: false,
  completeAgain: false,
  noMd5: false,
  restoreMs: 1000,
  identityPolicy: '',
}

/** Whether `changes` has nothing but known settings, each with a value of its type. */
export function areSettings(changes: object): changes is Partial<Settings> {
  const types = new Map(Object.entries(defaultSettings).map(([name, value]) => [name, typeof value]))
  return Object.entries(changes).every(([name, value]) => typeof value === types.get(name) && isPossible(value))
}

const isPossible = (value: unknown): boolean => typeof value !== 'number' || Number.isFinite(value)
