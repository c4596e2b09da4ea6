/** What an object says of itself, so that a bucket alone is enough to rebuild the catalog (S3 API: user-defined metadata). */
import type { Begin } from '../../stream/begin.js'
import type { Described } from './describe.js'

/** All user metadata of an object together may have 2 KB (S3 User Guide: Working with object metadata). */
const longestFilter = 600

/** Values for the `x-amz-meta-` headers: printable ASCII, everything else percent-encoded. */
export function objectMetadata(
  { snapshot, base, created }: Described,
  inner: Begin | null,
  filter: string | null,
  partSize: number,
): Record<string, string> {
  const facts = {
    snapshot: snapshot.name,
    guid: snapshot.guid,
    base: base?.name,
    'base-guid': base?.guid,
    created,
    'part-size': String(partSize),
    features: inner?.features.join(','),
    'to-ivset': inner?.toIvset,
    'from-ivset': inner?.fromIvset,
    filter: filter === null || filter.length > longestFilter ? null : filter,
  }
  const entries = Object.entries(facts).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.fromEntries(entries.map(([name, value]) => [`zfs2s3-${name}`, inHeader(value)]))
}

/** HTTP headers carry no other characters unchanged; decodeURIComponent undoes it. */
const inHeader = (value: string): string => value.replace(/[^\x20-\x24\x26-\x7e]/gu, encodeURIComponent)
