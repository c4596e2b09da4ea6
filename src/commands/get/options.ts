/** What the commands that read streams back have in common. */
import type { Context, Option } from '../../cli/command.js'

export const concurrencyOption: Option = {
  name: 'concurrency',
  value: 'N',
  help: 'ranges of 8 MiB that are fetched at a time, or wait in memory to be written (default 8)',
}

/** How many ranges are fetched at a time. */
export const rangesAtATime = ({ args }: Pick<Context, 'args'>): number => args.count('concurrency', 1) ?? 8
