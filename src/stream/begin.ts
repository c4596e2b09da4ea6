/** What a BEGIN record says: which snapshot the stream brings, onto what, and in which manner. */
import { badStream } from '../failure.js'
import { featureNames, featureShift, headerLength, versioninfoAt } from './records.js'
import { decodeNvlist, type Nvlist, type NvValue } from './nvlist.js'

/** One BEGIN record. GUIDs, objects and offsets are unsigned 64-bit numbers in decimal. */
export interface Begin {
  /** Byte offset of the record in the stream. */
  readonly position: number
  /** The outer BEGIN of a package (`zfs send -I`, `-R`, `-p`), which brings nothing itself. */
  readonly compound: boolean
  /** `dataset@snapshot`, as it was called where it was sent. */
  readonly toname: string
  readonly toguid: string
  /** The base; null in a full stream. */
  readonly fromguid: string | null
  /** The base is the origin that the sent dataset is a clone of. */
  readonly clone: boolean
  /** When the snapshot was taken, in seconds since 1970. 0 in a package's outer BEGIN. */
  readonly createdSeconds: number
  readonly objectSet: 'filesystem' | 'volume' | null
  /** Lower case, in the order of their bits: `lz4`, `compressed`, `raw`, `large_blocks`, ...; unknown ones as `bit40`. */
  readonly features: readonly string[]
  readonly raw: boolean
  readonly compressed: boolean
  readonly largeBlocks: boolean
  /** The IV-set GUIDs of a raw stream's two ends. */
  readonly toIvset: string | null
  readonly fromIvset: string | null
  /** Where a stream made with `zfs send -t` goes on; null if it is none. */
  readonly resume: { readonly object: string; readonly offset: string } | null
  /** What a package's sender listed as its contents; null where it lists nothing (`zfs send -I` alone). */
  readonly listing: PackageListing | null
}

/** The outer BEGIN's list of what a package was made from. */
export interface PackageListing {
  /** Names of snapshots, without their datasets. */
  readonly fromsnap: string | null
  readonly tosnap: string | null
  /** Just one dataset: a package because of `-p`, not of `-R`. */
  readonly notRecursive: boolean
  readonly filesystems: readonly ListedFilesystem[]
}

export interface ListedFilesystem {
  readonly name: string
  /** All that it had then, not only what the package brings. Names as `dataset@snapshot`. */
  readonly snapshots: readonly { readonly name: string; readonly guid: string }[]
}

/** DMU_BACKUP_MAGIC. */
const magic = 0x2f5bacbacn
const compoundType = 2n
const substreamType = 1n
/** DRR_FLAG_CLONE. */
const cloneFlag = 1
/** Field offsets in the header (stream-format, Records). */
const at = { magic: 8, created: 24, objectSet: 32, flags: 36, toguid: 40, fromguid: 48, toname: 56 }

/** In a listing, what only `zfs receive` needs. Left out because it is most of the listing. */
const unneeded = new Set(['props', 'snapprops', 'snapholds'])

const u64 = (value: NvValue | undefined): string | null => (typeof value === 'bigint' ? value.toString() : null)
/** Null where there is none, for which 0 stands. */
const guid = (value: NvValue | undefined): string | null => (value === 0n ? null : u64(value))
const list = (value: NvValue | undefined): Nvlist | null => (value instanceof Map ? value : null)
const textOf = (value: NvValue | undefined): string | null => (typeof value === 'string' ? value : null)

/**
 * Reads a BEGIN record: its header, and its payload, which may be empty. `position` is where it lies in the stream.
 * Throws a Failure (badStream) if it is none.
 */
export function readBegin(header: Uint8Array, payload: Uint8Array, position: number): Begin {
  const view = new DataView(header.buffer, header.byteOffset, headerLength)
  const versioninfo = view.getBigUint64(versioninfoAt, true)
  const type = versioninfo & ((1n << featureShift) - 1n)
  if (view.getUint32(0, true) !== 0 || view.getBigUint64(at.magic, true) !== magic) {
    throw badStream('it has not the magic number of a BEGIN record')
  }
  if (type !== substreamType && type !== compoundType)
    throw badStream(`it has the unknown header type ${type.toString()}`)
  const name = header.subarray(at.toname, headerLength)
  if (!name.includes(0)) throw badStream('its name has no end')
  const nvlist: Nvlist = payload.length === 0 ? new Map() : decodeNvlist(payload, unneeded)
  const features = featureNames(versioninfo)
  const fromguid = view.getBigUint64(at.fromguid, true)
  const keydata = list(nvlist.get('crypt_keydata'))
  const object = u64(nvlist.get('resume_object'))
  const offset = u64(nvlist.get('resume_offset'))
  return {
    position,
    compound: type === compoundType,
    toname: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    toguid: view.getBigUint64(at.toguid, true).toString(),
    fromguid: fromguid === 0n ? null : fromguid.toString(),
    clone: (view.getUint32(at.flags, true) & cloneFlag) !== 0,
    createdSeconds: Number(view.getBigUint64(at.created, true)),
    objectSet: objectSet(view.getUint32(at.objectSet, true)),
    features,
    raw: features.includes('raw'),
    compressed: features.includes('compressed'),
    largeBlocks: features.includes('large_blocks'),
    toIvset: guid(keydata?.get('to_ivset_guid')),
    fromIvset: guid(keydata?.get('from_ivset_guid')),
    resume: object === null || offset === null ? null : { object, offset },
    listing: listing(nvlist),
  }
}

/** DMU_OST_ZFS and DMU_OST_ZVOL. */
function objectSet(type: number): Begin['objectSet'] {
  return type === 2 ? 'filesystem' : type === 3 ? 'volume' : null
}

function listing(nvlist: Nvlist): PackageListing | null {
  const filesystems = list(nvlist.get('fss'))
  if (filesystems === null) return null
  return {
    fromsnap: textOf(nvlist.get('fromsnap')),
    tosnap: textOf(nvlist.get('tosnap')),
    notRecursive: nvlist.get('not_recursive') === true,
    filesystems: [...filesystems.values()].map(value => {
      const filesystem = list(value)
      const name = textOf(filesystem?.get('name')) ?? ''
      const snapshots = [...(list(filesystem?.get('snaps')) ?? [])]
      return { name, snapshots: snapshots.map(([snap, guid]) => ({ name: `${name}@${snap}`, guid: u64(guid) ?? '' })) }
    }),
  }
}
