/**
 * Positions of records, noted while a stream passes, so that an interrupted receive can later be continued without reading
 * all that lies before (docs/design.md, What comes back). They are few, however long the stream is.
 */
import { checksumAt, headerLength, objectAt, offsetAt, recordType } from './records.js'

/** A block in a stream, and where to find what a continuation needs besides. Positions are bytes from the start. */
export interface Position {
  /** Of a WRITE or WRITE_EMBEDDED record. */
  readonly at: number
  /** Of its block in the object. */
  readonly offset: number
  readonly object: number
  /** Of the record before the object's OBJECT, which tells the checksum that OBJECT is checked with. */
  readonly beforeObject: number
  /** Of the object's first block. */
  readonly firstBlock: number
  /** Of the OBJECT_RANGE that the object lies in, and of the record before that; null where there is none. */
  readonly range: { readonly before: number; readonly at: number } | null
}

/** How many positions are noted at most, and how many bytes from each other at least. */
export interface Spacing {
  readonly most: number
  readonly distance: number
}

/** What is shorter than the distance is read from its start, which is cheap. */
export const usualSpacing: Spacing = { most: 64, distance: 256 * 1024 * 1024 }

/** BEGIN and the header behind it lie within so many bytes, or nothing is noted. */
export const headBytes = 64 * 1024

/** What must be known of the first part of a stream to go on noting behind it. */
export interface Passage {
  /** Where the first record begins that has not passed. */
  readonly next: number
  /** Where the last one begins that has. */
  readonly previous: number
  readonly range: Position['range']
  /** The last OBJECT; -1 before the first one. */
  readonly object: number
  readonly beforeObject: number
  /** -1 if none of the object's blocks has come. */
  readonly firstBlock: number
  /** Of the last block or FREE behind the first block. */
  readonly offset: number
  /** Whether a record has come that no further block of the object may follow. */
  readonly closed: boolean
}

/** What has been noted in some part of a stream, and how to go on behind it. */
export interface TakenPositions {
  readonly passage: Passage
  readonly positions: readonly Position[]
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

const atStart: Passage = {
  next: 0,
  previous: 0,
  range: null,
  object: -1,
  beforeObject: 0,
  firstBlock: -1,
  offset: 0,
  closed: false,
}

/**
 * Notes positions. A stream whose objects or blocks don't ascend, as those of ZFS do, gets none, nor does one whose records
 * carry no checksums: there it could not be told what lies between two places.
 */
export class PositionCollector {
  readonly #most: number
  #distance: number
  #positions: Position[] = []
  /** Those that `take` has not given yet. */
  #fresh: Position[] = []
  readonly #passage: Mutable<Passage> = { ...atStart }
  #isUsable = true

  /** The record that is passing. Makes no objects: there are millions. */
  #type = 0
  #start = 0
  #object = 0
  #offset = 0

  constructor({ most, distance }: Spacing = usualSpacing) {
    this.#most = most
    this.#distance = distance
  }

  /** Goes on behind what `take` has told of; `positions` are all that it gave. Records that pass again don't count. */
  goOn(passage: Passage, positions: readonly Position[]): void {
    Object.assign(this.#passage, passage)
    for (const position of positions) this.#add(position)
  }

  /** A good header lies at `at` in `view`, and begins at `start` in the stream. */
  header(view: DataView, at: number, start: number): void {
    this.#type = view.getUint32(at, true)
    this.#start = start
    const offset = offsetAt(this.#type)
    this.#object = u64(view, at + objectAt)
    this.#offset = offset === null ? 0 : u64(view, at + offset)
    const isNoted = isBlock(this.#type) && start >= this.#passage.next && this.#isFar()
    if (isNoted && isZero(view, at + checksumAt)) this.#isUsable = false
  }

  /** That record has passed; the next one begins at `end`. */
  complete(end: number): void {
    if (!this.#isUsable || end <= this.#passage.next) return
    this.#isUsable = this.#count(end)
    this.#passage.previous = this.#start
    this.#passage.next = end
  }

  /** The positions noted since this was asked last, and how to go on behind the last record that has passed. */
  take(): TakenPositions | null {
    if (!this.#isUsable) return null
    const positions = this.#fresh
    this.#fresh = []
    return { passage: { ...this.#passage }, positions }
  }

  /** In the order of the stream. */
  get positions(): readonly Position[] {
    return this.#isUsable ? this.#positions : []
  }

  /** Whether the stream is still one that positions are of use in. */
  #count(end: number): boolean {
    const passage = this.#passage
    switch (this.#type) {
      case recordType.begin:
        return this.#start === 0 && end <= headBytes - headerLength
      case recordType.objectRange:
        passage.range = { before: passage.previous, at: this.#start }
        passage.closed = true
        return true
      case recordType.object:
        if (this.#object <= passage.object || !Number.isSafeInteger(this.#object)) return false
        passage.object = this.#object
        passage.beforeObject = passage.previous
        passage.firstBlock = -1
        passage.closed = false
        return true
      case recordType.write:
      case recordType.writeEmbedded:
        return this.#countBlock()
      case recordType.free:
        return this.#object === passage.object && (passage.firstBlock === -1 || this.#ascends())
      default:
        // Before the first block it is read with the object, behind it not.
        passage.closed = passage.firstBlock !== -1
        return true
    }
  }

  #countBlock(): boolean {
    const passage = this.#passage
    if (this.#object !== passage.object || passage.closed) return false
    if (passage.firstBlock === -1) {
      passage.firstBlock = this.#start
      passage.offset = 0
    }
    if (!this.#ascends()) return false
    if (this.#isFar()) {
      const { object, beforeObject, firstBlock, range } = passage
      const position = { at: this.#start, offset: this.#offset, object, beforeObject, firstBlock, range }
      this.#fresh.push(position)
      this.#add(position)
    }
    return true
  }

  #ascends(): boolean {
    const isUpwards = this.#offset >= this.#passage.offset && Number.isSafeInteger(this.#offset)
    this.#passage.offset = this.#offset
    return isUpwards
  }

  #isFar(): boolean {
    return this.#start - (this.#positions.at(-1)?.at ?? 0) >= this.#distance
  }

  #add(position: Position): void {
    this.#positions.push(position)
    if (this.#positions.length <= this.#most) return
    this.#distance *= 2
    this.#positions = this.#positions.filter((_, index) => index % 2 === 1)
  }
}

const isBlock = (type: number): boolean => type === recordType.write || type === recordType.writeEmbedded

/** Inexact above 2^53, which is noticed where it matters. */
const u64 = (view: DataView, at: number): number => view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32

function isZero(view: DataView, at: number): boolean {
  for (let byte = 0; byte < 32; byte += 4) if (view.getUint32(at + byte, true) !== 0) return false
  return true
}
