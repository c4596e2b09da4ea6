/** What can happen to a stored object behind S3's back. */
import { isObject } from './disk.js'
import { refusal } from './errors.js'
import { restoreExpiry } from './operations/archive.js'
import { slicesOf } from './operations/get.js'
import type { Version } from './records.js'
import type { Service } from './service.js'

export interface Alteration {
  readonly bucket: string
  readonly key: string
  /** Turns over the lowest bit of the byte there. */
  readonly flipBit?: number
  /** Moves it to that class, as a lifecycle rule does; an archive's means that it must be restored to be read. */
  readonly storageClass?: string
  /** Of INTELLIGENT_TIERING: the archive tier that it has moved to, ARCHIVE_ACCESS or DEEP_ARCHIVE_ACCESS. */
  readonly archiveStatus?: string
  /** Ends a restoration in progress now, or takes the restored copy away. */
  readonly restore?: 'finish' | 'expire'
  /** Milliseconds since 1970. */
  readonly modified?: number
}

const types: Readonly<Record<keyof Alteration, string>> = {
  bucket: 'string',
  key: 'string',
  flipBit: 'number',
  storageClass: 'string',
  archiveStatus: 'string',
  restore: 'string',
  modified: 'number',
}

/** Whether a value is an alteration with known fields only. */
export function isAlteration(value: unknown): value is Alteration {
  if (!isObject(value) || !('bucket' in value) || !('key' in value)) return false
  const known = new Map<string, string>(Object.entries(types))
  return Object.entries(value).every(([name, content]) => typeof content === known.get(name))
}

/** Alters the current version. Throws NoSuchKey. */
export async function alterObject(service: Service, alteration: Alteration): Promise<void> {
  const { bucket, key, flipBit, storageClass, archiveStatus, restore, modified } = alteration
  const version = service.objects.current(bucket, key)
  if (version === null) throw refusal('NoSuchKey', 'The specified key does not exist.', { Key: key })
  if (flipBit !== undefined) {
    const [slice] = slicesOf(version, flipBit, 1)
    if (slice === undefined) throw refusal('InvalidRange', `The object has ${version.size} bytes`)
    await service.blobs.flipBit(slice.file, slice.start)
  }
  const changed: Version = {
    ...version,
    storageClass: storageClass ?? version.storageClass,
    ...(archiveStatus !== undefined && { archiveStatus }),
    modified: modified ?? version.modified,
    restore: restoration(version, restore, service.now()),
  }
  service.objects.replace(bucket, key, changed)
}

function restoration(version: Version, wanted: Alteration['restore'], now: number): Version['restore'] {
  if (wanted === undefined) return version.restore
  return wanted === 'expire' ? null : { ready: now, expires: version.restore?.expires ?? restoreExpiry(now, 1) }
}
