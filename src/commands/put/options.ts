/** The options of zfs2s3-put, and what they mean together. */
import type { Context, Option } from '../../cli/command.js'
import { progressOption } from '../../cli/progress.js'
import { dataDirOption, storageClass, storageClasses, transferOptions } from '../../cli/settings.js'
import { usageError } from '../../failure.js'
import { isGuid } from '../../chain/guid.js'
import { rfc3339 } from '../../chain/edge.js'
import { type Lock, lockModes } from '../../store/lock.js'
import type { Geometry } from '../../store/parts.js'
import { baseOption, namedSnapshots } from '../stored.js'
import type { Asked } from './describe.js'

const encryptions = ['AES256', 'aws:kms', 'aws:kms:dsse']

export const options: readonly Option[] = [
  baseOption,
  { name: 'filter', value: 'PIPELINE', help: 'send the stream through this shell pipeline after it has been checked' },
  { name: 'hold', help: 'upload, but leave the last step to zfs2s3-commit' },
  { name: 'opaque', help: 'store a stream that cannot be looked into, unchecked' },
  { name: 'resume', help: 'go on with an upload that was interrupted' },
  { name: 'alongside', help: 'allow uploads of other datasets to be in progress' },
  {
    name: 'allow-flag-change',
    help: 'store an increment although large blocks were switched on or off since its base',
  },
  { name: 'guid', value: 'GUID', help: 'the GUID of the snapshot, where the stream cannot be read' },
  { name: 'base-guid', value: 'GUID', help: 'the GUID of the base, where its name is not enough' },
  {
    name: 'storage-class',
    value: 'CLASS',
    suggests: storageClasses,
    help: 'the S3 storage class (ZFS2S3_STORAGE_CLASS; default STANDARD)',
  },
  {
    name: 'sse',
    value: 'KIND',
    suggests: encryptions,
    help: 'server-side encryption: AES256, aws:kms or aws:kms:dsse',
  },
  { name: 'sse-kms-key-id', value: 'ID', help: 'the KMS key for it' },
  {
    name: 'lock-days',
    value: 'N',
    help: 'object lock for N days from now, on the new objects and on all that restoring them needs',
  },
  {
    name: 'lock-mode',
    value: 'MODE',
    help: 'GOVERNANCE, which an administrator can lift (the default), or COMPLIANCE',
  },
  { name: 'concurrency', value: 'N', help: 'parts in flight, and in memory (default 4)' },
  {
    name: 'part-size',
    value: 'SIZE',
    help: 'length of a part (default 16M); times 10,000 it is the length of a volume',
  },
  { name: 'max-parts', value: 'N', help: 'parts in a volume (default 10000, which is the limit of S3)' },
  { name: 'size', value: 'SIZE', help: 'how long the stream will be, to say how much time is left; a guess will do' },
  progressOption,
  dataDirOption,
  ...transferOptions,
]

export interface PutOptions {
  readonly asked: Asked
  readonly filter: string | null
  readonly hold: boolean
  readonly opaque: boolean
  readonly resume: boolean
  readonly alongside: boolean
  readonly allowFlagChange: boolean
  readonly geometry: Geometry
  readonly concurrency: number
  /** How long the stream will be, as far as anybody knows. */
  readonly size: number | null
  readonly storageClass: string
  readonly sse: string | undefined
  readonly sseKmsKeyId: string | undefined
  readonly lock: Lock | undefined
}

const mebibyte = 1024 * 1024

/** S3's own limits for a part (S3 User Guide: Multipart upload limits). ZFS2S3_MIN_PART_SIZE is for other services. */
const leastPart = 5 * mebibyte
const mostPart = 5 * 1024 * mebibyte

/** Throws a usage error for what can't be, alone or together. */
export function putOptions(context: Context): PutOptions {
  const { args, env } = context
  const named = namedSnapshots(context)
  const asked = {
    snapshot: named?.snapshot,
    base: named?.base,
    guid: args.text('guid'),
    baseGuid: args.text('base-guid'),
  }
  for (const given of [asked.guid, asked.baseGuid]) {
    const isNumber: boolean = given === undefined || isGuid(given)
    if (!isNumber) throw usageError(`'${given ?? ''}' is not a GUID`, 'zfs get -Hpo value guid DS@SNAP')
  }
  const partSize = args.bytes('part-size') ?? 16 * mebibyte
  const least = Number(env.ZFS2S3_MIN_PART_SIZE ?? leastPart)
  if (partSize < least || partSize > mostPart) {
    throw usageError(`parts of ${partSize} bytes are not allowed by S3`, `use from ${least} to ${mostPart} bytes`)
  }
  const filter = args.text('filter') ?? null
  const [hold, opaque] = [args.flag('hold'), args.flag('opaque')]
  if (filter !== null && opaque)
    throw usageError('--filter and --opaque are given', 'with --filter the stream is checked')
  if (hold && opaque) throw usageError('--hold and --opaque are given', 'choose one')
  const sse = args.text('sse')
  if (sse !== undefined && !encryptions.includes(sse)) {
    throw usageError(`there is no encryption '${sse}'`, `use one of ${encryptions.join(', ')}`)
  }
  return {
    asked,
    filter,
    hold,
    opaque,
    resume: args.flag('resume'),
    alongside: args.flag('alongside'),
    allowFlagChange: args.flag('allow-flag-change'),
    geometry: { partSize, partsPerVolume: args.count('max-parts', 1) ?? 10_000 },
    concurrency: args.count('concurrency', 1) ?? 4,
    size: args.bytes('size') ?? null,
    storageClass: storageClass(context),
    sse,
    sseKmsKeyId: args.text('sse-kms-key-id'),
    lock: wantedLock(context, new Date()),
  }
}

/** 100 years, the most that S3 takes (S3 User Guide: Object Lock considerations). */
const mostLockDays = 36_500

/**
 * The lock that --lock-days asks for. GOVERNANCE by default: with COMPLIANCE a mistyped number of days can be undone by
 * nobody, and the objects have to be paid for until then. It keeps out whoever has stolen this machine's keys all the same.
 */
function wantedLock({ args }: Context, now: Date): Lock | undefined {
  const days = args.count('lock-days', 1)
  const given = args.text('lock-mode')
  const mode = lockModes.find(each => each === (given?.toUpperCase() ?? 'GOVERNANCE'))
  if (mode === undefined) throw usageError(`there is no lock mode '${given ?? ''}'`, `use ${lockModes.join(' or ')}`)
  if (days === undefined) {
    if (given !== undefined) throw usageError('--lock-mode is given without --lock-days', 'say for how long')
    return undefined
  }
  if (days > mostLockDays) throw usageError(`S3 locks nothing for ${days} days`, `at most for ${mostLockDays}`)
  return { mode, until: rfc3339(new Date(now.getTime() + days * dayMs)) }
}

const dayMs = 24 * 60 * 60_000
