/** A graph as a picture: SVG that needs no other file, no script, and is readable on light and dark pages. */
import type { Annotation } from '../../chain/annotate.js'
import type { Drawing, Row } from '../../chain/layout.js'
import type { Rail } from '../../chain/rails.js'
import { printable } from '../../cli/printable.js'
import { textWidth } from '../../cli/text-width.js'
import { day, size, state, storageClass, sum, title } from './words.js'

/** Pixels. The font is one in which all characters are equally wide. */
const rowHeight = 20
const fontSize = 12
const characterWidth = 7.3
const laneWidth = 12
const columnWidth = 18
const radius = 6
const margin = 30
const columnGap = 12
const headingHeight = 30

/** Where datasets beside one another begin again below. */
const widest = 1800

const style = `
  svg { color-scheme: light dark }
  text { font: ${fontSize}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328 }
  .page { fill: #ffffff }
  .heading { font-weight: bold }
  .faint { fill: #636c76 }
  .bypass { fill: #0a5cc2 }
  .removable { fill: #1a7f37 }
  .lost { fill: #c11c26 }
  path { fill: none; stroke-width: 1.5 }
  .chain { stroke: #6e7781 }
  .rail { stroke: #2f81f7 }
  .arrow { fill: #2f81f7 }
  .dot { fill: #4d5560 }
  .dot.root { fill: #9a6700 }
  .dot.bypass { fill: #2f81f7 }
  .dot.lost { fill: #d1242f }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .page { fill: #0d1117 }
    .faint { fill: #9198a1 }
    .bypass { fill: #6cb0ff }
    .removable { fill: #56d364 }
    .lost { fill: #ff7b72 }
    .chain { stroke: #8b949e }
    .dot { fill: #b1bac4 }
    .dot.root { fill: #d29922 }
  }`

/** The lines of an SVG document; `annotations` are those of the edges that were laid out, in their order. */
export function svgLines(drawings: readonly Drawing[], annotations: readonly Annotation[]): string[] {
  let [x, y, below, right] = [margin, margin, margin, margin]
  const body: string[] = []
  for (const drawing of drawings) {
    const lane = laneOf(drawing, annotations)
    if (x > margin && x + lane.width > widest) [x, y] = [margin, below]
    body.push(`<g transform="translate(${x} ${y})">`, ...lane.body, '</g>')
    x += lane.width + margin
    right = Math.max(right, x)
    below = Math.max(below, y + headingHeight + drawing.rows.length * rowHeight + margin)
  }
  const about = `${drawings.length} datasets: what zfs2s3 has stored of them, a row for each stream`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${right}" height="${below}" viewBox="0 0 ${right} ${below}" role="img">`,
    `<title>zfs2s3-graph</title><desc>${about}</desc>`,
    `<style>${style}\n</style>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">' +
      '<path class="arrow" d="M0 0 L8 4 L0 8 z"/></marker></defs>',
    `<rect class="page" width="${right}" height="${below}"/>`,
    ...body,
    '</svg>',
  ]
}

/** One dataset: its chains from above, with their bypasses on the left and what there is to say on the right. */
function laneOf({ dataset, rows, rails }: Drawing, annotations: readonly Annotation[]) {
  const lanes = rails.reduce((most, rail) => Math.max(most, rail.lane + 1), 0)
  const place = (index: number, row: Row): Point => ({
    x: lanes * laneWidth + row.column * columnWidth + radius,
    y: headingHeight + index * rowHeight + rowHeight / 2,
  })
  const points = rows.map((row, index) => place(index, row))
  const titles = rows.map(row => title(row, '←'))
  const titleX = Math.max(0, ...points.map(point => point.x)) + 2 * radius
  const states = rows.map(({ index }) =>
    annotations
      .slice(index, index + 1)
      .map(state)
      .join(''),
  )
  const sizeEnd = titleX + widthOf(titles) + columnGap + widthOf(rows.map(row => size(row.edge)))
  const stateX = sizeEnd + columnGap
  const dayX = stateX + widthOf(states) + columnGap
  const classX = dayX + widthOf(rows.map(row => day(row.edge))) + columnGap
  const heading = `${dataset}: ${sum(rows.map(row => row.edge))}`
  const body = [
    text(0, rowHeight / 2 + 4, heading, 'heading'),
    ...chainPaths(rows, points),
    ...rails.flatMap(rail => railPaths(rail, points, lanes)),
  ]
  for (const [index, row] of rows.entries()) {
    const point = points[index]
    if (point === undefined) continue
    const isLost = annotations[row.index]?.restorable === false
    const isRemovable = annotations[row.index]?.removable === true
    const kind = isLost ? 'lost' : row.kind
    const baseline = point.y + 4
    body.push(
      `<g><title>${escaped(row.edge.volumes[0].key)}</title>`,
      dot(point, kind),
      text(point.x + 2 * radius, baseline, titles[index] ?? '', kind === 'root' ? '' : kind),
      text(sizeEnd, baseline, size(row.edge), 'end'),
      text(stateX, baseline, states[index] ?? '', isLost ? 'lost' : isRemovable ? 'removable' : 'faint'),
      text(dayX, baseline, day(row.edge), 'faint'),
      text(classX, baseline, storageClass(row.edge), 'faint'),
      '</g>',
    )
  }
  const width = Math.max(widthOf([heading]), classX + widthOf(rows.map(row => storageClass(row.edge))))
  return { width: Math.ceil(width), body }
}

interface Point {
  readonly x: number
  readonly y: number
}

/** From each edge's dot to what it hangs on. */
function chainPaths(rows: readonly Row[], points: readonly Point[]): string[] {
  /** For each column the dot at which its line has arrived. */
  const ends: Point[] = []
  return rows.flatMap((row, index) => {
    const to = points[index]
    if (to === undefined || row.kind === 'bypass') return []
    const from = ends[row.forks ? row.column - 1 : row.column]
    ends[row.column] = to
    if (from === undefined || row.kind === 'root') return []
    const bend = row.forks ? `V${to.y - radius} Q${from.x} ${to.y} ${from.x + radius} ${to.y} H${to.x}` : `V${to.y}`
    return `<path class="chain" d="M${from.x} ${from.y} ${bend}"/>`
  })
}

/** From a base's dot out to the rail's lane, along it, and in to each bypass. */
function railPaths(rail: Rail, points: readonly Point[], lanes: number): string[] {
  const from = points[rail.from]
  const x = (lanes - 1 - rail.lane) * laneWidth + radius / 2
  return rail.to.flatMap(row => {
    const to = points[row]
    if (from === undefined || to === undefined) return []
    const turn = to.y > from.y ? radius : -radius
    const out = `M${from.x - radius} ${from.y} H${x + radius} Q${x} ${from.y} ${x} ${from.y + turn}`
    const back = `V${to.y - turn} Q${x} ${to.y} ${x + radius} ${to.y} H${to.x - radius}`
    return `<path class="rail" marker-end="url(#arrow)" d="${out} ${back}"/>`
  })
}

function dot({ x, y }: Point, kind: Row['kind'] | 'lost'): string {
  if (kind === 'root') return `<rect class="dot root" x="${x - 5}" y="${y - 5}" width="10" height="10"/>`
  if (kind === 'bypass')
    return `<polygon class="dot bypass" points="${x - 6},${y} ${x},${y - 6} ${x + 6},${y} ${x},${y + 6}"/>`
  return `<circle class="dot ${kind}" cx="${x}" cy="${y}" r="4.5"/>`
}

const widthOf = (texts: readonly string[]): number =>
  texts.reduce((most, one) => Math.max(most, textWidth(printable(one)) * characterWidth), 0)

function text(x: number, y: number, content: string, kind: string): string {
  const attributes = kind === 'end' ? 'text-anchor="end"' : `class="${kind}"`
  return `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Text as XML has it, without what XML can't have (XML 1.0, 2.2 Characters). */
const escaped = (content: string): string =>
  printable(content)
    .replace(/[\ufffe\uffff\p{Cs}]/gu, '\ufffd')
    .replace(/[&<>"]/g, character => entities[character] ?? '')
