/** zfs2s3-size: how long a stream is. */
import type { Command } from '../cli/command.js'
import { write } from '../cli/ndjson.js'
import { usageError } from '../failure.js'
import { startProgram } from '../zfs/child.js'
import { sendCommand } from '../zfs/zfs.js'
import { sendFlags, sendOption } from './sending.js'
import { baseOption, namedSnapshots } from './stored.js'

export const command: Command = {
  name: 'size',
  summary: 'print the length in bytes of a zfs send stream',
  usage: ['DS@SNAP [--base DS@PREV] [--send FLAGS]'],
  description: [
    'Runs zfs send and counts what it writes, so the answer is exact and takes as long as reading the data does. ' +
      'Nothing needs this before an upload. zfs send -nP gives a quick estimate.',
  ],
  positionals: 1,
  options: [baseOption, sendOption],
  examples: [['the length of an increment', 'zfs2s3-size tank/home@b --base @a']],
  async run(context) {
    const named = namedSnapshots(context)
    if (named === undefined) throw usageError('no snapshot is named', 'zfs2s3-size DS@SNAP')
    const bytes = await streamLength(
      sendCommand(named.snapshot, named.base ?? null, sendFlags(context)),
      context.signal,
    )
    await write(context.stdout, `${bytes}\n`)
  },
}

/** How many bytes a program writes, if it ends well. */
export async function streamLength(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const child = startProgram(argv)
  signal.addEventListener('abort', () => child.stdout.destroy(), { once: true })
  let bytes = 0
  try {
    for await (const chunk of child.stdout as AsyncIterable<Uint8Array>) bytes += chunk.length
    await child.finished()
    return bytes
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    await child.kill()
  }
}
