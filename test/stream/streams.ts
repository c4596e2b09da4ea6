/** The recorded streams, what their manifest says of each, and small things to do with bytes. */
import assert from 'node:assert/strict'
import { gunzipSync } from 'node:zlib'
import { StreamParser, type ParserOptions } from '#src/stream/parser.js'
import { fletcher4Bytes } from '#src/stream/fletcher4.js'
import { StreamMemory } from '#src/stream/memory.js'
import type { Verdict } from '#src/stream/facts.js'
import { fixture } from '../fixtures.js'

export interface Recorded {
  readonly file: string
  readonly kind: string
  readonly bytes: number
  readonly complete: boolean
  readonly begin: {
    readonly hdrtype: number
    readonly toname: string
    readonly toguid: string
    readonly fromguid: string
    readonly creation_time: number
    readonly features: readonly string[]
  }
}

/** What the manifest says; made with ZFS's own tools. */
export const recorded = (JSON.parse(fixture('manifest.json').toString()) as { streams: readonly Recorded[] }).streams

/** What `zstream dump -v` says of a recorded stream. */
export const dumpOf = (file: string): string => gunzipSync(fixture(file.replace('.zs', '.dump.gz'))).toString()

/** The bytes cut into chunks of these lengths, over and over. */
export function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] ?? bytes.length
    yield bytes.subarray(at, at + length)
    at += length
  }
}

/** The same bytes in memory that a parser can read them in. */
export function inMemory(bytes: Uint8Array): { memory: StreamMemory; bytes: Uint8Array } {
  const memory = new StreamMemory(bytes.length + 64 + fletcher4Bytes)
  const there = memory.take(bytes.length) ?? assert.fail('there is room')
  there.set(bytes)
  return { memory, bytes: there }
}

/** A parser that has seen these chunks. */
export function parsed(chunks: Iterable<Uint8Array>, options?: ParserOptions): StreamParser {
  const parser = new StreamParser(options)
  for (const chunk of chunks) parser.push(chunk)
  return parser
}

export const verdictOf = (bytes: Uint8Array): Verdict => parsed([bytes]).end()

/** Random numbers below n that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}
