// The checksum of a send stream (AssemblyScript; scripts/build-wasm.js makes src/stream/fletcher4-wasm.ts of it).
// Fletcher-4: four 64-bit accumulators that wrap, over little-endian 32-bit words. No memory is managed here: the caller
// says where the accumulators are, and where the bytes lie.

// At `sums` there are three times four u64: the checksum of everything so far,
/** what it was before the latest record, */
const BEFORE: usize = 32
/** and what `keep` put aside. */
const KEPT: usize = 64

/** Where a record's header keeps the checksum of everything before that place. */
const CHECKSUM_AT: usize = 280

/** Adds `length` bytes, a multiple of 4, that lie at `at`. */
export function add(sums: usize, at: usize, length: usize): void {
  let a = load<u64>(sums)
  let b = load<u64>(sums, 8)
  let c = load<u64>(sums, 16)
  let d = load<u64>(sums, 24)
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
  store<u64>(sums, a)
  store<u64>(sums, b, 8)
  store<u64>(sums, c, 16)
  store<u64>(sums, d, 24)
}

/** Adds a record's 312-byte header. Returns how its checksum compares: 0 the same, 1 absent (all zero), 2 different. */
export function record(sums: usize, at: usize): i32 {
  memory.copy(sums + BEFORE, sums, 32)
  add(sums, at, CHECKSUM_AT)
  const field = at + CHECKSUM_AT
  const w0 = load<u64>(field)
  const w1 = load<u64>(field, 8)
  const w2 = load<u64>(field, 16)
  const w3 = load<u64>(field, 24)
  const different =
    (w0 ^ load<u64>(sums)) | (w1 ^ load<u64>(sums, 8)) | (w2 ^ load<u64>(sums, 16)) | (w3 ^ load<u64>(sums, 24))
  add(sums, field, 32)
  if (different == 0) return 0
  return (w0 | w1 | w2 | w3) == 0 ? 1 : 2
}

/** Puts aside what the checksum was before the latest record. */
export function keep(sums: usize): void {
  memory.copy(sums + KEPT, sums + BEFORE, 32)
}
