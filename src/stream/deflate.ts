/**
 * Compresses as zlib does at level 6, bit by bit: resume tokens are compared and looked at by people, and should be those that
 * ZFS itself makes. Node's own zlib is another (Chromium's), which finds other matches. Anything that inflates would do for
 * `zfs send -t`. Made for some hundred bytes: everything is one block (RFC 1950, RFC 1951).
 */
import { canonicalCode, huffmanCode, type HuffmanCode } from './huffman.js'

/** One step of the output: a byte as it is, or a match `length` long that began `distance` bytes before. */
type Step = { readonly byte: number } | { readonly length: number; readonly distance: number }

/** zlib's settings of level 6: when to look less hard, when not to look again, when it is good enough, how far to look. */
const goodLength = 8
const lazyLength = 16
const niceLength = 128
const chainLength = 128
const shortest = 3
const longest = 258
/** A match of 3 bytes from farther off costs more than its bytes. */
const tooFar = 4096

const endOfBlock = 256
/** In which order a block says how long the codes of code lengths are. */
const orderOfLengths = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** The zlib stream of these bytes. Up to 16 KiB, beyond which zlib would make several blocks. */
export function deflateAsZlib(bytes: Uint8Array): Buffer {
  if (bytes.length > 16 * 1024) throw new RangeError(`${bytes.length} bytes are more than one block`)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(adler32(bytes))
  return Buffer.concat([Uint8Array.of(0x78, 0x9c), block(stepsOf(bytes)), checksum])
}

function adler32(bytes: Uint8Array): number {
  let low = 1
  let high = 0
  for (const byte of bytes) {
    low = (low + byte) % 65521
    high = (high + low) % 65521
  }
  return high * 65536 + low
}

/** Where the same three bytes were before. zlib can't go back to the very first byte: its 0 means nowhere. */
class Places {
  readonly #latest = new Map<number, number>()
  readonly #before = new Map<number, number>()
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Adds the place; returns the latest one before with the same hash, or 0. */
  add(at: number): number {
    const [first = 0, second = 0, third = 0] = this.#bytes.subarray(at, at + shortest)
    const hash = ((first << 10) ^ (second << 5) ^ third) & 0x7fff
    const latest = this.#latest.get(hash) ?? 0
    this.#before.set(at, latest)
    this.#latest.set(hash, at)
    return latest
  }

  /** The longest match at `at` that is longer than `least`, beginning with the place `from`; null if there is none. */
  longestMatch(at: number, from: number, least: number): { length: number; start: number } | null {
    const available = Math.min(longest, this.#bytes.length - at)
    let best = null
    let bestLength = least
    let tries = least >= goodLength ? chainLength >> 2 : chainLength
    for (let start = from; start > 0 && tries > 0; start = this.#before.get(start) ?? 0, tries--) {
      let length = 0
      while (length < available && this.#bytes[start + length] === this.#bytes[at + length]) length++
      if (length <= bestLength) continue
      best = { length, start }
      bestLength = length
      if (length >= Math.min(niceLength, this.#bytes.length - at)) break
    }
    return best
  }
}

/** Matches are taken one byte late: only if the next byte does not begin a longer one. */
function stepsOf(bytes: Uint8Array): Step[] {
  const places = new Places(bytes)
  const canBegin = (at: number) => at + shortest <= bytes.length
  const steps: Step[] = []
  /** The match that began at the byte before; shorter than `shortest` if there is none. */
  let previous = { length: shortest - 1, start: 0 }
  let pending = false
  let at = 0
  while (at < bytes.length) {
    const from = canBegin(at) ? places.add(at) : 0
    let match = { length: shortest - 1, start: 0 }
    if (from > 0 && previous.length < lazyLength) {
      match = places.longestMatch(at, from, previous.length) ?? match
      if (match.length === shortest && at - match.start > tooFar) match = { length: shortest - 1, start: 0 }
    }
    if (previous.length >= shortest && match.length <= previous.length) {
      steps.push({ length: previous.length, distance: at - 1 - previous.start })
      const end = at - 1 + previous.length
      for (at++; at < end; at++) if (canBegin(at)) places.add(at)
      pending = false
      previous = { length: shortest - 1, start: 0 }
      continue
    }
    if (pending) steps.push({ byte: bytes[at - 1] ?? 0 })
    pending = true
    previous = match
    at++
  }
  if (pending) steps.push({ byte: bytes[at - 1] ?? 0 })
  return steps
}

/** A symbol with the bits that follow it. */
interface Symbol {
  readonly symbol: number
  readonly extraBits: number
  readonly extra: number
}

/** Lengths and distances grow by powers of two, `perPower` symbols for each (RFC 1951, 3.2.5). */
function grown(value: number, perPower: number): Symbol {
  const steps = Math.log2(perPower)
  const extraBits = Math.max(0, 31 - Math.clz32(Math.max(1, value)) - steps)
  return { symbol: extraBits * perPower + (value >> extraBits), extraBits, extra: value & ((1 << extraBits) - 1) }
}

function lengthSymbol(length: number): Symbol {
  if (length === longest) return { symbol: 285, extraBits: 0, extra: 0 }
  const { symbol, ...rest } = grown(length - shortest, 4)
  return { symbol: 257 + symbol, ...rest }
}

const distanceSymbol = (distance: number) => grown(distance - 1, 2)

const fixedLiterals = canonicalCode(
  Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
)
const fixedDistances = canonicalCode(new Array<number>(30).fill(5))

/** One last block, with fixed codes unless codes made for it save a byte. */
function block(steps: readonly Step[]): Uint8Array {
  const literalCounts = new Array<number>(286).fill(0)
  const distanceCounts = new Array<number>(30).fill(0)
  const count = (counts: number[], symbol: number) => (counts[symbol] = (counts[symbol] ?? 0) + 1)
  for (const step of steps) {
    count(literalCounts, 'byte' in step ? step.byte : lengthSymbol(step.length).symbol)
    if ('distance' in step) count(distanceCounts, distanceSymbol(step.distance).symbol)
  }
  count(literalCounts, endOfBlock)
  const literals = huffmanCode(literalCounts, 15)
  const distances = huffmanCode(distanceCounts, 15)

  const fixed = new Bits()
  fixed.write(0b011, 3)
  writeSteps(fixed, steps, fixedLiterals, fixedDistances)
  const dynamic = new Bits()
  dynamic.write(0b101, 3)
  writeCodes(dynamic, literals, distances)
  writeSteps(dynamic, steps, literals, distances)
  return fixed.bytes.length <= dynamic.bytes.length ? fixed.bytes : dynamic.bytes
}

function writeSteps(bits: Bits, steps: readonly Step[], literals: HuffmanCode, distances: HuffmanCode): void {
  const write = (code: HuffmanCode, { symbol, extraBits, extra }: Symbol) => {
    bits.write(code.codes[symbol] ?? 0, code.lengths[symbol] ?? 0)
    bits.write(extra, extraBits)
  }
  for (const step of steps) {
    if ('byte' in step) write(literals, plain(step.byte))
    else {
      write(literals, lengthSymbol(step.length))
      write(distances, distanceSymbol(step.distance))
    }
  }
  write(literals, plain(endOfBlock))
}

const plain = (symbol: number): Symbol => ({ symbol, extraBits: 0, extra: 0 })

/** The two codes, as a list of lengths that is itself coded (RFC 1951, 3.2.7). */
function writeCodes(bits: Bits, literals: HuffmanCode, distances: HuffmanCode): void {
  const [literalLengths, distanceLengths] = [trimmed(literals), trimmed(distances)]
  const symbols = [...runs(literalLengths), ...runs(distanceLengths)]
  const counts = orderOfLengths.map((_, symbol) => symbols.filter(run => run.symbol === symbol).length)
  const code = huffmanCode(counts, 7)
  const ordered = orderOfLengths.map(symbol => code.lengths[symbol] ?? 0)
  const last = Math.max(
    3,
    ordered.findLastIndex(length => length > 0),
  )
  bits.write(literalLengths.length - 257, 5)
  bits.write(distanceLengths.length - 1, 5)
  bits.write(last + 1 - 4, 4)
  for (const length of ordered.slice(0, last + 1)) bits.write(length, 3)
  for (const { symbol, extraBits, extra } of symbols) {
    bits.write(code.codes[symbol] ?? 0, code.lengths[symbol] ?? 0)
    bits.write(extra, extraBits)
  }
}

/** The lengths up to the last symbol that occurs. */
function trimmed({ lengths }: HuffmanCode): readonly number[] {
  return lengths.slice(0, lengths.findLastIndex(length => length > 0) + 1)
}

/** Lengths with repetitions: 16 repeats the one before 3 to 6 times, 17 and 18 stand for 3 to 10 and 11 to 138 zeros. */
function* runs(lengths: readonly number[]): Generator<Symbol> {
  for (let at = 0; at < lengths.length;) {
    const length = lengths[at] ?? 0
    let run = 1
    while (run < 138 && lengths[at + run] === length) run++
    if (length === 0 && run >= 11) yield { symbol: 18, extraBits: 7, extra: run - 11 }
    else if (length === 0 && run >= 3) yield { symbol: 17, extraBits: 3, extra: run - 3 }
    else if (length > 0 && lengths[at - 1] === length && run >= 3) {
      run = Math.min(run, 6)
      yield { symbol: 16, extraBits: 2, extra: run - 3 }
    } else {
      run = 1
      yield plain(length)
    }
    at += run
  }
}

/** Bits, each byte filled from its lowest on. */
class Bits {
  readonly #bytes: number[] = []
  #bits = 0

  write(value: number, bits: number): void {
    for (let bit = 0; bit < bits; bit++, this.#bits++) {
      const at = this.#bits >> 3
      this.#bytes[at] = (this.#bytes[at] ?? 0) | (((value >> bit) & 1) << (this.#bits & 7))
    }
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}
