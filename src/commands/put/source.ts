/** Where a stream comes from: stdin, or a program that put runs itself, whose exit status then counts as well. */
import { openStdin } from '../../cli/stdin.js'
import { outputOf, startProgram } from '../../zfs/child.js'
import type { Context } from '../../cli/command.js'

export interface Source {
  /**
   * Each is good until the next one is asked for. Throws behind the last byte if whoever wrote them is known not to have
   * ended well.
   */
  readonly chunks: AsyncIterable<Uint8Array>
  /** Makes `chunks` end, from outside and at once, though the writer may be silent. */
  readonly stop: () => void
  /** Ends what still runs. */
  readonly close: () => Promise<void>
}

/** Throws a usage error where stdin is a terminal. */
export function openSource({ args, signal }: Pick<Context, 'args' | 'signal'>): Source {
  if (args.command.length > 0) {
    const child = startProgram(args.command)
    const stop = () => void child.kill()
    signal.addEventListener('abort', stop, { once: true })
    return { chunks: outputOf(child), stop, close: child.kill }
  }
  const { chunks, stop } = openStdin('pipe a stream in: zfs send tank/home@a | zfs2s3-put tank/home@a')
  signal.addEventListener('abort', stop, { once: true })
  return {
    chunks,
    stop,
    close: () => {
      stop()
      return Promise.resolve()
    },
  }
}
