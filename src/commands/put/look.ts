/**
 * Looking at a stream on its way through: what its first bytes are, its BEGIN records before anything is sent, every
 * record as it passes, and at the end whether it was whole. The bytes themselves pass unchanged.
 */
import { badStream, failed, type Failure } from '../../failure.js'
import type { Begin } from '../../stream/begin.js'
import type { Verdict } from '../../stream/facts.js'
import { type Format, formatInWords } from '../../stream/magic.js'
import { StreamParser } from '../../stream/parser.js'
import { ReadAhead } from '../read-ahead.js'
import { isHopeless, lackOf, unstorable, verdictFailure } from '../verdict.js'
import { type Compression, isCompression, startDecompressor } from '../../zfs/decompress.js'
import { feed } from '../../zfs/child.js'

/** How a stream is looked at: its own records, those inside a compressed stream, or not at all. */
export type Check = 'records' | 'inside' | 'none'

/** Records on their way: fed with the stream's bytes, and asked at the end whether it was whole. */
export interface Inspection {
  readonly check: Check
  /** Takes bytes before they are passed on. Throws status 4 as soon as damage is seen. */
  push(bytes: Uint8Array): Promise<void> | void
  /** After the last byte. Null where nothing was looked at. Throws status 4 unless the stream was whole. */
  end(): Promise<Verdict | null>
  /** Ends what still runs. */
  close(): Promise<void>
}

export interface Head {
  readonly format: Format
  readonly check: Check
  /** The first BEGIN record, and the first that is not a package's; null where the stream can't be read. */
  readonly begin: Begin | null
  readonly inner: Begin | null
  /** The whole stream, its head included. */
  readonly chunks: AsyncGenerator<Uint8Array>
}

/** How much of a stream is kept while its BEGIN records are looked for. Compressed ones give nothing for a while. */
const longestHead = 64 * 1024 * 1024

/**
 * Reads as much as it takes to know what the stream is. Throws status 4 for an empty one, and for one that can't be
 * read unless `unread` says that this is meant.
 */
export async function readHead(source: AsyncIterable<Uint8Array>, unread: boolean): Promise<Head> {
  const ahead = new ReadAhead(source)
  const format = await ahead.format()
  if (ahead.isEmpty) throw badStream('stdin is empty', 'zfs send wrote nothing: see what it said')
  const chunks = ahead.chunks()
  if (format === 'zfs-send') return { format, check: 'records', ...(await peek(ahead)), chunks }
  if (isCompression(format)) {
    const inside = await peekInside(format, ahead).catch((error: unknown) => {
      // What is compressed may itself be encrypted; that is for the user to say.
      if (unread && isHopeless(error)) return null
      throw error
    })
    if (inside !== null) return { format, check: 'inside', ...inside, chunks }
  }
  if (unread) return { format, check: 'none', begin: null, inner: null, chunks }
  throw unreadable(format)
}

/** The BEGIN records at the head, seen by a parser that is thrown away: the one that counts sees all bytes in order. */
async function peek(ahead: ReadAhead) {
  const begins = new Begins()
  const parser = new StreamParser({ onBegin: begins.take })
  for (const chunk of ahead.held) parser.push(chunk)
  for (let size = 0; !begins.enough && parser.damage === null;) {
    const chunk = await ahead.next()
    if (chunk === undefined || size > longestHead) break
    parser.push(chunk)
    size += chunk.length
  }
  if (begins.inner === null) throw objection(parser.end()) ?? new Error('a whole stream without a BEGIN record')
  return { begin: begins.first, inner: begins.inner }
}

async function peekInside(compression: Compression, ahead: ReadAhead) {
  const begins = new Begins()
  const inspection = insideInspection(compression, begins.take)
  try {
    for (const chunk of ahead.held) await inspection.push(chunk)
    for (let size = 0; !begins.enough;) {
      const chunk = await ahead.next()
      if (chunk === undefined || size > longestHead) break
      await inspection.push(chunk)
      size += chunk.length
    }
    if (!begins.enough) await inspection.end()
  } finally {
    await inspection.close()
  }
  return { begin: begins.first, inner: begins.inner }
}

class Begins {
  first: Begin | null = null
  inner: Begin | null = null
  readonly take = (begin: Begin): void => {
    this.first ??= begin
    if (!begin.compound) this.inner ??= begin
  }
  get enough(): boolean {
    return this.inner !== null
  }
}

/** Looks at a plain stream with `parser`. */
export function recordInspection(parser: StreamParser): Inspection {
  return {
    check: 'records',
    push: bytes => {
      parser.push(bytes)
      if (parser.damage !== null) throw verdictFailure(parser.end())
    },
    end: () => Promise.resolve(storable(parser.end())),
    close: () => Promise.resolve(),
  }
}

/** Looks inside a compressed stream: its bytes go to the system's own tool as well, and what that writes is parsed. */
export function insideInspection(compression: Compression, onBegin: (begin: Begin) => void): Inspection {
  const parser = new StreamParser({ onBegin })
  const child = startDecompressor(compression)
  let wrong: { readonly error: unknown } | undefined
  const reading = (async () => {
    try {
      for await (const chunk of child.stdout as AsyncIterable<Uint8Array>) {
        parser.push(chunk)
        if (parser.damage !== null) throw verdictFailure(parser.end())
      }
    } catch (error) {
      wrong ??= { error }
    }
  })()
  const ended = async (undone: (why: string) => Failure) => {
    await reading
    if (wrong !== undefined) throw wrong.error
    const status = await child.exitStatus()
    if (status !== null && status !== 0) throw undone(`${child.name} ended with status ${status}`)
    // A signal or a missing program says nothing about the stream.
    await child.finished()
  }
  return {
    check: 'inside',
    push: async bytes => {
      if (wrong === undefined && (await feed(child, bytes))) return
      // It saw no end, so what it doesn't like is what came.
      await ended(why => unstorable(`the stream is damaged: ${why}`, `send it again`))
      throw failed(`${child.name} has stopped reading`)
    },
    end: async () => {
      child.stdin?.end()
      await ended(why => {
        const whole = parser.end().outcome === 'whole'
        if (whole) return unstorable(`the stream is damaged at its end: ${why}`, 'send it again')
        return badStream(
          `the stream is cut off or damaged: ${why}`,
          `what ran before ${compression} has failed, or it has`,
        )
      })
      return storable(parser.end())
    },
    close: () => child.kill(),
  }
}

/** Looks at nothing. */
export const noInspection: Inspection = {
  check: 'none',
  push: () => undefined,
  end: () => Promise.resolve(null),
  close: () => Promise.resolve(),
}

function storable(verdict: Verdict): Verdict {
  const failure = objection(verdict)
  if (failure !== null) throw failure
  return verdict
}

/** Why a stream is no backup, if it isn't: not all of it is there. */
function objection(verdict: Verdict): Failure | null {
  if (verdict.kind !== 'resumed') return lackOf(verdict)
  return lackOf(verdict) ?? unstorable('the stream begins in the middle (zfs send -t)', 'send it from its start')
}

/**
 * Passes the stream's bytes on after the inspection has seen them, cut at each multiple of `partSize`, so that at the
 * end of a part the inspection stands exactly there. Ends only after a whole stream.
 */
export async function* inspected(
  chunks: AsyncIterable<Uint8Array>,
  inspection: Inspection,
  partSize: number,
  atEnd: (verdict: Verdict | null) => void,
  position = 0,
): AsyncGenerator<Uint8Array> {
  let at = position
  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.length;) {
      const piece = chunk.subarray(taken, taken + partSize - (at % partSize))
      const seen = inspection.push(piece)
      if (seen !== undefined) await seen
      yield piece
      taken += piece.length
      at += piece.length
    }
  }
  atEnd(await inspection.end())
}

function unreadable(format: Format): Failure {
  const what = `this is ${formatInWords(format)}`
  if (format === 'text') return badStream(what, 'see what the command in front of the pipe wrote')
  return badStream(
    `${what}, and can't be checked from here`,
    'use --filter for what runs between zfs send and here, or --hold and then zfs2s3-commit, or --opaque to store it unchecked',
  )
}
