/** What a picture of a graph says of one edge, in words. */
import type { Annotation } from '../../chain/annotate.js'
import type { Row } from '../../chain/layout.js'
import { datasetOf, splitSnapshot } from '../../chain/names.js'
import { isPackage, storedBytes } from '../../chain/record.js'
import { humanBytes } from '../../cli/amounts.js'
import type { Edge, Snapshot } from '../../chain/edge.js'

/** What is printed where a fact isn't known. */
const unknown = '-'

/** `@b`; with `full` the dataset as well. */
export function shortName(snapshot: Snapshot, inDataset: string): string {
  const tag = splitSnapshot(snapshot.name)?.tag
  return tag === undefined || datasetOf(snapshot) !== inDataset ? snapshot.name : `@${tag}`
}

/** `@b`, `@a full`, `@d ← @a, package of 3`: its base is named where it isn't just above. */
export function title({ edge, followsBase }: Row, arrow: string): string {
  const dataset = datasetOf(edge.snapshot)
  const name = shortName(edge.snapshot, dataset)
  const from = edge.base === null ? ' full' : followsBase ? '' : ` ${arrow} ${shortName(edge.base, dataset)}`
  return name + from + (isPackage(edge) ? `, package of ${edge.provides.length}` : '')
}

export function size(edge: Edge): string {
  const bytes = storedBytes(edge)
  return bytes === null ? unknown : humanBytes(bytes)
}

/** When the snapshot was taken: the day, UTC. */
export const day = ({ created }: Edge): string => created?.slice(0, 10) ?? unknown

export const storageClass = (edge: Edge): string => edge.storageClass ?? unknown

export function state({ restorable, removable, dependents }: Annotation): string {
  if (!restorable) return 'not restorable'
  return removable ? 'removable' : `needed by ${dependents}`
}

/** `41 streams, 12.3 GiB`; of lengths that aren't known, as many as are. */
export function sum(edges: readonly Edge[]): string {
  const known = edges.map(storedBytes).filter(bytes => bytes !== null)
  const bytes = humanBytes(known.reduce((total, one) => total + one, 0))
  const count = edges.length === 1 ? '1 stream' : `${edges.length} streams`
  return known.length === 0 ? count : `${count}, ${known.length < edges.length ? 'at least ' : ''}${bytes}`
}
