/** A graph in the language of Graphviz, for those who want to lay it out themselves. */
import type { Annotation } from '../../chain/annotate.js'
import type { Snapshot } from '../../chain/edge.js'
import type { Drawing, Row } from '../../chain/layout.js'
import { grouped } from '../../chain/grouped.js'
import { datasetOf } from '../../chain/names.js'
import { isPackage } from '../../chain/record.js'
import { printable } from '../../cli/printable.js'
import { shortName, size, sum } from './words.js'

/** The lines of a digraph: a node for each snapshot, an arrow from its base for each stream. */
export function dotLines(drawings: readonly Drawing[], annotations: readonly Annotation[]): string[] {
  const isLost = (row: Row): boolean => annotations[row.index]?.restorable === false
  const rows = drawings.flatMap(drawing => drawing.rows)
  const full = new Set(rows.filter(({ edge }) => edge.needs.length === 0).map(({ edge }) => edge.snapshot.guid))
  const lost = new Set(
    rows
      .filter(isLost)
      .flatMap(({ edge }) => [edge.snapshot, ...edge.needs])
      .map(({ guid }) => guid),
  )
  for (const { edge } of rows.filter(row => !isLost(row))) for (const { guid } of edge.provides) lost.delete(guid)
  const node = (snapshot: Snapshot): string =>
    `    ${quoted(snapshot.guid)} ${attributes({
      label: shortName(snapshot, datasetOf(snapshot)),
      shape: full.has(snapshot.guid) ? 'box' : 'ellipse',
      ...(lost.has(snapshot.guid) ? { color: 'red', style: 'dashed' } : {}),
    })}`
  const snapshots = new Map(
    rows.flatMap(({ edge }) => [...edge.needs, ...edge.provides, edge.snapshot]).map(one => [one.guid, one]),
  )
  const headings = new Map(drawings.map(({ dataset, rows: own }) => [dataset, sum(own.map(row => row.edge))]))
  const clusters = grouped(snapshots.values(), datasetOf)
  return [
    'digraph zfs2s3 {',
    '  rankdir=LR',
    '  node [fontname="monospace"]',
    '  edge [fontname="monospace" fontsize=10]',
    ...[...clusters].flatMap(([dataset, nodes], index) => [
      `  subgraph cluster_${index} {`,
      `    label=${label([dataset, headings.get(dataset) ?? ''].join('  ').trimEnd())}`,
      ...nodes.map(node),
      '  }',
    ]),
    ...rows.flatMap(row => arrows(row, isLost(row))),
    '}',
  ]
}

/** A stream as an arrow, a bypass as a dashed one; a full stream is the box that it makes of its snapshot. */
function arrows({ edge, kind }: Row, isLost: boolean): string[] {
  const look = { ...(kind === 'bypass' ? { style: 'dashed' } : {}), ...(isLost ? { color: 'red' } : {}) }
  const what = isPackage(edge) ? `${size(edge)}, package of ${edge.provides.length}` : size(edge)
  const to = quoted(edge.snapshot.guid)
  return [
    ...edge.needs.map(need => `  ${quoted(need.guid)} -> ${to} ${attributes({ label: what, ...look })}`),
    ...edge.provides
      .filter(({ guid }) => guid !== edge.snapshot.guid)
      .map(({ guid }) => `  ${to} -> ${quoted(guid)} ${attributes({ style: 'dotted', arrowhead: 'none' })}`),
  ]
}

const attributes = (all: Readonly<Record<string, string>>): string =>
  `[${Object.entries(all)
    .map(([name, value]) => `${name}=${label(value)}`)
    .join(' ')}]`

/** A string in which nothing but a quote is special (Graphviz, The DOT Language). */
const quoted = (text: string): string => `"${text.replaceAll('"', '\\"')}"`

/** The same for a label, in which a backslash would begin an escape. */
const label = (text: string): string => quoted(printable(text).replaceAll('\\', '\\\\'))
