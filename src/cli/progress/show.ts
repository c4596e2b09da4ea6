/** How far something is, in words and as a record. Pure: what there is to say comes in. */
import { humanBytes, humanTime } from '../amounts.js'

/** What a command does, and how much of it there is to do. */
export interface Aim {
  /** What is done to the bytes, in the past tense: `stored`. Without it only streams are counted. */
  readonly verb?: string
  /** The stream, as in messages; null where there are several. */
  readonly what: string | null
  /** How many bytes there will be; null where that isn't known. */
  readonly total: number | null
  /** How many streams it is about. */
  readonly streams: number
}

/** How far it is. */
export interface State {
  readonly bytes: number
  /** Null for what doesn't go part by part. */
  readonly parts: number | null
  readonly streamsDone: number
  /** Bytes a second. */
  readonly rate: number
  readonly secondsLeft: number | null
  /** Since the start. */
  readonly seconds: number
}

/** `stored 1.2 GiB of 4.0 GiB, 30%, 210 MiB/s, 0:13 left, 77 parts`, without what doesn't fit into `width` characters. */
export function progressLine(aim: Aim, state: State, width: number): string {
  // What goes first, if there is no room, has the highest rank.
  const pieces = aim.verb === undefined ? countPieces(aim, state) : bytePieces(aim, state, aim.verb)
  for (let rank = 5; rank > 0; rank -= 1) {
    const line = pieces.map(([, text]) => text).join(', ')
    if (line.length <= width) return line
    const leave = pieces.findIndex(([of]) => of === rank)
    if (leave >= 0) pieces.splice(leave, 1)
  }
  return pieces
    .map(([, text]) => text)
    .join(', ')
    .slice(0, Math.max(0, width))
}

type Piece = [rank: number, text: string]

function bytePieces({ total, streams }: Aim, state: State, verb: string): Piece[] {
  const { bytes, parts, rate, secondsLeft, streamsDone } = state
  const known = total !== null && bytes <= total
  const pieces: Piece[] = []
  if (streams > 1) pieces.push([5, `stream ${Math.min(streamsDone + 1, streams)} of ${streams}`])
  pieces.push([0, `${verb} ${humanBytes(bytes)}${known ? ` of ${humanBytes(total)}` : ''}`])
  if (known && total > 0) pieces.push([3, `${Math.floor((100 * bytes) / total)}%`])
  pieces.push([1, `${humanBytes(rate)}/s`])
  if (secondsLeft !== null) pieces.push([2, `${humanTime(secondsLeft)} left`])
  if (parts !== null) pieces.push([4, parts === 1 ? '1 part' : `${parts} parts`])
  return pieces
}

const countPieces = ({ streams }: Aim, { streamsDone, seconds }: State): Piece[] => [
  [0, `${streamsDone} of ${streams} ${streams === 1 ? 'stream' : 'streams'} ready`],
  [1, `waiting for ${humanTime(seconds)}`],
]

/** The record of `--progress json` (zfs2s3-format(5)). */
export const progressRecord = ({ verb, what, total, streams }: Aim, state: State, final: boolean): object => ({
  event: 'progress',
  what,
  bytes: verb === undefined ? null : state.bytes,
  total,
  rate: verb === undefined ? null : Math.round(state.rate),
  seconds_left: state.secondsLeft,
  parts: state.parts,
  streams_done: state.streamsDone,
  streams,
  final,
})
