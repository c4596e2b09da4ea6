/** What a command line means. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Arguments, parseArguments } from '#src/cli/arguments.js'
import { Failure } from '#src/failure.js'

const table = {
  positionals: 1,
  takesCommand: true,
  options: [
    { name: 'base', short: 'i', value: 'DS@PREV', help: '' },
    { name: 'have', value: 'DS@SNAP', repeats: true, help: '' },
    { name: 'lack', short: 'l', value: 'DS@SNAP', repeats: true, help: '' },
    { name: 'send', value: 'FLAGS', help: '' },
    { name: 'part-size', value: 'SIZE', help: '' },
    { name: 'retry-for', value: 'TIME', help: '' },
    { name: 'concurrency', value: 'N', help: '' },
    { name: 'dry-run', short: 'n', help: '' },
    { name: 'hold', help: '' },
  ],
} as const

const parse = (line: string): Arguments => parseArguments(line === '' ? [] : line.split(' '), table)

/** What is asked for, of a command line. */
type Reading = (args: Arguments) => unknown
const text: Reading = args => args.text('base')
const positionals: Reading = args => args.positionals
const bytes: Reading = args => args.bytes('part-size')
const milliseconds: Reading = args => args.milliseconds('retry-for')
const count: Reading = args => args.count('concurrency', 1)
const inOrder: Reading = args => args.inOrder('have', 'lack').map(({ name, value }) => `${name} ${value}`)

describe('a command line', () => {
  const cases: [line: string, reading: Reading, is: unknown][] = [
    ['', positionals, []],
    ['', text, undefined],
    ['', args => args.flag('hold'), false],
    ['', args => args.command, []],
    ['a@b', positionals, ['a@b']],
    ['11016576939197236312', positionals, ['11016576939197236312']],
    ['--base a@b', text, 'a@b'],
    ['--base=a@b', text, 'a@b'],
    ['-i a@b', text, 'a@b'],
    ['-i @b x@y', positionals, ['x@y']],
    ['x@y -i @b', text, '@b'],
    ['--base 11016576939197236312', text, '11016576939197236312'],
    ['--hold', args => args.flag('hold'), true],
    ['-n', args => args.flag('dry-run'), true],
    ['--hold x@y', positionals, ['x@y']],
    ['--have a@1 --have a@2', args => args.list('have'), ['a@1', 'a@2']],
    ['', inOrder, []],
    ['--have 1 --have 2 x@y', inOrder, ['have 1', 'have 2']],
    [
      '-l 1 --have 2 --lack=3 -l4 -nl 5 --have 6 x@y',
      inOrder,
      ['lack 1', 'have 2', 'lack 3', 'lack 4', 'lack 5', 'have 6'],
    ],
    ['--send --raw', args => args.text('send'), '--raw'],
    ['--send -L', args => args.text('send'), '-L'],
    ['--send=-L --hold', args => args.flag('hold'), true],
    ['x@y -- zfs send -i a x@y', args => args.command, ['zfs', 'send', '-i', 'a', 'x@y']],
    ['x@y -- zfs send -i a x@y', text, undefined],
    ['--part-size 1', bytes, 1],
    ['--part-size 5242880', bytes, 5242880],
    ['--part-size 5M', bytes, 5242880],
    ['--part-size 5MiB', bytes, 5242880],
    ['--part-size 5mb', bytes, 5242880],
    ['--part-size 1.5K', bytes, 1536],
    ['--part-size 2T', bytes, 2 * 1024 ** 4],
    ['--retry-for 0', milliseconds, 0],
    ['--retry-for 30', milliseconds, 30_000],
    ['--retry-for 1.5s', milliseconds, 1500],
    ['--retry-for 5m', milliseconds, 300_000],
    ['--retry-for 2h', milliseconds, 7_200_000],
    ['--concurrency 1', count, 1],
    ['--concurrency 64', count, 64],
  ]
  for (const [line, reading, is] of cases) {
    it(`'${line}' is ${JSON.stringify(is)}`, () => assert.deepEqual(reading(parse(line)), is))
  }

  it("a value of several words may start with a hyphen: --send '-L -c'", () =>
    assert.equal(parseArguments(['--send', '-L -c', 'x@y'], table).text('send'), '-L -c'))

  const wrong: [line: string, reading: Reading, says: string][] = [
    ['--frobnicate', positionals, 'there is no option --frobnicate'],
    ['-x', positionals, 'there is no option -x'],
    ['--dry', positionals, 'there is no option --dry'],
    ['x@y z@y', positionals, "'z@y' is one argument too many"],
    ['--base', positionals, '--base needs a value'],
    ['--base=', positionals, '--base needs a value'],
    ['--base --hold', positionals, '--base needs a value'],
    ['--base a@b --base a@c', positionals, '--base is given twice'],
    ['-i a@b --base a@c', positionals, '--base is given twice'],
    ['-n1', positionals, "--dry-run takes no value, and has '1'"],
    ['-nl4 x@y', positionals, "--dry-run takes no value, and has 'l4'"],
    ['x@y --', positionals, 'there is no command behind --'],
    ['--part-size 0', bytes, "--part-size is '0'"],
    ['--part-size 5X', bytes, "--part-size is '5X'"],
    ['--part-size -5', bytes, "--part-size is '-5'"],
    ['--part-size 9999999P', bytes, "--part-size is '9999999P'"],
    ['--retry-for soon', milliseconds, "--retry-for is 'soon'"],
    ['--retry-for 5w', milliseconds, "--retry-for is '5w'"],
    ['--concurrency 0', count, "--concurrency is '0'"],
    ['--concurrency 1.5', count, "--concurrency is '1.5'"],
    ['--concurrency 99999999999999999999', count, "--concurrency is '99999999999999999999'"],
  ]
  for (const [line, reading, says] of wrong) {
    it(`'${line}' is wrong: ${says}`, () =>
      assert.throws(
        () => reading(parse(line)),
        (error: unknown) => error instanceof Failure && error.status === 2 && error.message === says,
      ))
  }

  it('an option that is not in the table is a bug of ours, not of the user', () =>
    assert.throws(() => parse('').text('nothing'), /no option --nothing in the table/))
})
