/** One step of a restore: get on the left, `zfs receive` on the right. */
import { Readable, Writable } from 'node:stream'
import { edgeTitle } from '../../chain/names.js'
import type { Edge } from '../../chain/edge.js'
import { edgeToRecord } from '../../chain/record.js'
import type { Context } from '../../cli/command.js'
import { failed } from '../../failure.js'
import { type Child, feed, startProgram } from '../../zfs/child.js'
import { command as get } from '../get.js'
import { readingOptions } from './options.js'
import type { Step } from './steps.js'

/**
 * Receives one stream. Throws get's Failure, or one of status 1 if `zfs receive` has not taken everything or did not end
 * well. However it ends, `zfs receive` has seen the end of a stream only if that was whole, and is no longer running.
 */
export async function receive(context: Context, { edge, token }: Step, command: readonly string[]): Promise<void> {
  const receiver = startProgram(command, { feeds: true })
  // Some versions of zfs receive say on stdout what they do; that is no data of ours.
  receiver.stdout.pipe(context.stderr, { end: false })
  const left = new AbortController()
  const signal = AbortSignal.any([context.signal, left.signal])
  const early = failed(
    `${receiver.name} ended before it had read all of ${edgeTitle(edge)}`,
    'run the same command again',
  )
  const stdout = into(receiver, () => left.abort(early))
  const args = argumentsOf(context, { edge, token })
  const stdin = Readable.from([`${JSON.stringify(edgeToRecord(edge))}\n`])
  try {
    await get.run({ ...context, args, stdin, stdout, signal })
  } catch (error) {
    // Not killed: at the end of its input, which has no END record, it keeps what can be gone on with.
    receiver.stdin?.end()
    const status = await receiver.exitStatus()
    if (error === early && status !== 0) await receiver.finished()
    throw error
  }
  receiver.stdin?.end()
  await receiver.finished()
}

/** A stdout for get whose bytes go into a child; `onEarlyEnd` is called once that reads no more. */
function into(child: Child, onEarlyEnd: () => void): Writable {
  return new Writable({
    write(bytes: Uint8Array, _encoding, done) {
      void feed(child, bytes).then(isTaken => {
        if (!isTaken) onEarlyEnd()
        done()
      })
    },
  })
}

/** What get is run with: the edge comes on stdin as a record, because names may not be enough to tell it. */
function argumentsOf({ args }: Context, { edge, token }: Step): Context['args'] {
  const own: Readonly<Record<string, string | undefined>> = {
    base: undefined,
    continue: token ?? undefined,
    filter: filterFor(edge, args.text('filter')),
  }
  return {
    ...args,
    positionals: [],
    text: name => (Object.hasOwn(own, name) ? own[name] : args.text(name)),
    flag: name => (name === 'decompress' && own.filter !== undefined ? false : args.flag(name)),
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
  const record = isNamed ? '' : `echo ${quoted(JSON.stringify({ ...edgeName(edge) }))} | `
  return `${record}${words.map(quoted).join(' ')} | ${command.map(quoted).join(' ')}`
}

const edgeName = ({ snapshot, base, volumes }: Edge) => ({
  snapshot: snapshot.name,
  guid: snapshot.guid,
  base: base?.name ?? null,
  base_guid: base?.guid ?? null,
  key: volumes[0].key,
})

/** A word as a shell reads it back. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
