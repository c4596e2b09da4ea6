/**
 * The records of a `zfs send` stream as a table: types, where their fields are, how long their payloads may be, what the
 * feature flags are called (stream-format; OpenZFS: include/sys/zfs_ioctl.h). Offsets count from the header's first byte.
 */

/** Bytes of every record's header. */
export const headerLength = 312
/** Where a header keeps the running checksum, four u64 up to its end. BEGIN has none there. */
export const checksumAt = 280

/** The types by number. */
export const recordNames = [
  'BEGIN',
  'OBJECT',
  'FREEOBJECTS',
  'WRITE',
  'FREE',
  'END',
  'WRITE_BYREF',
  'SPILL',
  'WRITE_EMBEDDED',
  'OBJECT_RANGE',
  'REDACT',
] as const

export type RecordName = (typeof recordNames)[number]

/** What the parser has to know about one type. */
export interface RecordRule {
  readonly name: RecordName
  /** Where the record says which snapshot it belongs to. */
  readonly toguidAt: number
  /** Bytes of payload, as the header at `at` says; may be any number, so compare it with `longest`. */
  readonly payloadLength: (header: DataView, at: number) => number
  /** No OpenZFS makes or receives a longer payload. */
  readonly longest: number
}

/** SPA_MAXBLOCKSIZE: no block is longer. */
const longestBlock = 16 * 1024 * 1024
/** DNODE_MAX_SIZE: a bonus buffer lies within its dnode. */
const longestBonus = 16 * 1024
/** BPE_PAYLOAD_SIZE: what fits into a block pointer. */
const longestEmbedded = 112
/**
 * `zfs receive` takes 64 MiB unless ZFS_SENDRECV_MAX_NVLIST says otherwise. That is room for the properties and snapshots
 * of tens of thousands of datasets (`zfs send -R`).
 */
const longestNvlist = 64 * 1024 * 1024

const none = () => 0
const u64 = (view: DataView, at: number) => view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32
const roundedUp = (length: number) => Math.ceil(length / 8) * 8

function bonusLength(header: DataView, at: number): number {
  const raw = header.getUint32(at + 36, true)
  return raw === 0 ? roundedUp(header.getUint32(at + 28, true)) : raw
}

function writeLength(header: DataView, at: number): number {
  return header.getUint8(at + 50) === 0 ? u64(header, at + 32) : u64(header, at + 96)
}

function spillLength(header: DataView, at: number): number {
  const compressed = u64(header, at + 40)
  return compressed === 0 ? u64(header, at + 16) : compressed
}

const rule = (
  name: RecordName,
  toguidAt: number,
  payloadLength: RecordRule['payloadLength'] = none,
  longest = 0,
): RecordRule => ({ name, toguidAt, payloadLength, longest })

/** The rules by type number. */
export const recordRules: readonly RecordRule[] = [
  rule('BEGIN', 40, (header, at) => header.getUint32(at + 4, true), longestNvlist),
  rule('OBJECT', 40, bonusLength, longestBonus),
  rule('FREEOBJECTS', 24),
  rule('WRITE', 40, writeLength, longestBlock),
  rule('FREE', 32),
  rule('END', 40),
  rule('WRITE_BYREF', 32),
  rule('SPILL', 24, spillLength, longestBlock),
  rule('WRITE_EMBEDDED', 32, (header, at) => roundedUp(header.getUint32(at + 52, true)), longestEmbedded),
  rule('OBJECT_RANGE', 24),
  rule('REDACT', 32),
]

/** Type numbers that the code speaks of. */
export const recordType = { begin: 0, object: 1, write: 3, free: 4, end: 5, writeEmbedded: 8, objectRange: 9 } as const

/** Where END has the checksum of all that lies before it, four u64. */
export const endChecksumAt = 8

/** Where OBJECT, WRITE, WRITE_EMBEDDED and FREE say which object they are about. */
export const objectAt = 8
/** Where WRITE, WRITE_EMBEDDED and FREE say at which offset in the object it begins what they are about; OBJECT has none. */
export function offsetAt(type: number): number | null {
  if (type === recordType.write) return 24
  return type === recordType.writeEmbedded || type === recordType.free ? 16 : null
}

/** Object and offset of a record that `offsetAt` and `objectAt` are for; of no meaning in others. */
export function pointOf(type: number, header: Uint8Array): { object: bigint; offset: bigint } {
  const view = new DataView(header.buffer, header.byteOffset, headerLength)
  const at = offsetAt(type)
  return { object: view.getBigUint64(objectAt, true), offset: at === null ? 0n : view.getBigUint64(at, true) }
}

/** Bits of BEGIN's feature flags. */
const featureBits: ReadonlyMap<number, string> = new Map([
  [0, 'dedup'],
  [1, 'dedupprops'],
  [2, 'sa_spill'],
  [16, 'embed_data'],
  [17, 'lz4'],
  [19, 'large_blocks'],
  [20, 'resuming'],
  [21, 'redacted'],
  [22, 'compressed'],
  [23, 'large_dnode'],
  [24, 'raw'],
  [25, 'zstd'],
  [26, 'holds'],
  [27, 'switch_to_large_blocks'],
  [28, 'longname'],
  [29, 'large_microzap'],
])

/** Where BEGIN has its `versioninfo`: two bits of header type, then the feature flags. */
export const versioninfoAt = 16
export const featureShift = 2n

/** The names of the features in a BEGIN's `versioninfo`, lower case, in the order of their bits; `bit40` if unknown. */
export function featureNames(versioninfo: bigint): string[] {
  const names: string[] = []
  const flags = versioninfo >> featureShift
  for (let bit = 0; bit < 62; bit++) {
    if ((flags >> BigInt(bit)) & 1n) names.push(featureBits.get(bit) ?? `bit${bit}`)
  }
  return names
}

/** Sets a feature's flag in a BEGIN record's header. */
export function setFeature(header: Uint8Array, feature: string): void {
  const view = new DataView(header.buffer, header.byteOffset, headerLength)
  for (const [bit, name] of featureBits) {
    if (name !== feature) continue
    const flag = 1n << (BigInt(bit) + featureShift)
    view.setBigUint64(versioninfoAt, view.getBigUint64(versioninfoAt, true) | flag, true)
  }
}
