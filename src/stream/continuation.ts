/**
 * Going on with a `zfs receive -s` that was interrupted: makes of a stored stream one that begins where the receiver's
 * token says (stream-format, The other way round).
 */
import { badStream } from '../failure.js'
import type { Begin } from './begin.js'
import type { Verdict } from './facts.js'
import { encodeNvlist, encodePairs, nvlistHead, type PlainPair } from './nvlist.js'
import type { RecordHead } from './parser.js'
import type { Position } from './positions.js'
import { pointOf, recordType, setFeature } from './records.js'
import { Rewriter } from './rewriter.js'
import { type Stretch, stretchesFor } from './stretches.js'
import { isUntouched, tokenFacts, type TokenFacts } from './token.js'

/** At BEGIN alone, before the object, between it and its first block, among its blocks, behind the one to go on at. */
type Phase = 'head' | 'before' | 'object' | 'blocks' | 'rest'

/** Takes a stored stream, the whole of it or the stretches that are needed, and gives a resuming one. */
export class Continuation {
  readonly #token: TokenFacts
  readonly #object: bigint
  readonly #offset: bigint
  readonly #rewriter: Rewriter
  #phase: Phase = 'before'
  /** The header of the last OBJECT_RANGE before the object: raw streams are refused without it. */
  #range: Uint8Array | null = null
  /** What the record that comes next is, if it is the first of a stretch. */
  #landing: 'aside' | 'last' | null = null
  readonly #stretches: Stretch[]
  #isBegun = false

  /** `positions`: those that are known in the stored stream. */
  constructor(token: TokenFacts, positions: readonly Position[] = []) {
    this.#token = token
    this.#object = BigInt(token.object)
    this.#offset = BigInt(token.offset)
    this.#stretches = [...stretchesFor(token, positions)]
    if (this.#stretches.length > 1) this.#phase = 'head'
    else if (isUntouched(token)) this.#phase = 'rest'
    this.#rewriter = new Rewriter('the stored stream', {
      onBegin: (begin, header, payload) => {
        this.#check(begin)
        const pairs: PlainPair[] = [
          ['resume_object', this.#object],
          ['resume_offset', this.#offset],
        ]
        this.#rewriter.emitBegin(...resumingBegin(header, payload, pairs))
      },
      onRecord: record => (this.#isWanted(record) ? 'keep' : 'drop'),
    })
  }

  /**
   * The stretch of the stored stream whose bytes must be pushed next; null if there is no other. Throws a Failure (badStream) if the
   * one before lacked something.
   */
  nextStretch(): Stretch | null {
    const stretch = this.#stretches.shift() ?? null
    if (stretch === null || !this.#isBegun) {
      this.#isBegun = true
      return stretch
    }
    if (this.#phase === 'head') this.#phase = 'before'
    // Behind BEGIN no record is needed for the checksum.
    this.#landing = stretch.from === 0 ? null : stretch.to === null ? 'last' : 'aside'
    this.#rewriter.jump(stretch.from)
    return stretch
  }

  /**
   * Takes the next bytes of the stored stream, cut anywhere; returns the next bytes of the resuming one, some of them as views
   * of those taken. Throws a Failure (badStream) if the token is not for this stream, or if it is damaged.
   */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    return this.#rewriter.push(bytes)
  }

  /** What the stored stream is, if it ends here. */
  end(): Verdict {
    return this.#rewriter.end()
  }

  #check(begin: Begin): void {
    const { toguid, fromguid, toname } = this.#token
    if (begin.compound || begin.resume !== null || begin.features.includes('redacted')) {
      throw badStream(
        'only streams of one snapshot, whole and not redacted, can be continued',
        'receive it from its start',
      )
    }
    if (begin.toguid !== toguid || begin.fromguid !== fromguid) {
      const base = (guid: string | null) => (guid === null ? 'no base' : `base GUID ${guid}`)
      throw badStream(
        `the token is for ${toname} (GUID ${toguid}, ${base(fromguid)}), but the stored stream is ${begin.toname} ` +
          `(GUID ${begin.toguid}, ${base(begin.fromguid)})`,
        'give the stream that the receive was interrupted in',
      )
    }
    const { largeBlocks, embedData, compressed, raw } = tokenFacts(begin, this.#token, 0)
    const token = this.#token
    if (
      largeBlocks !== token.largeBlocks ||
      embedData !== token.embedData ||
      compressed !== token.compressed ||
      raw !== token.raw
    ) {
      throw badStream(
        `the receive of ${toname} was interrupted in a stream with other features than the stored one has`,
        'give the stream that the receive was interrupted in',
      )
    }
  }

  #isWanted({ type, header }: RecordHead): boolean {
    if (this.#phase === 'rest') return true
    if (this.#phase === 'head') return false
    const { object, offset } = pointOf(type, header)
    const isBlock = type === recordType.write || type === recordType.writeEmbedded
    const isBelow = object === this.#object && offset < this.#offset
    if (this.#landing !== null) {
      // Were it behind the point, the blocks between would be missing.
      if (this.#landing === 'last' && !(isBlock && (isBelow || object < this.#object))) throw misfit()
      this.#landing = null
      return false
    }
    if (this.#phase === 'before') return this.#isObject(type, object, header)
    if (isBlock && isBelow) {
      this.#phase = 'blocks'
      return false
    }
    // Holes between blocks that the receiver has.
    if (type === recordType.free && isBelow && this.#phase === 'blocks') return false
    if (isBlock || type === recordType.object) this.#phase = 'rest'
    return true
  }

  /** Whether the object has come; then the range that it lies in goes before it. */
  #isObject(type: number, object: bigint, header: Uint8Array): boolean {
    if (type === recordType.objectRange) this.#range = header
    if (type === recordType.end) {
      throw badStream(`the stored stream has no object ${this.#object.toString()}, where the token says to go on`)
    }
    if (type !== recordType.object || object !== this.#object) return false
    if (this.#range !== null) this.#rewriter.emit(this.#range)
    this.#phase = 'object'
    return true
  }
}

const misfit = () =>
  badStream(
    'what the catalog says of the positions in the stored stream is not so',
    'take "index" out of its entry in the catalog: then it is read from the start',
  )

/** The BEGIN record with RESUMING set and with the pairs put before those that its nvlist has. */
function resumingBegin(
  header: Uint8Array,
  payload: Uint8Array,
  pairs: readonly PlainPair[],
): [header: Uint8Array, payload: Uint8Array] {
  const isNative = payload[0] === nvlistHead[0] && payload[1] === nvlistHead[1]
  if (payload.length > 0 && !isNative) throw badStream('its nvlist is packed in a way that can not be added to')
  const nvlist =
    payload.length === 0
      ? encodeNvlist(pairs)
      : Buffer.concat([payload.subarray(0, nvlistHead.length), encodePairs(pairs), payload.subarray(nvlistHead.length)])
  const resuming = header.slice()
  setFeature(resuming, 'resuming')
  new DataView(resuming.buffer).setUint32(4, nvlist.length, true)
  return [resuming, nvlist]
}
