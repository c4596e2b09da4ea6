/** Records on stdin and stdout: one JSON object a line. */
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
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
  const records: T[] = []
  for await (const line of linesOf(input)) {
    if (line.trim() === '') continue
    const record = parsed(line)
    try {
      records.push(read(record))
    } catch (error) {
      throw usageError(`record ${records.length + 1} of the input: ${messageOf(error)}`, remedy, error)
    }
  }
  return records
}

const remedy = 'give it what zfs2s3-graph prints'

/** Each chunk is looked at once, however long the line is that it is a piece of. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let line = ''
  for await (const chunk of chunks) {
    const [more = '', ...starts] = decoder.decode(chunk, { stream: true }).split('\n')
    line += more
    for (const start of starts) {
      yield line
      line = start
    }
  }
  yield line + decoder.decode()
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw usageError(`'${line.trim().slice(0, 50)}' in the input is not JSON`, remedy, error)
  }
}

/** Writes one record and waits while `output` is full, as `write` does. */
export function writeRecord(output: Writable, record: object, signal?: AbortSignal): Promise<void> {
  return write(output, `${JSON.stringify(record)}\n`, signal)
}

/** What is written at a time of many records: a write for each would take longer than making it. */
const batchLength = 65_536

/** Writes many records as `writeRecord` does, batches of them at a time. */
export async function writeRecords(output: Writable, records: Iterable<object>, signal?: AbortSignal): Promise<void> {
  let lines = ''
  for (const record of records) {
    lines += `${JSON.stringify(record)}\n`
    if (lines.length < batchLength) continue
    await write(output, lines, signal)
    lines = ''
  }
  if (lines !== '') await write(output, lines, signal)
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
