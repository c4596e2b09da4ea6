/** Undoing what a stream was sent through before it was stored, for all commands that read streams back. */
import type { Context, Option } from '../../cli/command.js'
import { usageError } from '../../failure.js'
import { startPipeline, through } from '../../zfs/child.js'
import { isCompression, startDecompressor } from '../../zfs/decompress.js'
import { ReadAhead } from '../read-ahead.js'

export const decompressOption: Option = {
  name: 'decompress',
  help: 'undo a compression that the first bytes show (zstd, gzip, xz, lz4)',
}

export interface Undoing {
  /** A shell pipeline. */
  readonly filter: string | undefined
  readonly decompress: boolean
}

/** Reads `--filter` and `--decompress`. Throws a usage error for both at once. */
export function undoing({ args }: Pick<Context, 'args'>): Undoing {
  const undo = { filter: args.text('filter'), decompress: args.flag('decompress') }
  if (undo.filter === undefined || !undo.decompress) return undo
  throw usageError('--filter and --decompress are given', 'choose one')
}

/** The stream as it was before; as it is stored where nothing is to be undone. */
export function undone(
  chunks: AsyncGenerator<Uint8Array>,
  { filter, decompress }: Undoing,
): AsyncGenerator<Uint8Array> {
  if (filter !== undefined) return through(chunks, startPipeline(filter))
  return decompress ? decompressed(chunks) : chunks
}

/** Undoes a compression that the first bytes show; what has none passes as it is. */
async function* decompressed(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const ahead = new ReadAhead(chunks)
  const format = await ahead.format()
  yield* isCompression(format) ? through(ahead.chunks(), startDecompressor(format)) : ahead.chunks()
}
