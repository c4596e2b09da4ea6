/** Records on stdin and stdout: one JSON object a line. */
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf, usageError } from '../failure.js'

/**
 * Every record of `input`, each taken through `read`, which throws for what isn't one.
 * All of them are read before any is returned: what a command does to a set, it must not do to half of one.
 * Throws a usage error that counts records from 1.
 */
export async function readRecords<T>(
  input: Readable & { isTTY?: boolean },
  read: (record: unknown) => T,
): Promise<T[]> {
  if (input.isTTY) throw usageError('no edge is named, and stdin is a terminal', 'name a snapshot, or pipe edges in')
  // Loaded here: commands that only print should start in the time that Node needs.
  const { default: ndjson } = await import('ndjson')
  const records: T[] = []
  const lines = ndjson.parse({ strict: true })
  await pipeline(input, lines, async (source: AsyncIterable<unknown>) => {
    for await (const record of source) {
      try {
        records.push(read(record))
      } catch (error) {
        throw usageError(
          `record ${records.length + 1} of the input: ${messageOf(error)}`,
          'give it what zfs2s3-graph prints',
          error,
        )
      }
    }
  }).catch((error: unknown) => {
    // Records in front of that line may not have been taken yet: its text is known, its number isn't.
    const line = /^Could not parse row (.*)\.\.\.$/.exec(messageOf(error))?.[1]
    if (line === undefined) throw error
    throw usageError(`'${line}' in the input is not JSON`, 'give it what zfs2s3-graph prints', error)
  })
  return records
}

/** Writes one record and waits while `output` is full, as `write` does. */
export function writeRecord(output: Writable, record: object, signal?: AbortSignal): Promise<void> {
  return write(output, `${JSON.stringify(record)}\n`, signal)
}

/**
 * Writes text or bytes and waits while `output` is full; throws the signal's reason once that is aborted, since a reader may be
 * stuck. A closed stdout has ended the process in cli/main.
 */
export async function write(output: Writable, data: string | Uint8Array, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  if (output.write(data)) return
  try {
    await once(output, 'drain', { signal })
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error
  }
}
