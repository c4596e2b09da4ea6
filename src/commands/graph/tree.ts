/** A graph as text for a terminal: a line an edge, never longer than the terminal is wide. */
import type { Annotation } from '../../chain/annotate.js'
import type { Drawing, Row } from '../../chain/layout.js'
import type { Rail } from '../../chain/rails.js'
import { printable } from '../../cli/printable.js'
import { fitted, textWidth } from '../../cli/text-width.js'
import { day, size, state, storageClass, sum, title } from './words.js'

export interface TreeLook {
  readonly columns: number
  readonly colours: boolean
  /** Lines and dots beyond ASCII. */
  readonly utf8: boolean
}

/** What things are drawn with. */
const signs = {
  utf8: {
    ...{ root: '■', link: '●', bypass: '◆', lost: '✗', fork: '├─', line: '│ ' },
    ...{ rail: '│', dash: '─', cross: '┼', corner: '╭', end: '╰', both: '├', arrow: '▸', from: '←', ellipsis: '…' },
  },
  ascii: {
    ...{ root: '#', link: '*', bypass: 'o', lost: 'x', fork: '|-', line: '| ' },
    ...{ rail: '|', dash: '-', cross: '+', corner: '.', end: "'", both: '+', arrow: '>', from: '<-', ellipsis: '...' },
  },
}
type Signs = (typeof signs)['utf8']

/** SGR codes (ECMA-48, 8.3.117). */
const sgr = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 }
type Colour = keyof typeof sgr

/** A piece of a line. */
interface Span {
  readonly text: string
  readonly colour?: Colour | undefined
}

/** Rails that would take more than this share of the width are left out; each bypass names its base anyway. */
const railShare = 1 / 4

const gap = 2

/** The lines of all drawings; `annotations` are those of the edges that were laid out, in their order. */
export function* treeLines(drawings: readonly Drawing[], annotations: readonly Annotation[], look: TreeLook) {
  const sign = look.utf8 ? signs.utf8 : signs.ascii
  const lanesAtMost = Math.floor((look.columns * railShare) / 2)
  for (const [index, drawing] of drawings.entries()) {
    const { dataset, rows } = drawing
    const prefixes = prefixesOf(drawing, sign, lanesAtMost)
    const lines = rows.map((row, at) => lineOf(row, annotations[row.index], prefixes[at] ?? '', sign))
    const widths = columnWidths(lines, look.columns)
    if (index > 0) yield ''
    const heading = `${printable(dataset)}  ${sum(rows.map(row => row.edge))}`
    const shown = fitted(heading, Math.min(look.columns, textWidth(heading)), sign.ellipsis)
    yield spans([{ text: shown, colour: 'bold' }], look)
    for (const { prefix, cells } of lines) yield drawnLine(prefix, cells, widths, look, sign)
  }
}

interface Line {
  readonly prefix: Prefix
  /** The title, and what stands behind it. */
  readonly cells: readonly Span[]
}

interface Prefix {
  readonly lines: string
  readonly dot: Span
}

function lineOf(row: Row, annotation: Annotation | undefined, lines: string, sign: Signs): Line {
  const isLost = annotation?.restorable === false
  const dot = isLost ? sign.lost : sign[row.kind]
  const colour = isLost ? 'red' : row.kind === 'bypass' ? 'cyan' : row.kind === 'root' ? 'yellow' : undefined
  const { edge } = row
  return {
    prefix: { lines, dot: { text: dot, colour } },
    cells: [
      { text: printable(title(row, sign.from)), colour: isLost ? 'red' : row.kind === 'bypass' ? 'cyan' : undefined },
      { text: size(edge).padStart(8) },
      {
        text: annotation === undefined ? '' : state(annotation),
        colour: isLost ? 'red' : annotation?.removable === true ? 'green' : 'dim',
      },
      { text: day(edge), colour: 'dim' },
      { text: printable(storageClass(edge)), colour: 'dim' },
    ],
  }
}

const widthOfPrefix = ({ lines }: Prefix): number => textWidth(lines) + 2

/** What a title needs to be told from others: rather than cutting it further, what is removable is left out as well. */
const shortTitle = 40

/**
 * How wide each column is. Where all of them are too wide, the right ones go first, then what is left of the title's is
 * cut. What is longest is left: what it is, how large, and whether it may go.
 */
function columnWidths(lines: readonly Line[], columns: number): number[] {
  const widths: number[] = []
  for (const { prefix, cells } of lines) {
    for (const [index, { text }] of cells.entries()) {
      const width = textWidth(text) + (index === 0 ? widthOfPrefix(prefix) : gap)
      widths[index] = Math.max(widths[index] ?? 0, width)
    }
  }
  const [longest = 0] = widths
  const left = (): number => columns - widths.slice(1).reduce((all, width) => all + width, 0)
  const isTight = (): boolean => left() < (widths.length > 3 ? longest : Math.min(longest, shortTitle))
  while (widths.length > 2 && isTight()) widths.pop()
  widths[0] = Math.max(0, Math.min(longest, left()))
  return widths
}

function drawnLine(
  { lines, dot }: Prefix,
  cells: readonly Span[],
  widths: readonly number[],
  look: TreeLook,
  sign: Signs,
) {
  const [width = 0] = widths
  const pieces: Span[] = [{ text: lines, colour: 'dim' }, dot, { text: ' ' }]
  for (const [index, { text, colour }] of cells.slice(0, widths.length).entries()) {
    const room = (widths[index] ?? 0) - (index === 0 ? Math.min(width, textWidth(lines) + 2) : gap)
    if (index > 0) pieces.push({ text: ' '.repeat(gap) })
    pieces.push({ text: fitted(text, room, sign.ellipsis), colour })
  }
  return spans(pieces, look)
}

/** A line, without blanks at its end. */
function spans(pieces: readonly Span[], { columns, colours }: TreeLook): string {
  let left = columns
  const cut = pieces.map(({ text, colour }) => {
    const shown = fitted(text, Math.min(left, textWidth(text)), '')
    left -= textWidth(shown)
    return { text: shown, colour }
  })
  while (cut.length > 0 && cut.at(-1)?.text.trim() === '') cut.pop()
  return cut
    .map(({ text, colour }, index) => {
      const shown = index === cut.length - 1 ? text.trimEnd() : text
      return colours && colour !== undefined && shown.trim() !== '' ? `\x1b[${sgr[colour]}m${shown}\x1b[0m` : shown
    })
    .join('')
}

/** What stands before each row's dot: the rails, and the lines that branches hang on. */
function prefixesOf({ rows, rails }: Drawing, sign: Signs, lanesAtMost: number): string[] {
  const shown = rails.filter(rail => rail.lane < lanesAtMost)
  const lanes = shown.reduce((most, rail) => Math.max(most, rail.lane + 1), 0)
  const railTo = new Map(shown.flatMap(rail => rail.to.map(row => [row, rail] as const)))
  const starting = shown[Symbol.iterator]()
  let next = starting.next()
  const open = new Set<Rail>()
  const columnOf = (rail: Rail): number => 2 * (lanes - 1 - rail.lane)
  return rows.map((row, index) => {
    while (!next.done && next.value.top === index) {
      open.add(next.value)
      next = starting.next()
    }
    const chars = Array.from(' '.repeat(2 * lanes) + sign.line.repeat(Math.max(0, row.column - (row.forks ? 1 : 0))))
    if (row.forks) chars.push(...Array.from(sign.fork))
    for (const rail of open) chars[columnOf(rail)] = sign.rail
    const end = railTo.get(index)
    for (const rail of open) {
      if (rail === end || rail.from === index) {
        const at = columnOf(rail)
        chars[at] = rail.top === index ? sign.corner : rail.bottom === index ? sign.end : sign.both
        for (let x = at + 1; x < chars.length; x++)
          chars[x] = chars[x] === ' ' || chars[x] === sign.dash ? sign.dash : sign.cross
        if (rail === end) chars[chars.length - 1] = sign.arrow
      }
      if (rail.bottom === index) open.delete(rail)
    }
    return chars.join('')
  })
}
