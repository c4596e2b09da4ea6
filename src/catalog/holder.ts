/** Which process holds a lock, written so that others can tell whether it still lives. */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { randomBytes } from 'node:crypto'
import { rfc3339 } from '../chain/edge.js'
import { errorCode } from '../failure.js'

export interface Holder {
  /** Tells apart every lock that was ever taken. Hexadecimal. */
  readonly nonce: string
  readonly pid: number
  readonly host: string
  /** Identifies the time since the machine started; null where the system doesn't say (no /proc). */
  readonly boot: string | null
  /** The namespace in which `pid` counts: containers can share a directory. Null as above. */
  readonly namespace: string | null
  /** When the process started, in ticks since boot: a number that was used again is another process. Null as above. */
  readonly start: string | null
  readonly purpose: string
  /** UTC, RFC 3339. */
  readonly since: string
}

/** This process, about to take a lock. */
export function ownHolder(purpose: string): Holder {
  return {
    nonce: randomBytes(8).toString('hex'),
    pid: process.pid,
    host: hostname(),
    boot: bootId(),
    namespace: pidNamespace(),
    start: processStat(process.pid)?.start ?? null,
    purpose,
    since: rfc3339(new Date()),
  }
}

/** What `JSON.stringify(holder)` said, or null where that isn't it. */
export function parseHolder(text: string): Holder | null {
  try {
    const value: unknown = JSON.parse(text)
    return isHolder(value) ? value : null
  } catch {
    return null
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false
  const fields: Readonly<Partial<Record<string, unknown>>> = { ...value }
  const isTextOrNull = (name: string): boolean => fields[name] === null || typeof fields[name] === 'string'
  return (
    typeof fields.nonce === 'string' &&
    /^[0-9a-f]{16}$/.test(fields.nonce) &&
    typeof fields.pid === 'number' &&
    Number.isSafeInteger(fields.pid) &&
    fields.pid > 0 &&
    ['boot', 'namespace', 'start'].every(isTextOrNull) &&
    ['host', 'purpose', 'since'].every(name => typeof fields[name] === 'string')
  )
}

/**
 * If the process is certainly gone. Of another machine's, or one in another container, nothing is certain. Without /proc a
 * number that was used again passes for the holder: then somebody waits in vain, which is the safe mistake.
 */
export function isDead(holder: Holder): boolean {
  if (holder.host !== hostname()) return false
  const boot = bootId()
  if (boot !== null && holder.boot !== null && boot !== holder.boot) return true
  if (holder.namespace !== pidNamespace()) return false
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: it lives, as another user's.
    if (errorCode(error) === 'ESRCH') return true
  }
  const now = processStat(holder.pid)
  if (now === null) return false
  return now.isZombie || (holder.start !== null && holder.start !== now.start)
}

const firstLineOf = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}

const bootId = (): string | null => firstLineOf('/proc/sys/kernel/random/boot_id')

function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return null
  }
}

/** proc(5), /proc/pid/stat: the state is the 3rd field, the start time the 22nd; the 2nd may hold spaces and brackets. */
function processStat(pid: number): { isZombie: boolean; start: string } | null {
  const stat = firstLineOf(`/proc/${pid}/stat`)
  if (stat === null) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const start = fields[19]
  return start === undefined ? null : { isZombie: fields[0] === 'Z' || fields[0] === 'X', start }
}
