/** Where things are: options that many commands share, and the environment variables that stand in for them. */
import { usageError } from '../failure.js'
import type { Context, Option } from './command.js'

/** Which bucket, and how to reach it. */
export interface BucketSettings {
  readonly bucket: string
  /** In front of every key; empty, or ending as the user wrote it. */
  readonly prefix: string
  /** Undefined leaves the choice to the SDK's own environment and files. */
  readonly endpoint: string | undefined
  readonly region: string | undefined
  readonly profile: string | undefined
  /** How long a request may be silent before it is given up and tried again. */
  readonly timeoutMs: number
  /** How long a part or range is tried again before the command gives up. */
  readonly retryForMs: number
  /** Bytes a second; undefined for no limit. */
  readonly limitRate?: number | undefined
}

/** The option of every command that reads the catalog. */
export const dataDirOption: Option = {
  name: 'data-dir',
  value: 'DIR',
  help: 'where catalog and ledgers are (ZFS2S3_DATA_DIR; default $XDG_DATA_HOME/zfs2s3 or ~/.local/share/zfs2s3)',
}

/** Where the catalog is. */
const catalogOption: Option = {
  name: 'catalog',
  value: 'WHERE',
  help: 'local: on this machine, with a copy in the bucket; bucket: only there, shared by several machines (ZFS2S3_CATALOG; default local)',
}

/** The options of every command that talks to S3. */
export const bucketOptions: readonly Option[] = [
  catalogOption,
  { name: 'bucket', value: 'NAME', help: 'the bucket (ZFS2S3_BUCKET; default zfs2s3)' },
  { name: 'prefix', value: 'PREFIX', help: 'put in front of every key (ZFS2S3_PREFIX; default none)' },
  { name: 'endpoint-url', value: 'URL', help: 'another S3 service than AWS (AWS_ENDPOINT_URL_S3)' },
  { name: 'region', value: 'REGION', help: 'the AWS region (AWS_REGION, or that of the profile)' },
  { name: 'profile', value: 'NAME', help: 'the AWS profile (AWS_PROFILE)' },
  { name: 'timeout', value: 'TIME', help: 'give up a silent connection after this long, and try again (default 60s)' },
  { name: 'retry-for', value: 'TIME', help: 'how long to keep trying while S3 is out of reach (default 5m)' },
]

/** The options of the commands that send or read streams. */
export const transferOptions: readonly Option[] = [
  ...bucketOptions,
  {
    name: 'limit-rate',
    value: 'RATE',
    help: 'take no more than this many bytes a second, as in 20M (default no limit)',
  },
]

/** Reads `transferOptions`, as `bucketSettings` does. */
export const transferSettings = (context: Context): BucketSettings => ({
  ...bucketSettings(context),
  limitRate: context.args.bytes('limit-rate'),
})

/** Reads `bucketOptions` and their variables; a flag beats its variable. Throws a usage error for unusable values. */
export function bucketSettings({ args, env }: Context): BucketSettings {
  const bucket = args.text('bucket') ?? given(env.ZFS2S3_BUCKET) ?? 'zfs2s3'
  // S3 User Guide, Bucket naming rules; older buckets may have upper case and underscores. An ARN would reach elsewhere.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{2,254}$/.test(bucket)) {
    throw usageError(`'${bucket}' can't be a bucket`, 'set ZFS2S3_BUCKET or --bucket to its name, without s3://')
  }
  const prefix = args.text('prefix') ?? env.ZFS2S3_PREFIX ?? ''
  if (prefix.startsWith('/')) throw usageError(`the prefix '${prefix}' starts with /`, 'S3 keys start without one')
  const endpoint = args.text('endpoint-url')
  if (endpoint !== undefined && !URL.canParse(endpoint)) {
    throw usageError(`'${endpoint}' is not a URL`, 'give --endpoint-url one like https://s3.example.org')
  }
  return {
    bucket,
    prefix,
    endpoint: endpoint ?? given(env.AWS_ENDPOINT_URL_S3) ?? given(env.AWS_ENDPOINT_URL),
    region: args.text('region'),
    profile: args.text('profile'),
    timeoutMs: args.milliseconds('timeout') ?? 60_000,
    retryForMs: args.milliseconds('retry-for') ?? 300_000,
  }
}

/** On this machine, with a copy in the bucket; or only there. */
export type CatalogPlace = 'local' | 'bucket'

/** Where the catalog is, from `--catalog` or ZFS2S3_CATALOG. */
export function catalogPlace({ args, env }: Context): CatalogPlace {
  const place = args.text('catalog') ?? given(env.ZFS2S3_CATALOG) ?? 'local'
  if (place === 'local' || place === 'bucket') return place
  throw usageError(`there is no catalog '${place}'`, 'set ZFS2S3_CATALOG or --catalog to local or bucket')
}

/** What S3 calls its storage classes (S3 API Reference: PutObject, x-amz-storage-class). */
export const storageClasses = [
  ...['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER', 'GLACIER_IR', 'DEEP_ARCHIVE'],
  ...['REDUCED_REDUNDANCY', 'OUTPOSTS', 'EXPRESS_ONEZONE', 'SNOW'],
]

/** The storage class for new objects, from `--storage-class` or ZFS2S3_STORAGE_CLASS. */
export function storageClass({ args, env }: Context): string {
  const name = args.text('storage-class') ?? given(env.ZFS2S3_STORAGE_CLASS) ?? 'STANDARD'
  // What the Python tool's README calls it; S3 has no class of that name.
  const meant = name === 'DEEP_GLACIER' ? 'DEEP_ARCHIVE' : name
  if (!storageClasses.includes(meant)) {
    throw usageError(`there is no storage class '${name}'`, `use one of ${storageClasses.join(', ')}`)
  }
  return meant
}

/** An environment variable that is set to nothing counts as not set. */
const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value)
