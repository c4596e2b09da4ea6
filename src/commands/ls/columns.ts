/** The columns that ls can show of a stream: what each is called, and what it says to people, to scripts, and for sorting. */
import type { Annotation } from '../../chain/annotate.js'
import type { Edge } from '../../chain/edge.js'
import { datasetOf, splitSnapshot } from '../../chain/names.js'
import { storedBytes } from '../../chain/record.js'
import { humanBytes } from '../../cli/amounts.js'

/** A stored stream with what is computed from all of them. */
export interface Stream {
  readonly edge: Edge
  readonly annotation: Annotation
}

/** Null where it isn't known. */
export type Value = string | number | boolean | null

export interface Column {
  /** As in the records of graph; the others are what `zfs list` calls it, or short. */
  readonly names: readonly [string, ...string[]]
  readonly value: (stream: Stream) => Value
  /** How people are shown it, where that is not what scripts get. */
  readonly shown?: (stream: Stream) => string | null
  /** Numbers stand on the right. */
  readonly isNumber?: true
}

/** A time as seconds since 1970, which is what `zfs list -p` prints. */
const seconds = (time: string | null): number | null => (time === null ? null : Date.parse(time) / 1000)
/** `2026-01-31 03:00`, UTC. */
const minute = (time: string | null): string | null => time?.slice(0, 16).replace('T', ' ') ?? null

const timeColumn = (names: Column['names'], time: (edge: Edge) => string | null): Column => ({
  names,
  value: ({ edge }) => seconds(time(edge)),
  shown: ({ edge }) => minute(time(edge)),
})

export const columns: readonly Column[] = [
  { names: ['name', 'snapshot'], value: ({ edge }) => edge.snapshot.name },
  { names: ['base'], value: ({ edge }) => edge.base?.name ?? null, shown: ({ edge }) => shortBase(edge) },
  {
    names: ['bytes', 'used'],
    value: ({ edge }) => storedBytes(edge),
    shown: ({ edge }) => ifKnown(storedBytes(edge), humanBytes),
    isNumber: true,
  },
  timeColumn(['created', 'creation'], edge => edge.created),
  timeColumn(['stored'], edge => edge.stored),
  { names: ['class', 'storage_class'], value: ({ edge }) => edge.storageClass },
  { names: ['restorable'], value: ({ annotation }) => annotation.restorable },
  { names: ['removable'], value: ({ annotation }) => annotation.removable },
  { names: ['dependents'], value: ({ annotation }) => annotation.dependents, isNumber: true },
  { names: ['verified'], value: ({ edge }) => edge.verified },
  timeColumn(['verified_at'], edge => edge.verifiedAt),
  { names: ['dataset'], value: ({ edge }) => datasetOf(edge.snapshot) },
  { names: ['guid'], value: ({ edge }) => edge.snapshot.guid },
  { names: ['base_guid'], value: ({ edge }) => edge.base?.guid ?? null },
  { names: ['filter'], value: ({ edge }) => edge.filter },
  { names: ['key'], value: ({ edge }) => edge.volumes[0].key },
]

/** What is shown without `-o`: as much as 80 columns hold. */
export const usualColumns = 'name,base,bytes,created,removable'

const ifKnown = <T, R>(value: T | null, show: (value: T) => R): R | null => (value === null ? null : show(value))

/** `@a` for a base of the same dataset. */
function shortBase({ snapshot, base }: Edge): string | null {
  if (base === null) return null
  const tag = splitSnapshot(base.name)?.tag
  return tag !== undefined && datasetOf(base) === datasetOf(snapshot) ? `@${tag}` : base.name
}
