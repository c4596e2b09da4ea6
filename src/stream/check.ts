/** What is demanded of the records between a BEGIN and its END. One for each substream. */
import type { Begin } from './begin.js'
import { endProblem } from './ends.js'
import type { Fletcher4 } from './fletcher4.js'
import { recordRules, recordType } from './records.js'

export class RecordCheck {
  /** Whether the records name another snapshot than BEGIN does: so `zfs send -S` sends what was partly received. */
  saved = false
  /** Whether they carry checksums, as the first one does or not. Those of ZFS before 2014 don't; their END does. */
  checksummed = true
  /** Whether the next record is the first one. */
  #isFirst: boolean
  /** The snapshot that they must name, in two halves. */
  #low = 0
  #high = 0

  /** `isFirst`: the record that comes next follows the BEGIN, and is not somewhere in the middle. */
  constructor(begin: Begin, isFirst: boolean) {
    this.#isFirst = isFirst
    this.#setGuid(BigInt(begin.toguid))
  }

  /** What is wrong with the header in the checksum's memory at `at`, or null. Adds it to the checksum. */
  problem(fletcher: Fletcher4, at: number): string | null {
    const type = fletcher.view.getUint32(at, true)
    const rule = recordRules[type]
    if (type === recordType.begin) return 'another BEGIN before END'
    const checksum = fletcher.record(at)
    if (this.#isFirst) this.checksummed = checksum !== 'absent'
    if (checksum !== (this.checksummed ? 'same' : 'absent')) return 'the checksum of what lies before does not hold'
    if (!rule) return `its type ${type} is unknown`
    if (!this.#names(fletcher.view, at + rule.toguidAt)) {
      // The temporary snapshot that was being received. A stream that is nothing but an END can't be of that kind.
      if (!this.#isFirst || !this.checksummed || type === recordType.end) return 'it names another snapshot'
      this.saved = true
      this.#setGuid(fletcher.view.getBigUint64(at + rule.toguidAt, true))
    }
    this.#isFirst = false
    return type === recordType.end ? endProblem(fletcher, at, this.checksummed) : null
  }

  #names(view: DataView, at: number): boolean {
    return view.getUint32(at, true) === this.#low && view.getUint32(at + 4, true) === this.#high
  }

  #setGuid(guid: bigint): void {
    this.#low = Number(guid & 0xffffffffn)
    this.#high = Number(guid >> 32n)
  }
}
