/** The options of retain, and the policy that they make. */
import { isEmpty, type Policy } from '../../chain/policy.js'
import { type Offset, parseSpan, periods, utc } from '../../chain/period.js'
import type { Arguments } from '../../cli/arguments.js'
import type { Option } from '../../cli/command.js'
import { usageError } from '../../failure.js'

export const policyOptions: readonly Option[] = [
  { name: 'keep-last', value: 'N', help: 'keep the newest N snapshots of each dataset' },
  ...periods.map(period => ({
    name: `keep-${period}`,
    value: 'N',
    help: `keep the newest snapshot of each of the last N ${period === 'daily' ? 'days' : `${period.slice(0, -2)}s`} that have one`,
  })),
  {
    name: 'keep-within',
    value: 'SPAN',
    help: 'keep what is less than 30d, 2w, 6m (months), 1y or 36h older than the newest snapshot of its dataset',
  },
  {
    name: 'keep',
    value: 'PATTERN',
    repeats: true,
    help: "keep what is called so behind the @, as '*-monthly' (* for any characters, ? for one); with an @, by the whole name",
  },
  { name: 'utc', help: 'count days and the rest in UTC' },
  { name: 'max-links', value: 'N', help: 'keep also what keeps chains within N streams' },
  { name: 'explain', help: 'print all edges: why each stays (keep, held_for), or that it goes' },
]

export const bypassOptions: readonly Option[] = [
  { name: 'bypasses', help: 'print what to store so that more can go' },
  { name: 'local', help: 'with --bypasses, only of snapshots that this machine still has (asks zfs)' },
  { name: 'shell', help: 'with --bypasses, print only the commands' },
  { name: 'filter', value: 'COMMAND', help: 'with --bypasses, the filter for chains that were stored through one' },
]

/** Throws a usage error where no policy is given, or options that make no sense together. */
export function policyOf(args: Arguments): Policy {
  const [last, hourly, daily, weekly, monthly, yearly] = ['last', ...periods].map(each => number(args, `keep-${each}`))
  const within = args.text('keep-within')
  const span = within === undefined ? null : parseSpan(within)
  if (within !== undefined && span === null) {
    throw usageError(`--keep-within is '${within}'`, 'give a span like 30d, 2w, 6m (months), 1y6m or 36h')
  }
  const policy: Policy = {
    last: last ?? 0,
    hourly: hourly ?? 0,
    daily: daily ?? 0,
    weekly: weekly ?? 0,
    monthly: monthly ?? 0,
    yearly: yearly ?? 0,
    within: span,
    names: args.list('keep'),
    offsetOf: args.flag('utc') ? utc : local,
  }
  if (isEmpty(policy)) {
    throw usageError(
      'no policy is given, and without one nothing would be kept',
      'say what to keep: --keep-daily 7, ...',
    )
  }
  if (!args.flag('bypasses')) {
    for (const { name, value } of bypassOptions.slice(1)) {
      const isGiven = value === undefined ? args.flag(name) : args.text(name) !== undefined
      if (isGiven) throw usageError(`--${name} is given without --bypasses`)
    }
  } else if (args.flag('explain')) throw usageError('--explain and --bypasses are given', 'choose one')
  return policy
}

/** That of this machine. Not through Intl, which takes as long to load as all our own files. */
const local: Offset = time => new Date(time).getTimezoneOffset() * -60_000

/** As in restic: 0 is as if it were not given. */
function number(args: Arguments, name: string): number {
  return args.text(name) === 'unlimited' ? Infinity : (args.count(name, 0) ?? 0)
}
