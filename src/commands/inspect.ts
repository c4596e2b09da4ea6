/** zfs2s3-inspect: what a stream is, and whether it is whole. */
import { rfc3339 } from '../chain/edge.js'
import type { Command, Context } from '../cli/command.js'
import { write, writeRecord } from '../cli/ndjson.js'
import { openStdin, type Stdin } from '../cli/stdin.js'
import { badStream } from '../failure.js'
import type { Verdict } from '../stream/facts.js'
import { Pieces } from '../stream/pieces.js'
import { StreamParser } from '../stream/parser.js'
import { lackOf } from './verdict.js'

export const command: Command = {
  name: 'inspect',
  summary: 'say what a zfs send stream is, and whether it is whole',
  usage: ['< STREAM', '--pass < STREAM > STREAM'],
  description: [
    'Reads a stream from stdin, checks every record and checksum in it, and prints one line of JSON for each stream that it ' +
      'consists of: kind, names, GUIDs, creation time, features, records and bytes by type, and whether it is complete. ' +
      'Needs no zfs.',
    'Ends with status 4 for a truncated or damaged stream, with text, with bytes behind the end, and with no input at all; ' +
      'zstream dump ends with 0 on all of these.',
  ],
  positionals: 0,
  options: [{ name: 'pass', help: 'copy stdin to stdout; the lines of JSON go to stderr' }],
  examples: [
    ['look at a stream', 'zfs send -i @a tank/home@b | zfs2s3-inspect'],
    ['check a stream on its way to a file', 'zfs send tank/home@a | zfs2s3-inspect --pass > home.zs'],
  ],
  statuses: { 4: 'the stream is truncated or damaged, or is none' },
  async run(context) {
    const { args, signal } = context
    const pass = args.flag('pass')
    const pieces = Pieces.inMemory(pieceBytes, 2)
    const stdin = openStdin('pipe a stream in: zfs send tank/home@a | zfs2s3-inspect', pieces)
    signal.addEventListener('abort', stdin.stop, { once: true })
    const parser = new StreamParser({ memory: pieces.memory })
    try {
      await read(stdin, context, parser, pass)
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    }
    if (parser.position === 0) throw badStream('stdin is empty', 'zfs send wrote nothing: see what it said')
    const verdict = parser.end()
    for (const record of substreamRecords(verdict)) await writeRecord(pass ? context.stderr : context.stdout, record)
    const lack = lackOf(verdict)
    if (lack !== null) throw lack
  },
}

const pieceBytes = 1024 * 1024

/** One record for each (sub)stream; the one that isn't complete says where and why. */
function substreamRecords(verdict: Verdict): object[] {
  const damage =
    verdict.outcome === 'whole'
      ? null
      : { outcome: verdict.outcome, at: verdict.at, record: verdict.record, type: verdict.type, why: verdict.why }
  return verdict.substreams.map(each => ({
    kind: each.kind,
    toname: each.toname,
    toguid: each.toguid,
    fromguid: each.fromguid,
    created: each.createdSeconds === 0 ? null : rfc3339(new Date(each.createdSeconds * 1000)),
    type: each.objectSet,
    features: each.features,
    to_ivset_guid: each.toIvset,
    from_ivset_guid: each.fromIvset,
    resume: each.resume,
    position: each.position,
    records: each.records,
    payload_bytes: each.payloadBytes,
    complete: each.complete,
    ...(!each.complete && damage !== null && { damage }),
  }))
}

/** With `--pass` damage ends nothing: what comes in goes out, and the status tells. */
async function read(stdin: Stdin, { stdout, signal }: Context, parser: StreamParser, pass: boolean): Promise<void> {
  for await (const chunk of stdin.chunks) {
    parser.push(chunk)
    // A copy: what stdout can't take at once, it keeps.
    if (pass) await write(stdout, chunk.slice(), signal)
    else if (parser.damage !== null) return
  }
}
