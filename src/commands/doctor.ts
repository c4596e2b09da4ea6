/** zfs2s3-doctor: what in a bucket's settings would hurt backups. Reads, and decides in doctor/. */
import { randomUUID } from 'node:crypto'
import type { Edge } from '../chain/edge.js'
import { weakLocks } from '../chain/locks.js'
import { catalogKey } from '../chain/names.js'
import type { Command, Context } from '../cli/command.js'
import { write, writeRecord } from '../cli/ndjson.js'
import { type BucketSettings, bucketOptions, bucketSettings, catalogPlace, dataDirOption } from '../cli/settings.js'
import { refused, usageError } from '../failure.js'
import { type ObjectLock, type Setting, settingOr } from '../store/configuration.js'
import { Ledger } from '../store/ledger.js'
import { holds } from '../store/lock.js'
import type { Bucket } from '../store/s3.js'
import { inOrder } from '../store/window.js'
import { storedEdges } from './catalog.js'
import { type Finding, type Severity, unknownSetting } from './doctor/finding.js'
import { type Backups, lifecycleFindings } from './doctor/lifecycle.js'
import { policyFor, policyNames } from './doctor/policy.js'
import { accessFindings, encryptionFindings, lockFindings, versioningFindings } from './doctor/protection.js'
import { notProbed, serviceFindings, weakLockFinding } from './doctor/service.js'
import { dataDirOf } from './data-dir.js'
import { withBucket } from './with-bucket.js'

export const command: Command = {
  name: 'doctor',
  summary: 'say what in the settings of the bucket would hurt backups',
  usage: ['[--probe] [OPTIONS]', '--print-policy put|get|rm|thaw [--lock]'],
  description: [
    'Reads the lifecycle rules, versioning, object lock, encryption and access of the bucket, and prints a line of JSON for ' +
      'each thing that would hurt backups, or protects them less than one would think, with the reason and a remedy. What it may not ' +
      '(403), or what the service does not know, is a finding as well: unknown-...',
    'A finding is a danger (a lifecycle rule that expires streams or archives the copy of the catalog, one that is about to ' +
      'abort a pending upload, a public bucket), a warning, or a note. Only dangers count for the exit status.',
    'With --probe it also tries out what the service honours: it writes a small object of its own under the prefix, whose key no ' +
      'stream can have, asks for what must be refused, and deletes it again, with its versions.',
    'With --print-policy it asks S3 nothing, and prints the IAM policy with the least that the command needs here, with the catalog ' +
      'where --catalog or ZFS2S3_CATALOG says. put needs no permission to delete. The policy for get is that for verify and restore, ' +
      'too; it may write nothing, but for a catalog that machines share. With SSE-KMS, put and rm also need kms:GenerateDataKey and ' +
      'kms:Decrypt on the key, and the others kms:Decrypt.',
  ],
  positionals: 0,
  options: [
    { name: 'probe', help: 'try out what the service honours, with a small object that is deleted again' },
    { name: 'print-policy', value: 'COMMAND', help: 'print the IAM policy for put, get, rm or thaw' },
    { name: 'lock', help: 'with --print-policy put, what --lock-days needs as well' },
    dataDirOption,
    ...bucketOptions,
  ],
  examples: [
    ['is this bucket safe', 'zfs2s3-doctor --probe'],
    ['only what endangers backups', 'zfs2s3-doctor | jq -r \'select(.severity == "danger") | .what, .remedy\''],
    ['the rights of the machine that stores', 'zfs2s3-doctor --print-policy put > put-policy.json'],
    ['of one that removes and shares its catalog', 'zfs2s3-doctor --print-policy rm --catalog bucket > rm-policy.json'],
  ],
  statuses: { 0: 'nothing endangers backups', 3: 'something endangers backups' },
  async run(context) {
    const place = bucketSettings(context)
    if (context.args.text('print-policy') !== undefined) return printPolicy(context, place)
    if (context.args.flag('lock')) throw usageError('--lock is given without --print-policy put')
    await withBucket(context, async bucket => {
      const findings = await examine(context, bucket, place.prefix)
      const sorted = findings.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
      for (const finding of sorted) await print(context, finding)
      const dangers = sorted.filter(({ severity }) => severity === 'danger').length
      if (dangers > 0) {
        const what = dangers === 1 ? '1 finding endangers' : `${dangers} findings endanger`
        throw refused(`${what} the backups in bucket ${bucket.name}`, 'do what the remedies say')
      }
    })
  },
}

const severities: readonly Severity[] = ['danger', 'warning', 'note']

async function printPolicy(context: Context, { bucket, prefix, region }: BucketSettings): Promise<void> {
  const { args, env, stdout } = context
  const asked = args.text('print-policy')
  const name = policyNames.find(each => each === asked)
  if (name === undefined) throw usageError(`there is no policy for '${asked ?? ''}'`, `use ${policyNames.join(', ')}`)
  if (args.flag('lock') && name !== 'put') throw usageError('--lock is for --print-policy put')
  const mode = { locks: args.flag('lock'), catalog: catalogPlace(context) }
  const policy = policyFor(name, { bucket, prefix, region: region ?? env.AWS_REGION }, mode)
  await write(stdout, `${JSON.stringify(policy, null, 2)}\n`)
}

/** A line of JSON; on a terminal a paragraph. */
async function print({ stdout }: Context, finding: Finding): Promise<void> {
  if (stdout.isTTY !== true) return writeRecord(stdout, finding)
  const { severity, what, why, remedy } = finding
  const lines = [`${severity.toUpperCase()}: ${what}`, `    ${why}`, ...(remedy === null ? [] : [`    -> ${remedy}`])]
  await write(stdout, `${lines.join('\n')}\n`)
}

async function examine(context: Context, bucket: Bucket, prefix: string): Promise<Finding[]> {
  const { signal } = context
  const edges = await storedEdges(context)
  const { configuration } = bucket
  // The first question says whether there is such a bucket, and whether these are its keys.
  const versioning = await settingOr(() => configuration.versioning(signal))
  const [lifecycle, lock, encryption, blocks, publicPolicy, grants, policy, backups] = await Promise.all([
    settingOr(() => configuration.lifecycle(signal)),
    settingOr(() => configuration.objectLock(signal)),
    settingOr(() => configuration.encryption(signal)),
    settingOr(() => configuration.blocksPublicAccess(signal)),
    settingOr(() => configuration.hasPublicPolicy(signal)),
    settingOr(() => configuration.publicGrants(signal)),
    settingOr(() => configuration.policy(signal)),
    whatToProtect(context, bucket, prefix, edges),
  ])
  const access = {
    blocksPublic: valueOf(blocks),
    publicPolicy: valueOf(publicPolicy),
    publicGrants: valueOf(grants),
    policy: valueOf(policy),
  }
  const keepsVersions = (valueOf(versioning) ?? 'off') !== 'off'
  const findings = [
    ...about('lifecycle rules', lifecycle, 's3:GetLifecycleConfiguration', value =>
      lifecycleFindings(value, backups, keepsVersions, new Date()),
    ),
    ...about('versioning', versioning, 's3:GetBucketVersioning', versioningFindings),
    ...about('object lock', lock, 's3:GetBucketObjectLockConfiguration', lockFindings),
    ...about('encryption', encryption, 's3:GetEncryptionConfiguration', encryptionFindings),
    ...about('public access block', blocks, 's3:GetBucketPublicAccessBlock', () => []),
    ...about('policy status', publicPolicy, 's3:GetBucketPolicyStatus', () => []),
    ...about('ACL', grants, 's3:GetBucketAcl', () => []),
    ...about('policy', policy, 's3:GetBucketPolicy', () => []),
    ...accessFindings(access),
    ...(await findWeakLocks(bucket, edges, valueOf(lock), signal)),
    ...(await tryOut(context, bucket, prefix, valueOf(lock))),
  ]
  return findings.map(each => ({ ...each, remedy: each.remedy?.replace(/\bBUCKET\b/, bucket.name) ?? null }))
}

const valueOf = <T>(setting: Setting<T>): T | undefined => ('value' in setting ? setting.value : undefined)

/** What a setting means, or that it isn't known. */
function about<T>(name: string, setting: Setting<T>, action: string, judge: (value: T) => Finding[]): Finding[] {
  return 'value' in setting ? judge(setting.value) : [unknownSetting(name, setting.unknown, action)]
}

async function whatToProtect(
  context: Context,
  bucket: Bucket,
  prefix: string,
  edges: readonly Edge[],
): Promise<Backups> {
  const key = catalogKey(prefix)
  const copy = valueOf(await settingOr(() => bucket.head(key, context.signal)))
  const ledgers = await Ledger.all(dataDirOf(context))
  return {
    prefix,
    objects: edges.flatMap(edge => edge.volumes),
    catalogCopy: { key, bytes: copy?.bytes ?? null },
    uploads: ledgers.map(({ header }) => header).filter(header => header.bucket === bucket.name),
  }
}

/** How many objects are asked about at a time. */
const inFlight = 32

/** Asks S3 until when each stored stream is locked. */
async function findWeakLocks(
  bucket: Bucket,
  edges: readonly Edge[],
  lock: ObjectLock | null | undefined,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (lock == null) return []
  const until = new Map<Edge, string>()
  const now = new Date()
  const look = async (edge: Edge, either: AbortSignal) => {
    const objects = await Promise.all(edge.volumes.map(({ key }) => bucket.head(key, either)))
    const ends = objects.map(object => (holds(object?.lock, now) ? object.lock.until : ''))
    return { edge, end: ends.sort()[0] ?? '' }
  }
  for await (const { edge, end } of inOrder(edges, inFlight, signal, look)) if (end !== '') until.set(edge, end)
  return weakLocks(edges, until).map(weak => weakLockFinding(weak, edge => until.get(edge) ?? ''))
}

/** What the service honours, if that may be tried out. */
async function tryOut(
  { args, signal }: Context,
  bucket: Bucket,
  prefix: string,
  lock: ObjectLock | null | undefined,
): Promise<Finding[]> {
  if (!args.flag('probe')) return [notProbed('that takes a small object (--probe)')]
  if (lock?.byDefault != null) return [notProbed('the object would be locked, and could not be deleted')]
  // The key of a stream has an @ in it.
  const key = `${prefix}zfs2s3-doctor-${randomUUID()}`
  const probed = await settingOr(() => bucket.probe(key, signal))
  return 'value' in probed ? serviceFindings(probed.value, key) : [notProbed(probed.unknown)]
}
