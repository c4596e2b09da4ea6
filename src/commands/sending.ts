/** What the commands that run `zfs send` themselves run it with. */
import type { Context, Option } from '../cli/command.js'
import { defaultSendFlags } from '../zfs/zfs.js'

/** What `zfs send` is run with. */
export const sendOption: Option = {
  name: 'send',
  value: 'FLAGS',
  help: `flags for zfs send, separated by spaces (ZFS2S3_SEND_FLAGS; default ${defaultSendFlags.join(' ')})`,
}

/** The flags of `--send` or its variable. Set to nothing they are none. */
export function sendFlags({ args, env }: Pick<Context, 'args' | 'env'>): readonly string[] {
  const flags = args.text('send') ?? env.ZFS2S3_SEND_FLAGS
  return flags === undefined ? defaultSendFlags : flags.split(' ').filter(flag => flag !== '')
}
