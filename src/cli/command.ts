/** What a command is to the rest of the program: its own description, from which help and man page are made, and `run`. */
import type { EventEmitter } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { WriteStream } from 'node:tty'
import type { Arguments } from './arguments.js'
import type { Progress } from './progress.js'

/** One option of a command. With `value` it takes one, which is shown under that name; without, it is a switch. */
export interface Option {
  readonly name: string
  /** A single letter: `-i`. */
  readonly short?: string
  readonly value?: string
  /** May be given more than once. */
  readonly repeats?: true
  /** All values that there are; any other is refused. */
  readonly choices?: readonly string[]
  /** Values that a shell completes; others may be good as well. */
  readonly suggests?: readonly string[]
  readonly help: string
}

/** What a command runs with. Nothing else of the process is touched by commands. */
export interface Context {
  /** As the user called it: `zfs2s3-put`, or `zfs2s3 upload`. */
  readonly name: string
  readonly args: Arguments
  readonly env: NodeJS.ProcessEnv
  readonly stdin: Readable & { readonly isTTY?: boolean }
  /** A terminal also says how wide it is, which changes when it is resized, and what it can show. */
  readonly stdout: Writable & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'hasColors'>>
  readonly stderr: Writable & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>
  /** Aborted by SIGINT, SIGTERM and SIGHUP; its reason is an `Interrupted`. */
  readonly signal: AbortSignal
  /** Emits `asked` when SIGUSR1 or SIGINFO asks how far the command is. */
  readonly asked: EventEmitter<{ asked: [] }>
  /** Set where the command is a step of another one, and says through it how far it is. */
  readonly progress?: Progress
}

export interface Command {
  /** Without `zfs2s3-`. */
  readonly name: string
  /** One line, lower case, no full stop. */
  readonly summary: string
  /** What follows the name, one string for each form: `DS@SNAP [--base DS@PREV]`. */
  readonly usage: readonly string[]
  /** Paragraphs. */
  readonly description: readonly string[]
  readonly options: readonly Option[]
  /** What each does, and the command line. */
  readonly examples: readonly (readonly [what: string, line: string])[]
  /** What the exit statuses mean here, where there is more to say than in general. */
  readonly statuses?: Readonly<Record<number, string>>
  /** Most positional arguments it takes. */
  readonly positionals: number
  /** Takes a command line behind `--`. */
  readonly takesCommand?: true
  /** Not offered as an executable of its own, only as `zfs2s3 NAME`. */
  readonly porcelain?: true
  run(context: Context): Promise<void>
}

/** The name a command is called by: `zfs2s3-put`, or `zfs2s3 upload` for the ones that are no executables. */
export const calledAs = (command: Command): string => `zfs2s3${command.porcelain ? ' ' : '-'}${command.name}`

/** Options that every command has. */
export const commonOptions: readonly Option[] = [
  { name: 'help', short: 'h', help: 'print help and exit' },
  { name: 'version', help: 'print the version and exit' },
]

/** The end of a command by a signal. Not a Failure: nothing is wrong, and the process ends by that same signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly signal: NodeJS.Signals
  /** What the user should know on the way out, already on one line; undefined if nothing was left unfinished. */
  readonly note: string | undefined

  constructor(signal: NodeJS.Signals, note?: string) {
    super(`ended by ${signal}`)
    this.signal = signal
    this.note = note
  }
}
