/** Running other programs: their bytes, how they ended, and that they end when we do. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { failed, Failure, messageOf } from '../failure.js'

/** A program that was started. */
export interface Child {
  readonly stdin: Writable | null
  readonly stdout: Readable
  /** Waits for its end. Throws a Failure (status 1) that says how it ended, if that wasn't well. */
  readonly finished: () => Promise<void>
  /** Ends it if it still runs, and waits until it has. */
  readonly kill: () => Promise<void>
}

/** A shell that notices the failure of each stage. `sh` where it can (POSIX 2024), else bash. */
const pipefailScript = `if (set -o pipefail) 2>/dev/null; then set -o pipefail; eval "$1"; else exec bash -o pipefail -c "$1"; fi`

/** Starts a shell pipeline; a failure of any of its stages is its failure. Its stderr is ours. */
export function startPipeline(pipeline: string): Child {
  return start(['sh', '-c', pipefailScript, 'sh', pipeline], { name: `the filter '${pipeline}'`, feeds: true })
}

/** Starts a program by its argument list, without a shell. Its stderr is ours. */
export function startProgram(argv: readonly string[], { feeds = false } = {}): Child {
  return start(argv, { name: `'${argv.join(' ')}'`, feeds })
}

function start(argv: readonly string[], { name, feeds }: { name: string; feeds: boolean }): Child {
  const [program = '', ...args] = argv
  // In a group of its own it can be killed with all its stages. At a terminal it stays in ours: there Ctrl-C reaches
  // every stage anyway, and one of them may have to ask for a passphrase.
  const ownGroup = !process.stderr.isTTY
  const child = spawn(program, args, { stdio: [feeds ? 'pipe' : 'ignore', 'pipe', 'inherit'], detached: ownGroup })
  const { stdin, stdout } = child
  if (stdout === null) throw new Error('a child without stdout')
  const ended = endOf(child, name)
  // A stage that ends early closes its stdin; how it ended says more than that.
  stdin?.on('error', () => undefined)
  return {
    stdin,
    stdout,
    finished: async () => {
      const failure = await ended
      if (failure !== undefined) throw failure
    },
    kill: async () => {
      stdin?.destroy()
      stdout.destroy()
      if (child.exitCode === null && child.signalCode === null) killAll(child, ownGroup)
      await ended
    },
  }
}

function killAll(child: ChildProcess, ownGroup: boolean): void {
  if (child.pid === undefined) return
  try {
    process.kill(ownGroup ? -child.pid : child.pid, 'SIGTERM')
  } catch {
    // It ended in this very moment.
  }
}

/** How a child ended: nothing if well. Never rejects. */
async function endOf(child: ChildProcess, name: string): Promise<Failure | undefined> {
  try {
    const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    if (signal !== null) return failed(`${name} was killed by ${signal}`)
    return status === 0 ? undefined : failed(`${name} ended with status ${status}`)
  } catch (error) {
    return failed(`can't run ${name} (${messageOf(error)})`, 'is it installed and in PATH?', error)
  }
}

/**
 * Sends `chunks` through a child and gives what it writes. Its end counts: after its last byte, how it ended is
 * demanded to be well. Whatever ends the reading early kills it.
 */
export async function* through(chunks: AsyncIterable<Uint8Array>, child: Child): AsyncGenerator<Uint8Array> {
  const feeding = feed(chunks, child)
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>
    const unfed = await feeding
    if (unfed !== undefined) throw unfed.error
    await child.finished()
  } finally {
    await child.kill()
    await feeding
  }
}

/** Writes `chunks` into a child's stdin, waiting while it is full. Gives the error of the source, if it had one. */
async function feed(chunks: AsyncIterable<Uint8Array>, child: Child): Promise<{ error: unknown } | undefined> {
  const { stdin } = child
  if (stdin === null) throw new Error('a child that takes no bytes')
  try {
    for await (const chunk of chunks) {
      // A child that no longer reads has ended or will; its status tells.
      if (stdin.destroyed || stdin.writableEnded) return undefined
      if (!stdin.write(chunk)) await Promise.race([once(stdin, 'drain'), once(stdin, 'close')])
    }
    stdin.end()
    return undefined
  } catch (error) {
    // No end of file: what the child has so far must not look complete to it.
    await child.kill()
    return { error }
  }
}
