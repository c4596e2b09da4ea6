/** zfs2s3-get: writes one stored stream. The bytes: S3 -> checksum -> (filter) -> records -> (continuation) -> stdout. */
import type { Edge } from '../chain/edge.js'
import { argumentsToName, edgeFinder, type EdgeName, recordToName } from '../chain/find.js'
import { edgeTitle } from '../chain/names.js'
import { storedBytes } from '../chain/record.js'
import type { Command, Context } from '../cli/command.js'
import { readRecords, writeAll } from '../cli/ndjson.js'
import { progressOption, startProgress } from '../cli/progress.js'
import { transferOptions, transferSettings, dataDirOption } from '../cli/settings.js'
import { refused, usageError } from '../failure.js'
import { download, findVolumes, readStretch, readVolumes } from '../store/download.js'
import { rangePieces, type RangeOptions } from '../store/ranges.js'
import type { Bucket } from '../store/s3.js'
import { positionsIn } from '../stream/position-index.js'
import { isWhole, type Stretch } from '../stream/stretches.js'
import { decodeToken, type TokenFacts } from '../stream/token.js'
import { storedEdges } from './catalog.js'
import { checkedStream, continuedStream } from './get/check.js'
import { concurrencyOption, rangesAtATime } from './get/options.js'
import { decompressOption, type Undoing, undoing, undone } from './get/undo.js'
import { baseOption, namedSnapshots } from './stored.js'
import { withBucket } from './with-bucket.js'

export const command: Command = {
  name: 'get',
  summary: 'write one stored stream to stdout',
  usage: ['DS@SNAP [--base DS@PREV] [OPTIONS]', '[OPTIONS] < EDGE', '--continue TOKEN [OPTIONS]'],
  description: [
    'Reads the stream back from S3 and writes it, checked against the checksum on record and, as far as it can be read, ' +
      'record by record. A break of the line is mended where it was. If anything is wrong, it ends with status 4 before the ' +
      'end of the stream is written, so that zfs receive at the other end of the pipe refuses it: never a damaged stream that looks whole.',
    'It is fetched in ranges, several at a time, and written in order; what waits to be written takes 72 MiB at most. An ' +
      'object that is replaced while it is read is noticed.',
    '--continue goes on with a zfs receive -s that was interrupted: what is written is the same stream from where the ' +
      'receiver stopped, as zfs send -t would send it. The token says which stream it is. Of a long stream put has noted ' +
      'positions (256 MiB from each other or more, and 64 at most), so that no more than what lies between the one before that point and ' +
      'the end is read; of a short one, a package, or what went through a filter, all is.',
    'A stream that was stored through a filter comes back as it was stored, unless --filter undoes it. The filter that it ' +
      'went through is only shown, never run.',
  ],
  positionals: 1,
  options: [
    baseOption,
    {
      name: 'filter',
      value: 'PIPELINE',
      help: 'send what was stored through this shell pipeline, as in age -d -i KEY | zstd -d',
    },
    {
      name: 'continue',
      value: 'TOKEN',
      help: "go on with an interrupted zfs receive -s: the target's receive_resume_token",
    },
    decompressOption,
    concurrencyOption,
    progressOption,
    dataDirOption,
    ...transferOptions,
  ],
  examples: [
    ['restore a snapshot whose stream is full', 'zfs2s3-get tank/home@a | zfs receive -u pool/home'],
    [
      'an increment that was encrypted',
      "zfs2s3-get tank/home@b --filter 'age -d -i KEY | zstd -d' | zfs receive -u pool/home",
    ],
    [
      'go on with zfs receive -s after an interruption',
      'zfs2s3-get --continue "$(zfs get -Ho value receive_resume_token pool/home)" | zfs receive -s -u pool/home',
    ],
  ],
  statuses: {
    3: 'it is not stored, or its object is not in S3',
    4: 'what S3 has is damaged, or another object than was stored; or the token is for another stream',
    5: 'the object is archived and has to be thawed first',
  },
  async run(context) {
    const { args, stdout } = context
    if (stdout.isTTY)
      throw usageError('stdout is a terminal', 'pipe it: zfs2s3-get DS@SNAP | zfs receive -u POOL/DATASET')
    const settings = readingSettings(context)
    const text = args.text('continue')
    const token = text === undefined ? null : decodeToken(text)
    const name = await namedEdge(context, token)
    const edges = await storedEdges(context)
    await writeStream(context, settings, edgeFinder(edges)(name), token)
  },
}

/** How streams are read, as the command line says. Throws usage errors. */
export const readingSettings = (context: Context) => ({
  undo: undoing(context),
  place: transferSettings(context),
  concurrency: rangesAtATime(context),
})

/** Writes a stored stream to the context's stdout, from its start or from where a token says. */
export async function writeStream(
  context: Context,
  { undo, place, concurrency }: ReturnType<typeof readingSettings>,
  edge: Edge,
  token: TokenFacts | null,
): Promise<void> {
  const { stdout, signal } = context
  if (edge.filter !== null && undo.filter === undefined) {
    context.stderr.write(`${context.name}: ${edgeTitle(edge)} was stored through the filter: ${edge.filter}\n`)
  }
  // How much of it a token leaves to be read is not known yet.
  const total = token === null ? storedBytes(edge) : null
  const aim = { verb: 'read', what: edgeTitle(edge), total, streams: 1 }
  const read = async (bucket: Bucket) => {
    const progress = startProgress(context, aim)
    const onBytes = (bytes: number) => progress.add(bytes)
    const pieces = rangePieces(concurrency)
    const reading = { signal, concurrency, retryForMs: place.retryForMs, onBytes, pieces }
    // `download` gives no other number of bytes than is on record.
    const length = undo.filter === undefined && !undo.decompress ? storedBytes(edge) : null
    try {
      const stream =
        token === null
          ? checkedStream(undone(download(bucket, edge, reading), undo), edge, length, pieces.memory)
          : await continued(bucket, edge, token, undo, reading)
      await writeAll(stdout, stream, signal)
    } finally {
      progress.end()
    }
  }
  await withBucket(context, read, place)
}

/** What a token asks for: of a stream that is stored as it was sent, no more than is needed. */
async function continued(bucket: Bucket, edge: Edge, token: TokenFacts, undo: Undoing, reading: RangeOptions) {
  const found = await findVolumes(bucket, edge, reading.signal)
  const read = (stretch: Stretch) =>
    isWhole(stretch)
      ? undone(readVolumes(bucket, edge, found, reading), undo)
      : readStretch(bucket, found, stretch, reading)
  const positions = undo.filter === undefined ? positionsIn(edge.index) : []
  return continuedStream(read, positions, edge, token)
}

async function namedEdge(context: Context, token: TokenFacts | null): Promise<EdgeName> {
  const named = namedSnapshots(context)
  if (named !== undefined) return argumentsToName(named.snapshot, named.base)
  if (token !== null) {
    const { toname, toguid, fromguid } = token
    const base = fromguid === null ? null : undefined
    return { snapshot: toname, guid: toguid, base, baseGuid: fromguid, key: null }
  }
  const [name, ...others] = await readRecords(context.stdin, recordToName)
  if (name === undefined) throw refused('stdin names no edge')
  if (others.length > 0)
    throw usageError('stdin names several edges', 'give one, as streams can only be received one by one')
  return name
}
