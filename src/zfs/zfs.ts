/** Asking `zfs`, and the argument lists to run it with. The program is `zfs` in PATH. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { errorCode, failed, messageOf, refused } from '../failure.js'

const run = promisify(execFile)

/** What the porcelain sends with, as the Python tool did: encrypted datasets stay encrypted, blocks as they are on disk. */
export const defaultSendFlags = ['--raw']

/** The argument list of `zfs send` for one stream. */
export function sendCommand(snapshot: string, base: string | null, flags: readonly string[]): string[] {
  return ['zfs', 'send', ...flags, ...(base === null ? [] : ['-i', base]), snapshot]
}

/** The argument list that goes on where a resume token says. Its flags are in the token (zfs-send(8), -t). */
export const resumeCommand = (token: string): string[] => ['zfs', 'send', '-t', token]

/** Whether this zfs can go on from a token: it says so without sending. zfs-fuse doesn't know -t, for one. */
export async function canResume(token: string): Promise<boolean> {
  return run('zfs', ['send', '-n', '-t', token]).then(
    () => true,
    () => false,
  )
}

/** The GUID of a snapshot, in decimal. Throws a Failure: status 3 where there is no such snapshot, 1 without `zfs`. */
export async function snapshotGuid(snapshot: string): Promise<string> {
  const guid = (await zfs(['get', '-Hp', '-o', 'value', 'guid', snapshot], snapshot)).trim()
  if (!/^\d+$/.test(guid)) throw failed(`zfs says that the GUID of ${snapshot} is '${guid}'`, 'is it a snapshot?')
  return guid
}

async function zfs(args: readonly string[], thing: string): Promise<string> {
  try {
    // LC_ALL: what zfs says is looked at below.
    const { stdout } = await run('zfs', [...args], { env: { ...process.env, LC_ALL: 'C' }, encoding: 'utf8' })
    return stdout
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      throw failed(
        'there is no zfs command on this machine',
        'install OpenZFS, or use the commands that read a stream',
        error,
      )
    }
    const said = stderrOf(error)
    if (said.includes('does not exist'))
      throw refused(`there is no snapshot ${thing} here`, 'see zfs list -t snapshot', error)
    throw failed(`zfs ${args.join(' ')} failed (${said})`, undefined, error)
  }
}

function stderrOf(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
  return text === '' ? messageOf(error) : text.replaceAll('\n', ' ')
}
