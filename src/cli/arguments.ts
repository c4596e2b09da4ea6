/** minimist made strict: only options that the command's table has, each as often and with what the table says. */
import { createRequire } from 'node:module'
import type Minimist from 'minimist'
import { usageError } from '../failure.js'
import type { Command } from './command.js'

// Not by `import`, which would first load a parser that looks for what a CommonJS package exports.
const minimist = createRequire(import.meta.url)('minimist') as typeof Minimist

/** The arguments of one call, checked against the command's table. */
export interface Arguments {
  readonly positionals: readonly string[]
  /** What follows `--`, for commands that take a command line; empty without one. */
  readonly command: readonly string[]
  /** A switch. */
  flag(name: string): boolean
  /** The value of an option, or undefined. */
  text(name: string): string | undefined
  /** All values of an option that may repeat. */
  list(name: string): readonly string[]
  /** The values of several options that may repeat, in the order of the command line. */
  inOrder(...names: string[]): { readonly name: string; readonly value: string }[]
  /** A whole number; throws a usage error for anything else or below `least`. */
  count(name: string, least: number): number | undefined
  /** A size in bytes: `64M`, `1G`, `5242880`; the units are powers of 1024, as in `zfs` and `aws`. */
  bytes(name: string): number | undefined
  /** A time in milliseconds: `30s`, `5m`, `2h`, or seconds without a unit. */
  milliseconds(name: string): number | undefined
}

type Table = Pick<Command, 'options' | 'positionals' | 'takesCommand'>

/** Reads `argv` (without the command's name). Throws a usage error that names what is wrong. */
export function parseArguments(argv: readonly string[], table: Table): Arguments {
  const words = [...argv]
  const end = words.indexOf('--')
  const command = table.takesCommand && end >= 0 ? words.splice(end).slice(1) : []
  if (table.takesCommand && end >= 0 && command.length === 0) throw usageError('there is no command behind --')

  const valued = table.options.filter(option => option.value !== undefined)
  const switches = table.options.filter(option => option.value === undefined)
  const options: Minimist.Opts = {
    // '_' as well: minimist would turn a GUID given as an argument into a number, and lose digits.
    string: ['_', ...valued.map(option => option.name)],
    boolean: switches.map(option => option.name),
    alias: Object.fromEntries(table.options.flatMap(({ short, name }) => (short === undefined ? [] : [[short, name]]))),
    unknown: word => {
      if (word.startsWith('-') && word !== '-') throw usageError(`there is no option ${word}`, 'see --help')
      return true
    },
  }
  const parse = (some: readonly string[]): Minimist.ParsedArgs => minimist(withValues(some, table.options), options)
  const parsed = parse(words)
  if (parsed._.length > table.positionals) {
    throw usageError(`'${String(parsed._[table.positionals])}' is one argument too many`, 'see --help')
  }

  for (const { name } of switches) {
    // minimist takes digits behind a letter for its value, and what is between them: `-n1` would not be `-n`.
    const given: unknown = parsed[name]
    if (typeof given !== 'boolean')
      throw usageError(`--${name} takes no value, and has '${String(given)}'`, 'see --help')
  }
  const values = new Map<string, readonly string[]>()
  for (const { name, repeats, choices } of valued) {
    const given: unknown = parsed[name]
    if (given === undefined) continue
    const list: unknown[] = Array.isArray(given) ? given : [given]
    if (list.some(value => typeof value !== 'string' || value === '')) throw usageError(`--${name} needs a value`)
    if (list.length > 1 && repeats === undefined) throw usageError(`--${name} is given twice`)
    const words = list.map(String)
    const odd = words.find(word => choices?.includes(word) === false)
    if (odd !== undefined) throw usageError(`--${name} is '${odd}'`, `give ${choices?.join(' or ') ?? ''}`)
    values.set(name, words)
  }
  const known = (name: string) => {
    if (!table.options.some(option => option.name === name)) throw new Error(`no option --${name} in the table`)
    return name
  }
  const text = (name: string) => values.get(known(name))?.[0]
  return {
    positionals: parsed._.map(String),
    command,
    flag: name => parsed[known(name)] === true,
    text,
    list: name => values.get(known(name)) ?? [],
    inOrder: (...names) => {
      const given = names
        .map(name => ({ name, all: values.get(known(name)) ?? [] }))
        .filter(({ all }) => all.length > 0)
      // minimist tells the order within an option only. Of a command line that grows word by word it tells that of all.
      const lengths = given.length > 1 ? words.map((_, at) => at + 1) : [words.length]
      const seen = new Map<string, number>()
      return lengths.flatMap(length => {
        const some = parse(words.slice(0, length))
        return given.flatMap(({ name, all }) => {
          const [before, now] = [seen.get(name) ?? 0, [some[name] ?? []].flat().length]
          seen.set(name, now)
          return all.slice(before, now).map(value => ({ name, value }))
        })
      })
    },
    count: (name, least) => ifGiven(text(name), value => readCount(name, value, least)),
    bytes: name => ifGiven(text(name), value => readBytes(name, value)),
    milliseconds: name => ifGiven(text(name), value => readMilliseconds(name, value)),
  }
}

/**
 * Joins options to their values where those start with a hyphen, as in `--send '-L -c'`: minimist would take them for
 * options. What is an option of this command is never taken for a value.
 */
function withValues(words: readonly string[], options: Table['options']): string[] {
  const valued = options.filter(option => option.value !== undefined).map(({ name }) => `--${name}`)
  const known = options.flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])])
  const joined: string[] = []
  for (const word of words) {
    const option = joined.at(-1) ?? ''
    const isValue = valued.includes(option) && /^-[^-]|^--./.test(word) && !known.includes(word.replace(/=.*/s, ''))
    if (isValue) joined[joined.length - 1] = `${option}=${word}`
    else joined.push(word)
  }
  return joined
}

const ifGiven = <T>(value: string | undefined, read: (value: string) => T): T | undefined =>
  value === undefined ? undefined : read(value)

function readCount(name: string, value: string, least: number): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number) || number < least) {
    throw usageError(`--${name} is '${value}'`, `give a whole number, at least ${least}`)
  }
  return number
}

const binaryUnits = ['', 'K', 'M', 'G', 'T', 'P']

function readBytes(name: string, value: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([KMGTP]?)(?:i?B)?$/i.exec(value) ?? []
  const bytes = Math.floor(Number(digits) * 1024 ** binaryUnits.indexOf((unit ?? '').toUpperCase()))
  if (digits === undefined || !Number.isSafeInteger(bytes) || bytes < 1) {
    throw usageError(`--${name} is '${value}'`, 'give a size like 5242880, 64M or 1G')
  }
  return bytes
}

const secondsIn: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400 }

function readMilliseconds(name: string, value: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(value) ?? []
  const seconds = secondsIn[unit]
  if (digits === undefined || seconds === undefined) {
    throw usageError(`--${name} is '${value}'`, 'give a time like 30s, 5m or 2h')
  }
  return Number(digits) * seconds * 1000
}
