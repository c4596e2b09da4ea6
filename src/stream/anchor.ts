/** Places where a stream that was cut off can go on (stream-format, A better splice). */
import type { Checksum } from './fletcher4.js'
import { objectAt, offsetAt, recordType } from './records.js'

/** The last complete OBJECT, WRITE or WRITE_EMBEDDED record of some first part of a stream. */
export interface Anchor {
  /** Byte position of the record. All that lies before it has been verified. */
  readonly start: number
  readonly type: 'OBJECT' | 'WRITE' | 'WRITE_EMBEDDED'
  /** What it is about, in decimal; OBJECT has the offset 0. */
  readonly object: string
  readonly offset: string
  /** The checksum of the stream up to `start`. */
  readonly checksum: Checksum
  /** The record's number in the stream; the first BEGIN is 1. */
  readonly record: number
}

/** The type's name if such a record can be an anchor. */
export function anchorType(type: number): Anchor['type'] | null {
  if (type === recordType.object) return 'OBJECT'
  if (type === recordType.write) return 'WRITE'
  return type === recordType.writeEmbedded ? 'WRITE_EMBEDDED' : null
}

/** What must be kept of each record in passing so that it can become an anchor. Makes no objects: there are millions. */
export class Mark {
  #start = 0
  #record = 0
  #type = 0
  readonly #fields = new DataView(new ArrayBuffer(16))

  /** Notes the record whose header lies at `at` in `view`. */
  note(view: DataView, at: number, start: number, record: number): void {
    this.#start = start
    this.#record = record
    this.#type = view.getUint32(at, true)
    const offset = offsetAt(this.#type)
    for (let byte = 0; byte < 8; byte += 4) {
      this.#fields.setUint32(byte, view.getUint32(at + objectAt + byte, true), true)
      this.#fields.setUint32(8 + byte, offset === null ? 0 : view.getUint32(at + offset + byte, true), true)
    }
  }

  /** The anchor, given the checksum before the record; null if nothing was noted. */
  anchor(checksum: Checksum): Anchor | null {
    const type = anchorType(this.#type)
    if (type === null) return null
    const object = this.#fields.getBigUint64(0, true).toString()
    const offset = this.#fields.getBigUint64(8, true).toString()
    return { start: this.#start, type, object, offset, checksum, record: this.#record }
  }
}
