/** zfs2s3-ls: what is stored, as a table. */
import { annotate } from '../chain/annotate.js'
import { receiveOrder } from '../chain/chain.js'
import { datasetOf } from '../chain/names.js'
import type { Command, Context } from '../cli/command.js'
import { write } from '../cli/ndjson.js'
import { printable } from '../cli/printable.js'
import { bucketOptions, dataDirOption } from '../cli/settings.js'
import { fitted, textWidth } from '../cli/text-width.js'
import { refused, usageError } from '../failure.js'
import { storedEdges } from './catalog.js'
import { columns, usualColumns, type Column, type Stream, type Value } from './ls/columns.js'

const names = columns.map(column => column.names.join(' or ')).join(', ')

export const command: Command = {
  name: 'ls',
  summary: 'list the stored streams as a table',
  usage: ['[-Hpr] [-o COLUMNS] [-s COLUMN]... [-S COLUMN]... [DS|DS@SNAP]...'],
  description: [
    'Prints a line for each stored stream, as zfs list -t snapshot does for each snapshot: by dataset, oldest snapshot first. A ' +
      'snapshot that several streams lead to has as many lines; a full stream has no base. With names, only the streams of those ' +
      'datasets, or to those snapshots. Asks only the catalog, not S3.',
    `The columns are ${names}.`,
  ],
  positionals: 1000,
  options: [
    { name: 'columns', short: 'o', value: 'COLUMNS', help: `which columns, with commas (default ${usualColumns})` },
    { name: 'scripted', short: 'H', help: 'no header, and tabs between columns' },
    { name: 'parsable', short: 'p', help: 'all digits of numbers, times as seconds since 1970, full names' },
    { name: 'recursive', short: 'r', help: 'also what is below the named datasets' },
    {
      name: 'sort',
      short: 's',
      value: 'COLUMN',
      repeats: true,
      help: 'sort by a column; of several, also of -S, the first counts most',
    },
    {
      name: 'reverse-sort',
      short: 'S',
      value: 'COLUMN',
      repeats: true,
      help: 'the same, largest first',
    },
    dataDirOption,
    ...bucketOptions,
  ],
  examples: [
    ['what is stored of one dataset', 'zfs2s3-ls tank/home'],
    ['the largest streams first', 'zfs2s3-ls -S bytes -o name,base,bytes,class'],
    ['bytes and names for a script', 'zfs2s3-ls -Hp -o bytes,name -r tank'],
  ],
  statuses: { 3: 'nothing of that name is stored' },
  async run(context) {
    const { args, stdout } = context
    const chosen = (args.text('columns') ?? usualColumns).split(',').map(columnOf)
    const order = args
      .inOrder('sort', 'reverse-sort')
      .map(({ name, value }): SortKey => [columnOf(value), name === 'sort' ? 1 : -1])
    const streams = named(await allStreams(context), args.positionals, args.flag('recursive')).sort((a, b) =>
      difference(order, a, b),
    )
    const isExact = args.flag('parsable')
    const rows = streams.map(stream => chosen.map(column => cell(column, stream, isExact)))
    if (args.flag('scripted')) {
      for (const row of rows) await write(stdout, `${row.join('\t')}\n`, context.signal)
    } else if (rows.length > 0) {
      const header = chosen.map(({ names: [name] }) => name.toUpperCase())
      for (const line of aligned([header, ...rows], chosen)) await write(stdout, `${line}\n`, context.signal)
    }
  },
}

function columnOf(name: string): Column {
  const column = columns.find(one => one.names.includes(name))
  if (column === undefined) throw usageError(`there is no column '${name}'`, `the columns are ${names}`)
  return column
}

/** All stored streams, by dataset, and in each the oldest snapshot first. */
async function allStreams(context: Context): Promise<Stream[]> {
  const edges = receiveOrder(await storedEdges(context))
  const streams = annotate(edges).flatMap((annotation, index) =>
    edges.slice(index, index + 1).map(edge => ({ edge, annotation })),
  )
  const order = ['dataset', 'created'].map((name): SortKey => [columnOf(name), 1])
  return streams.sort((a, b) => difference(order, a, b))
}

/** The streams that the arguments name; all without any. Throws a refusal where one names none. */
function named(streams: readonly Stream[], words: readonly string[], recursive: boolean): Stream[] {
  const isMeant = (word: string, { edge }: Stream): boolean =>
    word.includes('@')
      ? edge.snapshot.name === word
      : datasetOf(edge.snapshot) === word || (recursive && datasetOf(edge.snapshot).startsWith(`${word}/`))
  const unknown = words.find(word => !streams.some(stream => isMeant(word, stream)))
  if (unknown !== undefined) throw refused(`nothing of ${unknown} is stored`, 'see zfs2s3-ls for what is')
  return streams.filter(stream => words.length === 0 || words.some(word => isMeant(word, stream)))
}

/** A column, and 1 for the smallest first, -1 for the largest. */
type SortKey = readonly [column: Column, direction: 1 | -1]

/** By the first of `by` in which they differ. What isn't known comes last either way. */
function difference(by: readonly SortKey[], a: Stream, b: Stream): number {
  for (const [{ value }, direction] of by) {
    const [left, right] = [value(a), value(b)]
    if (left === right) continue
    if (left === null || right === null) return left === null ? 1 : -1
    return left < right ? -direction : direction
  }
  return 0
}

function cell(column: Column, stream: Stream, isExact: boolean): string {
  const value = isExact || column.shown === undefined ? column.value(stream) : column.shown(stream)
  return printable(text(value))
}

const text = (value: Value): string =>
  value === null ? '-' : value === true ? 'yes' : value === false ? 'no' : String(value)

/** Columns as wide as their longest; never cut. */
function* aligned(rows: readonly (readonly string[])[], by: readonly Column[]) {
  const widths = by.map((_, at) => rows.reduce((most, row) => Math.max(most, textWidth(row[at] ?? '')), 0))
  for (const row of rows) {
    const cells = row.map((content, at) => {
      const width = widths[at] ?? 0
      return by[at]?.isNumber ? ' '.repeat(width - textWidth(content)) + content : fitted(content, width, '')
    })
    yield cells.join('  ').trimEnd()
  }
}
