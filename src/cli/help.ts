/** A command's description as `--help` prints it. The man pages are made from the same description by scripts/man. */
import { calledAs, type Command, commonOptions, type Option } from './command.js'

/** What the exit statuses mean everywhere (docs/design.md, Exit statuses: the same for every command). */
export const generalStatuses: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'something failed (S3, zfs, disk, network) and may be tried again',
  2: 'wrong usage',
  3: 'the answer is no: a safety rule refuses, or damage or differences were found',
  4: 'the stream is truncated, corrupt or not what it was said to be',
  5: 'not yet: still thawing, or somebody else holds the lock',
}

/** `-i, --base DS@PREV`, as help and man page show an option. */
function optionTitle({ name, short, value }: Option): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
}

/** The whole text of `--help`. */
export function helpText(command: Command): string {
  const name = calledAs(command)
  const statuses = { ...generalStatuses, ...command.statuses }
  const options = [...command.options, ...commonOptions]
  const width = 2 + Math.max(...options.map(option => optionTitle(option).length))
  return [
    `${name} - ${command.summary}`,
    '',
    'Usage:',
    ...command.usage.map(form => `  ${name} ${form}`.trimEnd()),
    '',
    ...command.description.flatMap(paragraph => [...wrap(paragraph, 0), '']),
    'Options:',
    ...options.flatMap(option => hanging(optionTitle(option), option.help, Math.min(width, 30))),
    '',
    command.examples.length > 1 ? 'Examples:' : 'Example:',
    ...command.examples.flatMap(([what, line]) => [`  # ${what}`, `  ${line}`]),
    '',
    'Exit status:',
    ...Object.entries(statuses).flatMap(([status, meaning]) => hanging(status, meaning, 3)),
    '',
  ].join('\n')
}

const lineWidth = 88

/** `title` and, beside it from column `column` on, `text`; below it if the title is too long. */
function hanging(title: string, text: string, column: number): string[] {
  const indent = 2 + column
  const lines = wrap(text, indent)
  const head = `  ${title}`
  if (head.length >= indent) return [head, ...lines]
  const [first = '', ...rest] = lines
  return [head.padEnd(indent) + first.trimStart(), ...rest]
}

function wrap(text: string, indent: number): string[] {
  const lines: string[] = []
  let line = ' '.repeat(indent)
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > lineWidth) {
      lines.push(line)
      line = ' '.repeat(indent)
    }
    line += line.trim() === '' ? word : ` ${word}`
  }
  return [...lines, line]
}
