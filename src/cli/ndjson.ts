/** Records on stdin and stdout: one JSON object a line. */
import { createRequire } from 'node:module'
import type { Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type Ndjson from 'ndjson'
import { errorCode, messageOf, usageError } from '../failure.js'

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
  // Loaded here, since commands that only print should start in the time that Node needs; and by `require`, as in arguments.ts.
  const ndjson = createRequire(import.meta.url)('ndjson') as typeof Ndjson
  const values: unknown[] = []
  const lines = ndjson.parse({ strict: true }).on('data', value => values.push(value))
  await Promise.all([finished(lines), feed(lines, input)]).catch((error: unknown) => {
    // Records in front of that line may not have been taken yet: its text is known, its number isn't.
    const line = /^Could not parse row (.*)\.\.\.$/.exec(messageOf(error))?.[1]
    if (line !== undefined) throw usageError(`'${line}' in the input is not JSON`, remedy, error)
    if (errorCode(error) !== 'ERR_STREAM_PUSH_AFTER_EOF') throw error
  })
  if (values.pop() !== lastRecord) throw usageError('a line of the input is null', remedy)
  return values.map((value, index) => readRecord(value, index + 1, read))
}

const remedy = 'give it what zfs2s3-graph prints'

/** Comes behind all lines: ndjson takes a line `null` for the end, and drops without a word what follows. */
const lastRecord = '\0 the last line'

/** Doesn't wait for `lines`: they have to keep all of it anyway. */
async function feed(lines: Writable, input: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of input) lines.write(chunk)
  lines.end(`\n${JSON.stringify(lastRecord)}\n`)
}

function readRecord<T>(record: unknown, number: number, read: (record: unknown) => T): T {
  try {
    return read(record)
  } catch (error) {
    throw usageError(`record ${number} of the input: ${messageOf(error)}`, remedy, error)
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
 * Writes text or bytes and waits until `output` has taken them: then their memory may be used again. Throws the signal's reason
 * once that is aborted, since a reader may be stuck. A closed stdout has ended the process in cli/main.
 */
export async function write(output: Writable, data: string | Uint8Array, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const aborted = () => reject(signal?.reason as Error)
    signal?.addEventListener('abort', aborted, { once: true })
    output.write(data, error => {
      signal?.removeEventListener('abort', aborted)
      if (error == null) resolve()
      else reject(error)
    })
  })
}

/**
 * Writes chunks one after the other. While one is on its way the next one is made: so that each must be good until the next
 * but one is asked for.
 */
export async function writeAll(
  output: Writable,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  let written = Promise.resolve()
  for await (const chunk of chunks) {
    await written
    written = write(output, chunk, signal)
    // It is asked before the next one; until then its failure is nobody's.
    written.catch(() => undefined)
  }
  await written
}
