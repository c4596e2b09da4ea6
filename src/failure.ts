/**
 * How a command ends when it can't do what it was asked. A `Failure` is thrown where the facts are known, passes
 * through everything between, and is printed in one place (cli/main) as `command: what: remedy`.
 * Anything thrown that is not a `Failure` is a bug in zfs2s3.
 */

/** What the statuses mean to a script. 0 is success; 128+n, ended by signal n, is left to the system. */
export const exitStatus = {
  /** S3, `zfs`, disk, network or a bug: may be tried again. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The answer is no: a safety rule refuses, or damage or differences were found. Never 1, which a crash gives too. */
  refused: 3,
  /** The stream is truncated, corrupt, or not what it was said to be. */
  badStream: 4,
  /** Not yet: still thawing, or somebody else holds the lock. */
  notYet: 5,
} as const

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus]

/** An ending that was foreseen: the status to exit with, what happened to what, and what to do about it. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly status: ExitStatus
  /** What the user can do; undefined only where there is nothing to add. */
  readonly remedy: string | undefined

  constructor(status: ExitStatus, what: string, remedy?: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause })
    this.status = status
    this.remedy = remedy
  }
}

/** A failure that has left something unfinished, to which one can go back. */
export class Unfinished extends Failure {
  /** What was left, and how to go on; also told when a signal ends the command before the failure is printed. */
  readonly left: string

  constructor({ status, message, remedy }: Failure, left: string, cause: unknown) {
    super(status, message, remedy === undefined ? left : `${remedy}; ${left}`, cause)
    this.left = left
  }
}

/** Makes the Failure of one status: what is wrong with what (lower case, no full stop), what to do, and the error behind it. */
type Maker = (what: string, remedy?: string, cause?: unknown) => Failure

const maker =
  (status: ExitStatus): Maker =>
  (what, remedy, cause) =>
    new Failure(status, what, remedy, cause)

/** Status 1: it may be tried again. */
export const failed = maker(exitStatus.failed)
/** Status 2: the command line is wrong. */
export const usageError = maker(exitStatus.usage)
/** Status 3: no. */
export const refused = maker(exitStatus.refused)
/** Status 4: the stream is not what it should be. */
export const badStream = maker(exitStatus.badStream)
/** Status 5: not yet. */
export const notYet = maker(exitStatus.notYet)

/** The code of a system error (`ENOENT`), or undefined where `error` is none. */
export function errorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return undefined
}

/** One line about any thrown value, for use inside a Failure's text. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error)
  return text.split('\n', 1)[0] ?? ''
}
