/**
 * Reads a `zfs send` stream while it passes: chunks in, facts and a verdict out. Memory stays the same whatever the
 * stream's length: one header, and a BEGIN's payload while it is being read.
 */
import { Failure } from '../failure.js'
import { anchorType, Mark, type Anchor } from './anchor.js'
import { readBegin, type Begin } from './begin.js'
import { RecordCheck } from './check.js'
import { Collector } from './collector.js'
import { missingOf, Tally, type Damage, type Verdict } from './facts.js'
import { envelopeEndProblem, lastEndProblem } from './ends.js'
import { Framer } from './framer.js'
import { formatInWords, recognise } from './magic.js'
import type { StreamMemory } from './memory.js'
import type { PositionCollector } from './positions.js'
import { headerLength, recordNames, recordRules, recordType } from './records.js'

/** A record other than BEGIN, when its header has been read and found good. */
export interface RecordHead {
  readonly position: number
  /** Type number. */
  readonly type: number
  /** The 312 bytes, a copy. */
  readonly header: Uint8Array
  readonly payloadLength: number
}

export interface ParserOptions {
  /** Called for every BEGIN record once it is complete, with its bytes. What it throws, `push` throws. */
  readonly onBegin?: (begin: Begin, header: Uint8Array, payload: Uint8Array) => void
  /** Called for every record from BEGIN to END, without BEGIN, before its payload. */
  readonly onRecord?: (record: RecordHead) => void
  /** Is shown every record. */
  readonly positions?: PositionCollector | undefined
  /** To go on in the middle of a stream: the bytes pushed first are those at the anchor's start. Counts begin there. */
  readonly from?: { readonly begin: Begin; readonly anchor: Anchor }
  /** Chunks that lie in it are read there; others are copied first. */
  readonly memory?: StreamMemory | null | undefined
}

/** What comes next: a stream, its records, the END behind a package's BEGIN, an inner stream or the last END, nothing. */
type State = 'first' | 'records' | 'envelope' | 'between' | 'done'

/** As many bytes as tell whether this is a BEGIN record: its type and the magic. */
const magicLength = 16

export class StreamParser {
  readonly #options: ParserOptions
  readonly #framer: Framer
  readonly #tallies: Tally[] = []
  #state: State = 'first'
  #damage: Damage | null = null

  /** The current record, or the last one. */
  #record = 0
  #type = 0
  #start = 0
  #payloadLength = 0
  #beginHeader: Uint8Array = new Uint8Array()
  #beginPayload = new Collector(0)

  /** Of the current substream. */
  #check: RecordCheck | null = null

  /** The anchor, and the record that becomes the anchor once it is complete. */
  #anchor = new Mark()
  #candidate = new Mark()

  constructor(options: ParserOptions = {}) {
    this.#options = options
    const reader = {
      peek: (at: number, available: number) => this.#peek(at, available),
      header: (at: number) => this.#header(at),
      payload: (at: number, length: number) => this.#payload(at, length),
      complete: () => this.#complete(),
      stopped: () => this.#damage !== null,
    }
    this.#framer = new Framer(reader, options.from?.anchor.start ?? 0, options.memory)
    if (options.from) this.#goOn(options.from.begin, options.from.anchor)
  }

  #goOn(begin: Begin, anchor: Anchor): void {
    this.#substream(begin, false)
    this.#record = anchor.record - 1
    this.#framer.fletcher.checksum = anchor.checksum
  }

  /** Bytes of the stream so far. */
  get position(): number {
    return this.#framer.position
  }

  /** Where the record begins that is not complete yet; the position itself if the last one is. */
  get recordStart(): number {
    return this.#framer.isInPayload ? this.#start : this.position - this.#framer.partialHeader.length
  }

  /** What was found wrong, as soon as it is found. Nothing is looked at after that. */
  get damage(): Damage | null {
    return this.#damage
  }

  /** Takes the next bytes of the stream, cut anywhere. Keeps no reference to them. Never throws because of them. */
  push(bytes: Uint8Array): void {
    this.#framer.push(bytes)
  }

  /** What the stream is if it ends here. May be asked at any time, and more may be pushed afterwards. */
  end(): Verdict {
    const seen = {
      bytes: this.position,
      kind: this.#tallies[0]?.kind ?? null,
      substreams: this.#tallies.map(tally => tally.substream()),
      missing: missingOf(this.#tallies),
    }
    const damage = this.#damage ?? this.#unrecognised()
    if (damage !== null) return { outcome: 'damaged', ...seen, ...damage }
    if (this.#state === 'done') return { outcome: 'whole', ...seen }
    return { outcome: 'truncated', ...seen, ...this.#truncation() }
  }

  /**
   * Where the stream can go on if it is cut off after what was pushed so far; null if it can't, for the reason that
   * `whyNoAnchor` gives.
   */
  anchor(): Anchor | null {
    return this.#unresumable() === null ? this.#anchor.anchor(this.#framer.fletcher.kept) : null
  }

  /** Why `anchor` is null, to be read after "the stream can't go on from here:"; null if it isn't. */
  whyNoAnchor(): string | null {
    if (this.anchor() !== null) return null
    return this.#unresumable() ?? 'no file or volume has come yet'
  }

  #unresumable(): string | null {
    const [tally] = this.#tallies
    if (!tally) return 'nothing of it has come yet'
    if (tally.begin.compound) return 'zfs send resumes single snapshots only, and this is a package (-I, -R or -p)'
    if (tally.begin.features.includes('redacted')) return 'it is redacted'
    if (tally.kind === 'resumed') return 'it is a resumed stream itself'
    if (tally.kind === 'saved') return 'it is of a partly received snapshot (zfs send -S)'
    return this.#check?.checksummed === false ? 'its records carry no checksums' : null
  }

  /** How the stream ends if it ends here, with nothing wrong before. */
  #truncation(): Damage {
    const at = this.position
    const next = { at, record: this.#record + 1, type: null }
    if (at === 0) return { ...next, why: 'it is empty' }
    if (this.#framer.isInPayload) return { ...this.#problem('it ends within the record'), at }
    if (this.#framer.partialHeader.length > 0) return { ...next, why: 'it ends within the header of a record' }
    if (this.#state !== 'records') return { ...next, why: 'it ends without the last END of a package' }
    const saved = this.#tallies.at(-1)?.kind === 'saved'
    const why = saved ? 'it is of a partly received snapshot (zfs send -S), which has no END' : 'it ends without END'
    return { ...next, why }
  }

  /** What is wrong with a stream that does not even have a first record. */
  #unrecognised(): Damage | null {
    if (this.#record > 0) return null
    const format = recognise(this.#framer.partialHeader)
    if (format === 'zfs-send' || this.position === 0) return null
    return { at: 0, record: 1, type: null, why: `it is ${formatInWords(format)}` }
  }

  /** Something is wrong with the current record. */
  #problem(why: string): Damage {
    return { at: this.#start, record: this.#record, type: recordNames[this.#type] ?? null, why }
  }

  #peek(at: number, available: number): void {
    if (this.#state === 'done' && available > 0) {
      const position = this.#framer.positionOf(at)
      this.#damage = { at: position, record: this.#record + 1, type: null, why: 'more bytes follow its END' }
    }
    if (this.#state !== 'first' || available < magicLength) return
    const format = recognise(this.#framer.fletcher.memory.bytes.subarray(at, at + available))
    if (format !== 'zfs-send') this.#damage = { at: 0, record: 1, type: null, why: `it is ${formatInWords(format)}` }
  }

  #header(at: number): number {
    const { view } = this.#framer.fletcher
    this.#start = this.#framer.positionOf(at)
    this.#record += 1
    this.#type = view.getUint32(at, true)
    const rule = recordRules[this.#type]
    const length = rule?.payloadLength(view, at) ?? 0
    let problem = this.#state === 'records' ? this.#checkRecord(at) : this.#checkEdge(at)
    if (rule && (length > rule.longest || length % 4 !== 0)) problem ??= `its payload can't be ${length} bytes long`
    if (problem !== null) {
      this.#damage = this.#problem(problem)
      return 0
    }
    this.#payloadLength = length
    this.#enter(at)
    return length
  }

  /** What is wrong with a header behind a BEGIN, or null. Adds it to the checksum. */
  #checkRecord(at: number): string | null {
    const problem = this.#check?.problem(this.#framer.fletcher, at) ?? null
    const tally = this.#tallies.at(-1)
    if (tally && this.#check) tally.saved = this.#check.saved
    return problem
  }

  /** What is wrong with a header that must be BEGIN, or one of the two ENDs around a package's streams; or null. */
  #checkEdge(at: number): string | null {
    const { fletcher } = this.#framer
    if (this.#type === recordType.begin && this.#state !== 'envelope') return null
    if (this.#type !== recordType.end || this.#state === 'first') return 'BEGIN or END should be here'
    return this.#state === 'between' ? lastEndProblem(fletcher, at) : envelopeEndProblem(fletcher, at)
  }

  /** A good header lies at `at`. */
  #enter(at: number): void {
    const { memory, view } = this.#framer.fletcher
    this.#options.positions?.header(view, at, this.#start)
    if (this.#type === recordType.begin) {
      this.#framer.fletcher.checksum = ['0', '0', '0', '0']
      this.#framer.fletcher.add(at, headerLength)
      this.#beginHeader = memory.bytes.slice(at, at + headerLength)
      this.#beginPayload = new Collector(this.#payloadLength)
    }
    if (this.#state !== 'records') return
    if (anchorType(this.#type) !== null) this.#candidate.note(view, at, this.#start, this.#record)
    const { onRecord } = this.#options
    if (!onRecord) return
    const header = memory.bytes.slice(at, at + headerLength)
    onRecord({ position: this.#start, type: this.#type, header, payloadLength: this.#payloadLength })
  }

  #payload(at: number, length: number): void {
    const { fletcher } = this.#framer
    fletcher.add(at, length)
    if (this.#type === recordType.begin) this.#beginPayload.add(fletcher.memory.bytes.subarray(at, at + length))
  }

  /** The current record is complete. */
  #complete(): void {
    this.#options.positions?.complete(this.#start + headerLength + this.#payloadLength)
    if (this.#type === recordType.begin) this.#begun()
    else this.#passed()
  }

  #begun(): void {
    const header = this.#beginHeader
    const payload = this.#beginPayload.bytes
    this.#beginPayload = new Collector(0)
    const begin = this.#readBegin(header, payload)
    if (begin === null) return
    this.#substream(begin, true).count(recordType.begin, payload.length)
    this.#options.onBegin?.(begin, header, payload)
  }

  #readBegin(header: Uint8Array, payload: Uint8Array): Begin | null {
    try {
      const begin = readBegin(header, payload, this.#start)
      if (!begin.compound || this.#state === 'first') return begin
      this.#damage = this.#problem('a package within a package')
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      this.#damage = this.#problem(error.message)
    }
    return null
  }

  /** From now on records of this substream come. */
  #substream(begin: Begin, isNew: boolean): Tally {
    const tally = new Tally(begin)
    this.#tallies.push(tally)
    this.#check = new RecordCheck(begin, isNew)
    this.#state = begin.compound ? 'envelope' : 'records'
    return tally
  }

  #passed(): void {
    const tally = this.#state === 'between' ? this.#tallies[0] : this.#tallies.at(-1)
    tally?.count(this.#type, this.#payloadLength)
    if (anchorType(this.#type) !== null) {
      this.#framer.fletcher.keep()
      const anchor = this.#candidate
      this.#candidate = this.#anchor
      this.#anchor = anchor
    }
    if (this.#type !== recordType.end) return
    // A package is complete with its last END, not with the one behind its BEGIN.
    if (tally && this.#state !== 'envelope') tally.complete = true
    const isPackage = this.#tallies[0]?.begin.compound === true
    this.#state = isPackage && this.#state !== 'between' ? 'between' : 'done'
  }
}
