/** Running other programs: their bytes, how they ended, and that they end when we do. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { failed, type Failure, messageOf } from '../failure.js'

/** A program that was started. */
export interface Child {
  /** For messages: `the filter 'zstd'`. */
  readonly name: string
  readonly stdin: Writable | null
  readonly stdout: Readable
  /** Waits for its end. Throws a Failure (status 1) that says how it ended, if that wasn't well. */
  readonly finished: () => Promise<void>
  /** Waits for its end. Its exit status; null where it has none, because it was killed or could not be run. */
  readonly exitStatus: () => Promise<number | null>
  /** Ends it if it still runs, and waits until it has. */
  readonly kill: () => Promise<void>
}

/**
 * A shell that notices the failure of each stage: `sh` where it can (POSIX 2024), else bash. Because of the trap it
 * outlives SIGINT until all its stages have ended, so that waiting for it is waiting for them.
 */
const pipefailScript = `trap 'exit 130' INT
if (set -o pipefail) 2>/dev/null
then set -o pipefail; eval "$1"
else exec bash -o pipefail -c 'trap "exit 130" INT; eval "$1"' bash "$1"
fi`

/** How long a program that is killed may take to clean up before it is killed for good. */
const cleanUpMs = 5_000

/** Starts a shell pipeline; a failure of any of its stages is its failure. Its stderr is ours. */
export function startPipeline(pipeline: string): Child {
  // Of a stage that another signal has ended, the shell would report that.
  const how = { name: `the filter '${pipeline}'`, feeds: true, endsBy: 'SIGINT' } as const
  return start(['sh', '-c', pipefailScript, 'sh', pipeline], how)
}

/** Starts a program by its argument list, without a shell. Its stderr is ours. */
export function startProgram(argv: readonly string[], { feeds = false } = {}): Child {
  return start(argv, { name: `'${argv.join(' ')}'`, feeds, endsBy: 'SIGTERM' })
}

interface Start {
  readonly name: string
  /** Whether it gets bytes on its stdin. */
  readonly feeds: boolean
  readonly endsBy: NodeJS.Signals
}

function start(argv: readonly string[], { name, feeds, endsBy }: Start): Child {
  const [program = '', ...args] = argv
  // In a group of its own it can be killed with all its stages. At a terminal it stays in ours: there Ctrl-C reaches
  // every stage anyway, and one of them may have to ask for a passphrase.
  const ownGroup = !process.stderr.isTTY
  const child = spawn(program, args, { stdio: [feeds ? 'pipe' : 'ignore', 'pipe', 'inherit'], detached: ownGroup })
  const { stdin, stdout } = child
  if (stdout === null) throw new Error('a child without stdout')
  const ended = endOf(child, name)
  // Node throws away what a child has written by its end and nobody has begun to read.
  stdout.on('readable', () => undefined)
  // A stage that ends early closes its stdin; how it ended says more than that.
  stdin?.on('error', () => undefined)
  return {
    name,
    stdin,
    stdout,
    finished: async () => {
      const { failure } = await ended
      if (failure !== null) throw failure
    },
    exitStatus: async () => (await ended).status,
    kill: async () => {
      // The signal first: what a child has read so far must not look complete to it.
      if (child.exitCode === null && child.signalCode === null) signalAll(child, endsBy, ownGroup)
      stdin?.destroy()
      stdout.destroy()
      const patience = setTimeout(() => signalAll(child, 'SIGKILL', ownGroup), cleanUpMs)
      await ended
      clearTimeout(patience)
    },
  }
}

function signalAll(child: ChildProcess, signal: NodeJS.Signals, ownGroup: boolean): void {
  if (child.pid === undefined) return
  try {
    process.kill(ownGroup ? -child.pid : child.pid, signal)
  } catch {
    // It ended in this very moment.
  }
}

interface Ending {
  readonly status: number | null
  /** Null if it ended well. */
  readonly failure: Failure | null
}

/** Waits for a child's end. Never rejects. */
async function endOf(child: ChildProcess, name: string): Promise<Ending> {
  try {
    const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    if (signal !== null) return { status, failure: failed(`${name} was killed by ${signal}`) }
    return { status, failure: status === 0 ? null : failed(`${name} ended with status ${status}`) }
  } catch (error) {
    const failure = failed(`can't run ${name} (${messageOf(error)})`, 'is it installed and in PATH?', error)
    return { status: null, failure }
  }
}

/** What a program writes. Its end counts: after its last byte, how it ended is demanded to be well. */
export async function* outputOf(child: Child): AsyncGenerator<Uint8Array> {
  yield* child.stdout as AsyncIterable<Uint8Array>
  await child.finished()
}

/** Writes into a child's stdin and waits until that has taken it. False once nobody reads there any more. */
export function feed({ name, stdin }: Child, bytes: Uint8Array): Promise<boolean> {
  if (stdin === null) throw new Error(`${name} takes no bytes`)
  // Node reports no error for a write that was under way when the child ended.
  return new Promise(resolve => stdin.write(bytes, error => resolve(error == null && !stdin.destroyed)))
}

/** How far a stream has gone into a child. */
interface Feeding {
  complete: boolean
  /** What the source has thrown. */
  failure: { readonly error: unknown } | null
}

/**
 * Sends `chunks` through a child and gives what it writes. Throws the error of the source, if that has one, or a
 * Failure (status 1) if the child does not end well or has not read everything. Whatever ends the reading early kills it.
 */
export async function* through(chunks: AsyncIterable<Uint8Array>, child: Child): AsyncGenerator<Uint8Array> {
  const feeding: Feeding = { complete: false, failure: null }
  // Not waited for: when the child has ended, a silent source may still keep it waiting.
  void feedAll(chunks, child, feeding)
  try {
    yield* outputOf(child)
  } catch (error) {
    // A child that was killed because the source failed has nothing of its own to say.
    throw feeding.failure === null ? error : feeding.failure.error
  } finally {
    await child.kill()
  }
  if (feeding.failure !== null) throw feeding.failure.error
  if (!feeding.complete) {
    throw failed(`${child.name} ended before it had read the whole stream`, 'each of its stages must read to the end')
  }
}

/** Feeds a child to the end. Never rejects. */
async function feedAll(chunks: AsyncIterable<Uint8Array>, child: Child, feeding: Feeding): Promise<void> {
  try {
    for await (const chunk of chunks) if (!(await feed(child, chunk))) return
    feeding.complete = true
    child.stdin?.end()
  } catch (error) {
    feeding.failure = { error }
    await child.kill()
  }
}
