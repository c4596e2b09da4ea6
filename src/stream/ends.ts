/**
 * The three END records (stream-format, Records): of a stream, of a package's BEGIN, of a package. Each function says what is
 * wrong with one whose header lies in the checksum's memory at `at`, or null. The stream's has been added to the checksum.
 */
import type { Fletcher4 } from './fletcher4.js'
import { endChecksumAt, headerLength } from './records.js'

/** Behind END's checksum comes the snapshot's GUID, and behind that nothing. */
const toguidField = 40
const fieldsEnd = 48

const extra = 'END has fields that it must not have'

/** Of a stream. Where it has no running checksum of its own nothing else would notice a change in it. */
export function endProblem(fletcher: Fletcher4, at: number, checksummed: boolean): string | null {
  if (!fletcher.equalsBeforeRecord(at + endChecksumAt)) return 'the checksum of the whole stream does not hold'
  return checksummed || isBare(fletcher, at, endChecksumAt, fieldsEnd) ? null : extra
}

/** Behind a package's BEGIN: a checksum, and nothing else. */
export function envelopeEndProblem(fletcher: Fletcher4, at: number): string | null {
  fletcher.record(at)
  if (!fletcher.equalsBeforeRecord(at + endChecksumAt)) return "the checksum of the package's BEGIN does not hold"
  return isBare(fletcher, at, endChecksumAt, toguidField) ? null : extra
}

/** The last one of a package: nothing. */
export function lastEndProblem(fletcher: Fletcher4, at: number): string | null {
  return isBare(fletcher, at, 0, 0) ? null : extra
}

/** Whether the header is zero but for its type and the bytes from one place in it to another. */
function isBare(fletcher: Fletcher4, at: number, from: number, to: number): boolean {
  const header = fletcher.memory.bytes.subarray(at + 4, at + headerLength)
  return header.every((byte, place) => byte === 0 || (place + 4 >= from && place + 4 < to))
}
