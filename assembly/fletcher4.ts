// The checksum of a send stream (AssemblyScript; scripts/build-wasm.js makes src/stream/fletcher4-wasm.ts of it).
// Fletcher-4: four 64-bit accumulators that wrap, over little-endian 32-bit words. No memory is managed here: the
// accumulators are at the start of memory, the caller puts bytes behind them and says where they lie.

/** Four u64: the checksum of everything so far. */
const STATE: usize = 0
/** Four u64: what it was before the latest record. */
const BEFORE: usize = 32
/** Four u64: what `keep` put aside. */
const KEPT: usize = 64

/** Where a record's header keeps the checksum of everything before that place. */
const CHECKSUM_AT: usize = 280

/** Adds `length` bytes, a multiple of 4, that lie at `at`. */
export function add(at: usize, length: usize): void {
  let a = load<u64>(STATE)
  let b = load<u64>(STATE, 8)
  let c = load<u64>(STATE, 16)
  let d = load<u64>(STATE, 24)
  const end = at + length
  // Eight words a turn: the four sums of one word overlap with those of the next, so the loop itself is what costs.
  const unrolled = at + (length & ~31)
  while (at < unrolled) {
    d += c += b += a += load<u32>(at)
    d += c += b += a += load<u32>(at, 4)
    d += c += b += a += load<u32>(at, 8)
    d += c += b += a += load<u32>(at, 12)
    d += c += b += a += load<u32>(at, 16)
    d += c += b += a += load<u32>(at, 20)
    d += c += b += a += load<u32>(at, 24)
    d += c += b += a += load<u32>(at, 28)
    at += 32
  }
  while (at < end) {
    d += c += b += a += load<u32>(at)
    at += 4
  }
  store<u64>(STATE, a)
  store<u64>(STATE, b, 8)
  store<u64>(STATE, c, 16)
  store<u64>(STATE, d, 24)
}

/** Adds a record's 312-byte header. Returns how its checksum compares: 0 the same, 1 absent (all zero), 2 different. */
export function record(at: usize): i32 {
  memory.copy(BEFORE, STATE, 32)
  add(at, CHECKSUM_AT)
  const field = at + CHECKSUM_AT
  const w0 = load<u64>(field)
  const w1 = load<u64>(field, 8)
  const w2 = load<u64>(field, 16)
  const w3 = load<u64>(field, 24)
  const different =
    (w0 ^ load<u64>(STATE)) | (w1 ^ load<u64>(STATE, 8)) | (w2 ^ load<u64>(STATE, 16)) | (w3 ^ load<u64>(STATE, 24))
  add(field, 32)
  if (different == 0) return 0
  return (w0 | w1 | w2 | w3) == 0 ? 1 : 2
}

/** Puts aside what the checksum was before the latest record. */
export function keep(): void {
  memory.copy(KEPT, BEFORE, 32)
}
