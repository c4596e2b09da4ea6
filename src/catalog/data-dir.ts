/** Where the catalog and all else that is remembered between commands is kept. */
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * `ZFS2S3_DATA_DIR`, else `$XDG_DATA_HOME/zfs2s3`, else `~/.local/share/zfs2s3`. An empty variable counts as unset, a
 * relative XDG_DATA_HOME too (XDG Base Directory Specification). The directory is made by the first change, not by reading.
 */
export function dataDir(env: Environment): string {
  if (env.ZFS2S3_DATA_DIR) return resolve(env.ZFS2S3_DATA_DIR)
  const data = env.XDG_DATA_HOME
  if (data && isAbsolute(data)) return join(data, 'zfs2s3')
  return join(env.HOME ? resolve(env.HOME) : homedir(), '.local', 'share', 'zfs2s3')
}
