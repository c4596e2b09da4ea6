/** What a stream read back has to prove before its last bytes are written. */
import type { Edge } from '../../chain/edge.js'
import { badStream } from '../../failure.js'
import { Continuation } from '../../stream/continuation.js'
import { type Format, formatInWords } from '../../stream/magic.js'
import type { StreamMemory } from '../../stream/memory.js'
import { StreamParser } from '../../stream/parser.js'
import type { Position } from '../../stream/positions.js'
import type { Stretch } from '../../stream/stretches.js'
import { holdingBack } from '../../stream/tail.js'
import type { TokenFacts } from '../../stream/token.js'
import { ReadAhead } from '../read-ahead.js'
import { verdictFailure } from '../verdict.js'

/**
 * Passes a stream on and reads its records on the way, if they can be read. The last bytes are held back until they are
 * known to be whole and to be the snapshot that was asked for. Throws status 4 otherwise.
 * @param length of the stream, in bytes; null where that is not known
 * @param memory where most chunks lie
 */
export async function* checkedStream(
  chunks: AsyncGenerator<Uint8Array>,
  edge: Edge,
  length: number | null,
  memory: StreamMemory | null,
): AsyncGenerator<Uint8Array> {
  const ahead = new ReadAhead(chunks)
  const format = await ahead.format()
  if (ahead.isEmpty) throw badStream(`nothing comes out for ${edge.snapshot.name}`, 'see what the filter said')
  if (format !== 'zfs-send') {
    demandMeant(format, edge)
    yield* ahead.chunks()
    return
  }
  const parser = new StreamParser({ memory })
  const held = holdingBack(length)
  for await (const chunk of ahead.chunks()) {
    parser.push(chunk)
    if (parser.damage !== null) throw verdictFailure(parser.end())
    yield* held.push(chunk)
  }
  const verdict = parser.end()
  if (verdict.outcome !== 'whole') throw verdictFailure(verdict)
  const { name, guid } = edge.snapshot
  if (!verdict.substreams.some(each => each.toguid === guid)) {
    throw badStream(
      `the stream that is stored as ${name} is of another snapshot`,
      'the object is not what the catalog says',
    )
  }
  yield* held.end()
}

/** Throws status 4 if bytes that are no stream, nor known to be compressed or encrypted, are not what was stored. */
export function demandMeant(format: Format, { snapshot, filter, verified }: Edge): void {
  if (filter !== null || verified === false || !['unknown', 'text', 'zfs-send-big-endian'].includes(format)) return
  throw badStream(
    `what S3 has for ${snapshot.name} is ${formatInWords(format)}`,
    'the object is damaged or another one',
  )
}

/**
 * The rest of a stream for a receiver that was interrupted where `token` says. The last bytes are held back until all that is
 * needed has passed and was whole. Throws status 4 otherwise, or if the token is for another stream.
 * @param read gives a stretch of the stored stream
 * @param positions those that are known in it
 */
export async function* continuedStream(
  read: (stretch: Stretch) => AsyncGenerator<Uint8Array>,
  positions: readonly Position[],
  edge: Edge,
  token: TokenFacts,
): AsyncGenerator<Uint8Array> {
  const { name, guid } = edge.snapshot
  if (token.toguid !== guid) {
    throw badStream(
      `the token is for ${token.toname} (GUID ${token.toguid}), not for ${name} (GUID ${guid})`,
      'give the stream that the receive was interrupted in, or leave the name out: the token says it',
    )
  }
  const continuation = new Continuation(token, positions)
  const held = holdingBack(null)
  for (let next = continuation.nextStretch(); next !== null; next = continuation.nextStretch()) {
    for await (const chunk of next.from === 0 ? readable(read(next), name) : read(next)) {
      for (const piece of continuation.push(chunk)) yield* held.push(piece)
    }
  }
  const verdict = continuation.end()
  if (verdict.outcome !== 'whole') throw verdictFailure(verdict)
  yield* held.end()
}

/** Passes on what begins as a stream does. Throws status 4 for anything else. */
async function* readable(chunks: AsyncGenerator<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const ahead = new ReadAhead(chunks)
  const format = await ahead.format()
  if (format !== 'zfs-send') {
    const what = ahead.isEmpty ? 'nothing' : formatInWords(format)
    throw badStream(`${name} can't be continued: it is ${what}`, 'undo its filter with --filter or --decompress')
  }
  yield* ahead.chunks()
}
