/** Versioning, object lock, encryption and access: what of it protects backups, and what hurts. Pure: decides on values. */
import type { Encryption, ObjectLock } from '../../store/configuration.js'
import type { Finding } from './finding.js'

export type Versioning = 'Enabled' | 'Suspended' | 'off'

export function versioningFindings(versioning: Versioning): Finding[] {
  if (versioning === 'Enabled') return []
  const state = versioning === 'off' ? 'off' : 'suspended: only what was stored before has old versions'
  return [
    {
      finding: 'versioning-off',
      severity: 'warning',
      what: `versioning is ${state}`,
      why: 'what anybody deletes or overwrites, by mistake or not, is gone at once and for good',
      remedy:
        'aws s3api put-bucket-versioning --versioning-configuration Status=Enabled --bucket BUCKET, with a lifecycle rule ' +
        'for old versions (NoncurrentVersionExpiration)',
    },
  ]
}

export function lockFindings(lock: ObjectLock | null): Finding[] {
  if (lock === null) {
    return [
      {
        finding: 'no-object-lock',
        severity: 'note',
        what: 'object lock is off',
        why: 'whoever has keys that may delete old versions can delete the backups, as one who has broken into this machine',
        remedy:
          'aws s3api put-object-lock-configuration --object-lock-configuration ObjectLockEnabled=Enabled --bucket BUCKET ' +
          '(needs versioning, and can never be undone); then zfs2s3-put --lock-days N',
      },
    ]
  }
  if (lock.byDefault === null) {
    return [
      {
        finding: 'no-default-lock',
        severity: 'note',
        what: 'object lock is on, and new objects are not locked by default',
        why: 'only what is stored with --lock-days is locked, and what that needs',
        remedy: 'zfs2s3-put --lock-days N',
      },
    ]
  }
  const { mode, days } = lock.byDefault
  return [
    {
      finding: 'default-lock',
      severity: 'note',
      what: `new objects are locked for ${days} days (${mode})`,
      why: 'zfs2s3-rm refuses them until then; what a new stream needs is not locked any longer by that, but by --lock-days',
      remedy: `zfs2s3-put --lock-days ${days} also extends the locks of what the stream needs`,
    },
  ]
}

export function encryptionFindings(encryption: Encryption | null): Finding[] {
  if (encryption === null) {
    return [
      {
        finding: 'not-encrypted',
        severity: 'note',
        what: 'the service encrypts nothing by itself',
        why: 'whoever gets at its disks can read what is not encrypted before it is sent',
        remedy: 'send encrypted datasets raw (zfs send -w), or encrypt on the way (zfs2s3-put --filter)',
      },
    ]
  }
  if (!encryption.algorithm.startsWith('aws:kms')) return []
  return [
    {
      finding: 'kms-key-needed',
      severity: 'warning',
      what: `new objects are encrypted with ${encryption.kmsKey ?? "the account's own key"} (${encryption.algorithm})`,
      why: 'nothing can be restored without that key: if it is deleted or disabled, or whoever restores may not use it (kms:Decrypt), all is lost',
      remedy:
        'see to it that nobody can delete the key, and that a new machine may use it; or set AES256, which needs none',
    },
  ]
}

/** What is known of who may get at the bucket; undefined where it could not be read. */
export interface Access {
  readonly blocksPublic: boolean | undefined
  readonly publicPolicy: boolean | undefined
  /** What the ACL allows to everybody. */
  readonly publicGrants: readonly string[] | undefined
  /** The bucket policy's text; null if there is none. */
  readonly policy: string | null | undefined
}

export function accessFindings({ blocksPublic, publicPolicy, publicGrants, policy }: Access): Finding[] {
  const findings: Finding[] = []
  const isOpen = blocksPublic !== true
  if (isOpen && publicPolicy === true) {
    findings.push({
      finding: 'public-policy',
      severity: 'danger',
      what: 'the bucket policy is public',
      why: 'anybody on the Internet can do with the backups what it allows',
      remedy: 'take the public statement out of the policy, and block public access',
    })
  }
  if (isOpen && publicGrants !== undefined && publicGrants.length > 0) {
    findings.push({
      finding: 'public-acl',
      severity: 'danger',
      what: `the bucket's ACL allows everybody ${publicGrants.join(', ')}`,
      why: 'anybody on the Internet can list, or write and delete, what is in the bucket',
      remedy: 'aws s3api put-bucket-acl --acl private --bucket BUCKET, and block public access',
    })
  }
  if (blocksPublic === false) {
    findings.push({
      finding: 'public-access-not-blocked',
      severity: 'note',
      what: 'public access is not blocked altogether',
      why: 'a policy or an ACL that is wrong could make the backups public',
      remedy:
        'aws s3api put-public-access-block --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,' +
        'BlockPublicPolicy=true,RestrictPublicBuckets=true --bucket BUCKET',
    })
  }
  return [...findings, whoMayDelete(policy)]
}

/** IAM policies of an account's users can't be seen from here. */
function whoMayDelete(policy: string | null | undefined): Finding {
  const known =
    policy === undefined
      ? 'the bucket policy could not be read'
      : policy === null
        ? 'there is no bucket policy'
        : deletersIn(policy)
  return {
    finding: 'who-may-delete',
    severity: 'note',
    what: `who may delete is not known: ${known}`,
    why: "it is mostly decided by the IAM policies of the account's users, which S3 does not show",
    remedy: 'give this machine only what it needs: zfs2s3-doctor --print-policy put needs no permission to delete',
  }
}

/** What a bucket policy says about deleting. */
function deletersIn(policy: string): string {
  const said = statementsIn(policy).flatMap(statement => {
    const actions = textsIn(statement.Action)
    const deletes = actions.filter(action => /^(\*|s3:\*|s3:d(\*|elete.*))$/i.test(action))
    if (deletes.length === 0 || typeof statement.Effect !== 'string') return []
    const whom = JSON.stringify(statement.Principal ?? statement.NotPrincipal ?? '*')
    const condition = statement.Condition === undefined ? '' : ' under a condition'
    return [
      `${statement.Effect.toLowerCase() === 'deny' ? 'denies' : 'allows'} ${deletes.join(', ')} to ${whom}${condition}`,
    ]
  })
  return said.length === 0 ? 'the bucket policy says nothing about it' : `the bucket policy ${said.join(', and ')}`
}

function statementsIn(policy: string): Record<string, unknown>[] {
  const document = JSON.parse(policy) as { Statement?: unknown }
  const list: unknown[] = Array.isArray(document.Statement) ? document.Statement : [document.Statement]
  return list.filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null)
}

const textsIn = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter(one => typeof one === 'string')
