/** One step of a restore: get on the left, `zfs receive` on the right. */
import { Writable } from 'node:stream'
import { edgeTitle } from '../../chain/names.js'
import type { Edge } from '../../chain/edge.js'
import { nameRecord } from '../../chain/record.js'
import type { Context } from '../../cli/command.js'
import { write } from '../../cli/ndjson.js'
import { shellQuoted } from '../../cli/shell.js'
import { failed } from '../../failure.js'
import { decodeToken } from '../../stream/token.js'
import { type Child, feed, startProgram } from '../../zfs/child.js'
import { readingSettings, writeStream } from '../get.js'
import { readingOptions } from './options.js'
import type { Step } from './steps.js'

/**
 * Receives one stream. Throws get's Failure, or one of status 1 if `zfs receive` has not taken everything or did not end
 * well. However it ends, `zfs receive` has seen the end of a stream only if that was whole, and is no longer running.
 */
export async function receive(context: Context, step: Step, command: readonly string[]): Promise<void> {
  const receiver = startProgram(command, { feeds: true })
  const said = forward(receiver, context)
  const left = new AbortController()
  const early = failed(`${receiver.name} ended before it had read all of ${edgeTitle(step.edge)}`, 'see what it said')
  const signal = AbortSignal.any([context.signal, left.signal])
  const stdout = into(receiver, signal, () => left.abort(early))
  try {
    const { edge, token } = step
    const reading = { ...context, args: argumentsOf(context, edge), stdout, signal }
    await writeStream(reading, readingSettings(reading), edge, token === null ? null : decodeToken(token))
    await new Promise<void>(resolve => stdout.end(resolve))
    signal.throwIfAborted()
    receiver.stdin?.end()
    await receiver.finished()
    await said
  } catch (error) {
    // Not killed: where its input ends without an END record, it keeps what can be gone on with.
    receiver.stdin?.end()
    await receiver.exitStatus()
    if (context.signal.aborted) throw context.signal.reason
    // How it ended says more than that it did.
    if (error === early) await receiver.finished()
    throw error
  }
}

/** Some versions of `zfs receive` say on stdout what they do. That is no data of ours. */
async function forward({ stdout }: Child, { stderr }: Context): Promise<void> {
  for await (const bytes of stdout as AsyncIterable<Uint8Array>) await write(stderr, bytes)
}

/** A stdout for get whose bytes go into a child until `signal` is aborted. `onEarlyEnd` is called where it reads no more. */
function into(child: Child, signal: AbortSignal, onEarlyEnd: () => void): Writable {
  const aborted = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
  const send = async (bytes: Uint8Array): Promise<void> => {
    // What get has in memory still comes, but behind a gap nothing may follow that looks like an end.
    if (!signal.aborted && !(await feed(child, bytes))) onEarlyEnd()
  }
  return new Writable({
    write: (bytes: Uint8Array, _encoding, done) => void Promise.race([send(bytes), aborted]).then(() => done()),
  })
}

/** What an edge is read with: each is undone as it was stored. */
function argumentsOf({ args }: Context, edge: Edge): Context['args'] {
  const filter = filterFor(edge, args.text('filter'))
  return {
    ...args,
    text: name => (name === 'filter' ? filter : args.text(name)),
    flag: name => (name === 'decompress' && filter !== undefined ? false : args.flag(name)),
  }
}

/** The user's filter, if the stream went through one: as the catalog says, or unseen in front of put. */
const filterFor = (edge: Edge, filter: string | undefined): string | undefined =>
  edge.filter !== null || edge.verified === false ? filter : undefined

/** The same step as a line of shell. `isNamed`: whether its names tell the edge from all others. */
export function shellLine(
  { args }: Context,
  { edge, token }: Step,
  command: readonly string[],
  isNamed: boolean,
): string {
  const { snapshot, base } = edge
  const words = ['zfs2s3-get']
  if (isNamed) words.push(snapshot.name, ...(base === null ? [] : ['--base', base.name]))
  if (token !== null) words.push('--continue', token)
  const filter = filterFor(edge, args.text('filter'))
  if (filter !== undefined) words.push('--filter', filter)
  for (const { name, value } of readingOptions) {
    if (value === undefined) words.push(...(args.flag(name) && filter === undefined ? [`--${name}`] : []))
    else words.push(...args.list(name).flatMap(each => [`--${name}`, each]))
  }
  const dataDir = args.text('data-dir')
  if (dataDir !== undefined) words.push('--data-dir', dataDir)
  const record = isNamed ? '' : `echo ${shellQuoted(JSON.stringify(nameRecord(edge)))} | `
  return `${record}${words.map(shellQuoted).join(' ')} | ${command.map(shellQuoted).join(' ')}`
}
