/**
 * A machine that shares the catalog with others: until it is told to stop (SIGTERM), it stores and removes at random what
 * the few snapshots of this small world allow, with the commands themselves. Prints how often each ended with which status,
 * and every end that was not foreseen.
 */
import { EventEmitter } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { parseArguments } from '#src/cli/arguments.js'
import type { Command } from '#src/cli/command.js'
import { command as abort } from '#src/commands/abort.js'
import { command as graph } from '#src/commands/graph.js'
import { command as put } from '#src/commands/put.js'
import { command as rm } from '#src/commands/rm.js'
import { Failure } from '#src/failure.js'
import { randomFrom } from '../crash/effort.js'
import { bytesOf, simpleStream } from '../stream/writer.js'

const random = randomFrom(Number(process.argv[2]))
const below = (limit: number) => Math.floor(random() * limit)
const counts: Record<string, number> = {}
const unforeseen: string[] = []

/** Runs a command to its end; gives its status and what it printed. */
async function run(command: Command, args: readonly string[], stdin = '') {
  let printed = ''
  const stdout = new Writable({
    write: (chunk: Buffer, _, done) => {
      printed += chunk.toString()
      done()
    },
  })
  const stderr = new Writable({ write: (_chunk, _, done) => done() })
  const signal = new AbortController().signal
  const context = {
    name: command.name,
    env: process.env,
    stdout,
    stderr,
    signal,
    asked: new EventEmitter<{ asked: [] }>(),
  }
  let status = 0
  try {
    await command.run({ ...context, args: parseArguments(args, command), stdin: Readable.from([Buffer.from(stdin)]) })
  } catch (error) {
    status = error instanceof Failure ? error.status : -1
    // 5: it was outrun for as long as it tries.
    if (status !== 3) unforeseen.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  const ended = `${command.name} ${status}`
  counts[ended] = (counts[ended] ?? 0) + 1
  return { status, printed }
}

/** put reads the process's own stdin, or what a program says. */
const streamFile = `${process.env.ZFS2S3_DATA_DIR ?? ''}.zs`

const guidOf = (dataset: number, snapshot: number) => BigInt(1000 * (dataset + 1) + snapshot)

/** A full stream once in a while, else an increment. */
async function store() {
  const dataset = below(3)
  const to = below(6)
  const from = to > 0 && random() < 0.8 ? below(to) : null
  const toname = `tank/${dataset}@${to}`
  const base = from === null ? {} : { fromguid: guidOf(dataset, from) }
  const stream = bytesOf(simpleStream({ toname, toguid: guidOf(dataset, to), ...base }))
  const name = from === null ? [] : ['--base', `tank/${dataset}@${from}`]
  writeFileSync(streamFile, stream)
  const { status } = await run(put, [toname, ...name, '--', 'cat', streamFile])
  // Its base may have been removed meanwhile; then it is pending.
  if (status !== 0) await run(abort, [])
}

/** One edge, or a few at a time. */
async function remove() {
  const { printed } = await run(graph, [])
  const lines = printed.split('\n').slice(0, -1)
  const chosen = Array.from({ length: 1 + below(2) }, () => lines[below(lines.length)] ?? '')
  if (lines.length > 0) await run(rm, [], chosen.join('\n'))
}

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
console.log('ready')
while (!stop.signal.aborted) await (random() < 0.55 ? store() : remove())
// A socket that is kept alive must not keep this alive; but what is said must be through.
process.stdout.write(`${JSON.stringify({ counts, unforeseen: unforeseen.slice(0, 3) })}\n`, () => process.exit())
