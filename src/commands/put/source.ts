/** Where a stream comes from: stdin, or a program that put runs itself, whose exit status then counts as well. */
import { openStdin } from '../../cli/stdin.js'
import { outputOf, startProgram } from '../../zfs/child.js'
import type { Context } from '../../cli/command.js'
import { Pieces } from '../../stream/pieces.js'
import type { PutOptions } from './options.js'

export interface Source {
  /**
   * Each is good until the next one is asked for. Throws behind the last byte if whoever wrote them is known not to have
   * ended well.
   */
  readonly chunks: AsyncIterable<Uint8Array>
  /** Where most chunks lie, and can stay; null where each is in memory of its own. */
  readonly pieces: Pieces | null
  /** Makes `chunks` end, from outside and at once, though the writer may be silent. */
  readonly stop: () => void
  /** Ends what still runs. */
  readonly close: () => Promise<void>
}

/** Throws a usage error where stdin is a terminal. */
export function openSource({ args, signal }: Pick<Context, 'args' | 'signal'>, wanted: PutOptions): Source {
  if (args.command.length > 0) {
    const child = startProgram(args.command)
    const stop = () => void child.kill()
    signal.addEventListener('abort', stop, { once: true })
    return { chunks: outputOf(child), pieces: null, stop, close: child.kill }
  }
  const pieces = piecesFor(wanted)
  const { chunks, stop } = openStdin('pipe a stream in: zfs send tank/home@a | zfs2s3-put tank/home@a', pieces)
  signal.addEventListener('abort', stop, { once: true })
  return {
    chunks,
    pieces,
    stop,
    close: () => {
      stop()
      return Promise.resolve()
    },
  }
}

/** Parts are made of what is read where it lies: those in flight, and the one that is filled. Not of what a filter makes. */
const piecesFor = ({ filter, geometry, concurrency }: PutOptions) =>
  filter === null ? Pieces.inMemory(geometry.partSize, Math.max(concurrency, 2)) : Pieces.inMemory(filteredBytes, 2)

const filteredBytes = 1024 * 1024
