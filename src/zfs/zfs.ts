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

/**
 * How long the stream of `sendCommand`'s arguments will be, as zfs guesses without reading it (zfs-send(8), -nP: a line
 * `size`, a tab, bytes); null where this zfs can't say.
 */
export async function guessedLength(
  snapshot: string,
  base: string | null,
  flags: readonly string[],
): Promise<number | null> {
  const [program = '', ...args] = sendCommand(snapshot, base, ['-nP', ...flags])
  try {
    const { stdout, stderr } = await run(program, args)
    // OpenZFS before 0.8 printed it to stderr.
    const bytes = /^size\t(\d+)$/m.exec(stdout + stderr)?.[1]
    return bytes === undefined ? null : Number(bytes)
  } catch {
    return null
  }
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

/** A snapshot of this machine. */
export interface LocalSnapshot {
  readonly name: string
  readonly guid: string
}

/**
 * The datasets from `dataset` downward, each with its snapshots, oldest first; null where there is no such dataset.
 * (`zfs get`, because the `zfs list` of zfs-fuse shortens GUIDs. Both print a dataset's snapshots in the order of their age.)
 */
export async function localSnapshots(dataset: string): Promise<ReadonlyMap<string, readonly LocalSnapshot[]> | null> {
  const all = await guidsBelow(dataset)
  if (all === null) return null
  const found = new Map<string, LocalSnapshot[]>()
  for (const { name, guid } of all) {
    // Bookmarks have the GUID of a snapshot too, but nothing can be received onto them.
    if (name.includes('#')) continue
    const [owner = '', tag] = name.split('@')
    const snapshots = found.get(owner) ?? []
    found.set(owner, snapshots)
    if (tag !== undefined) snapshots.push({ name, guid })
  }
  return found
}

/** The snapshots of one dataset, and its bookmarks, from which streams can be sent as well; null where it is not there. */
export async function snapshotsAndBookmarks(dataset: string): Promise<readonly LocalSnapshot[] | null> {
  const all = await guidsBelow(dataset)
  return all?.filter(({ name }) => name.startsWith(`${dataset}@`) || name.startsWith(`${dataset}#`)) ?? null
}

/** Everything from `dataset` downward, by the order of `zfs`. */
async function guidsBelow(dataset: string): Promise<LocalSnapshot[] | null> {
  const lines = await output(['get', '-Hp', '-r', '-o', 'name,value', 'guid', dataset])
  if (lines === null) return null
  return lines.split('\n').flatMap(line => {
    const [name = '', guid = ''] = line.split('\t')
    return name === '' ? [] : [{ name, guid }]
  })
}

/** The token that an interrupted `zfs receive -s` has left on a dataset; null where there is none, or zfs knows no tokens. */
export async function resumeToken(dataset: string): Promise<string | null> {
  try {
    const value = (await output(['get', '-H', '-o', 'value', 'receive_resume_token', dataset]))?.trim() ?? ''
    return value === '' || value === '-' ? null : value
  } catch (error) {
    if (messageOf(error).includes('invalid property')) return null
    throw error
  }
}

/** What `zfs2s3 restore` receives with: what is interrupted can be gone on with, and nothing is mounted over anything. */
export const defaultReceiveFlags = ['-s', '-u']

/** The argument list of `zfs receive`. */
export const receiveCommand = (target: string, flags: readonly string[]): string[] => [
  'zfs',
  'receive',
  ...flags,
  target,
]

async function zfs(args: readonly string[], thing: string): Promise<string> {
  const text = await output(args)
  if (text === null) throw refused(`there is no snapshot ${thing} here`, 'see zfs list -t snapshot')
  return text
}

/** What `zfs` prints; null where it says that what it was asked about does not exist. */
async function output(args: readonly string[]): Promise<string | null> {
  try {
    // LC_ALL: what zfs says is looked at below.
    const env = { ...process.env, LC_ALL: 'C' }
    const { stdout } = await run('zfs', [...args], { env, encoding: 'utf8', maxBuffer: Infinity })
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
    if (said.includes('does not exist')) return null
    throw failed(`zfs ${args.join(' ')} failed (${said})`, undefined, error)
  }
}

function stderrOf(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
  return text === '' ? messageOf(error) : text.replaceAll('\n', ' ')
}
