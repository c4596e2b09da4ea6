/** The options of zfs2s3 restore, and how it runs `zfs receive` with them. */
import type { Context, Option } from '../../cli/command.js'
import { dataDirOption } from '../../cli/settings.js'
import { defaultReceiveFlags } from '../../zfs/zfs.js'
import { command as get } from '../get.js'
import { preferOption } from '../plan.js'

/** Of get's options those that are its own business in a restore: which stream, and from where in it. */
const chosenHere = ['base', 'continue', 'filter', 'data-dir']

/** The options of get that a restore hands on. */
export const readingOptions: readonly Option[] = get.options.filter(({ name }) => !chosenHere.includes(name))

export const restoreOptions: readonly Option[] = [
  { name: 'dry-run', short: 'n', help: 'receive nothing, print the pipelines that would be run' },
  { name: 'verbose', short: 'v', help: 'say each pipeline on stderr, as on a terminal' },
  {
    name: 'receive',
    value: 'FLAGS',
    help: `flags for zfs receive, separated by spaces (ZFS2S3_RECEIVE_FLAGS; default ${defaultReceiveFlags.join(' ')})`,
  },
  {
    name: 'force-rollback',
    short: 'F',
    help: 'let zfs receive -F destroy what the target has beyond the snapshot that a stream goes onto',
  },
  preferOption,
  {
    name: 'filter',
    value: 'PIPELINE',
    help: 'send the streams that were stored through a filter, or unchecked, through this shell pipeline',
  },
  dataDirOption,
  ...readingOptions,
]

/** The flags for `zfs receive`. Set to nothing they are none. */
export function receiveFlags({ args, env }: Pick<Context, 'args' | 'env'>): readonly string[] {
  const given = args.text('receive') ?? env.ZFS2S3_RECEIVE_FLAGS
  const flags = given === undefined ? defaultReceiveFlags : given.split(' ').filter(flag => flag !== '')
  return args.flag('force-rollback') ? [...flags, '-F'] : flags
}

/** If one of the flags is this single letter: `-d`, also in `-ud`, but not in what `-o` and `-x` take. */
export function hasFlag(flags: readonly string[], letter: string): boolean {
  return flags.some((flag, at) => {
    const before = flags[at - 1] ?? ''
    return /^-[A-Za-z]+$/.test(flag) && !/^-[A-Za-z]*[ox]$/.test(before) && flag.includes(letter)
  })
}
