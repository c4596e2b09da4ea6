/** What --bypasses prints: the streams to store, and the command that stores each. */
import { type Bypass, bypasses } from '../../chain/bypasses.js'
import type { Edge, Snapshot } from '../../chain/edge.js'
import { edgeTitle, listed, splitSnapshot } from '../../chain/names.js'
import { datasetOf } from '../../chain/names.js'
import { storedBytes } from '../../chain/record.js'
import type { Retention } from '../../chain/retain.js'
import type { Arguments } from '../../cli/arguments.js'
import type { Context } from '../../cli/command.js'
import { write, writeRecord } from '../../cli/ndjson.js'
import { shellQuoted } from '../../cli/shell.js'
import { refused, usageError } from '../../failure.js'
import { localSnapshots, sendCommand } from '../../zfs/zfs.js'

/** Throws status 3 for a name that no command line should have, 2 where a chain went through a filter that isn't given. */
export async function printBypasses(context: Context, retention: Retention, maxLinks: number): Promise<void> {
  const { args, name, stdout, stderr } = context
  const mayUse = args.flag('local') ? await localNames(retention.graph.links.map(link => link.edge)) : () => true
  const { bypasses: found, without } = bypasses(retention, { mayUse, maxLinks })
  // All of them are made before any is printed: half a script would be run.
  const lines = found.map(bypass => ({ bypass, command: commandLine(bypass, args) }))
  for (const { bypass, command } of lines) {
    if (args.flag('shell')) await write(stdout, `${command}\n`)
    else await writeRecord(stdout, bypassRecord(bypass, command))
  }
  if (without.length > 0) {
    const why = args.flag('local')
      ? 'it, or every base that would do, is no longer on this machine'
      : 'no base would do'
    stderr.write(`${name}: no bypass can be made to ${listed(without.map(each => each.name))}: ${why}\n`)
  } else if (found.length === 0 && retention.held.size > 0) {
    const held = 'what is held is what chains begin with, or is shorter than what goes round it'
    stderr.write(`${name}: no bypass would let more go: ${held}\n`)
  }
}

function bypassRecord({ base, snapshot, frees, linksBefore, linksAfter }: Bypass, command: string): object {
  const bytes = frees.map(storedBytes)
  return {
    snapshot: snapshot.name,
    guid: snapshot.guid,
    base: base.name,
    base_guid: base.guid,
    frees_edges: frees.length,
    frees_bytes: bytes.reduce((sum, each) => (sum === null || each === null ? null : sum + each), 0),
    links_before: linksBefore,
    links_after: linksAfter,
    command,
  }
}

/** `zfs send ... | zfs2s3-put ...`. Names come from a catalog: they are quoted, and what ZFS would not have named so is refused. */
function commandLine({ base, snapshot, like }: Bypass, args: Arguments): string {
  for (const { name } of [base, snapshot]) {
    if (splitSnapshot(name) === null || name.startsWith('-')) {
      throw refused(`'${name}' can't be the name of a snapshot`, 'look into the catalog before anything is run')
    }
  }
  const filter = neededFilter(like, args.text('filter'))
  const send = sendCommand(snapshot.name, base.name, sendFlags(like))
  const put = ['zfs2s3-put', snapshot.name, '--base', base.name, ...(filter === undefined ? [] : ['--filter', filter])]
  return `${send.map(shellQuoted).join(' ')} | ${put.map(shellQuoted).join(' ')}`
}

/**
 * The flags that a stream needs so that it fits the chain of this one (chain/fit.ts). Raw streams have large blocks and
 * compressed ones as they are on disk (zfs-send(8), -w). The Python tool, which noted nothing, sent raw.
 */
function sendFlags({ stream }: Edge): string[] {
  if (stream === null || stream.raw) return ['-w']
  return [...(stream.largeBlocks ? ['-L'] : []), ...(stream.compressed ? ['-c'] : [])]
}

/**
 * The user's filter, for a chain that went through one. What was encrypted before must not be stored in the clear because its
 * filter was forgotten; and a command that the catalog has is never put where it would be run.
 */
function neededFilter(like: Edge, filter: string | undefined): string | undefined {
  const isUnread = like.stream === null && like.verified !== null
  if (like.filter === null && !isUnread) return undefined
  if (filter !== undefined) return filter
  const how = like.filter === null ? 'was stored unread' : `was stored through the filter: ${like.filter}`
  throw usageError(`${edgeTitle(like)} ${how}`, 'say with --filter what the new stream is to go through')
}

/** Whether a snapshot is on this machine, by name and GUID. */
async function localNames(edges: readonly Edge[]): Promise<(snapshot: Snapshot) => boolean> {
  const found = new Map<string, string>()
  const asked = new Set<string>()
  for (const dataset of new Set(edges.map(edge => datasetOf(edge.snapshot)))) {
    if (asked.has(dataset) || dataset.startsWith('-')) continue
    asked.add(dataset)
    for (const [owner, snapshots] of (await localSnapshots(dataset)) ?? []) {
      asked.add(owner)
      for (const { name, guid } of snapshots) found.set(guid, name)
    }
  }
  return ({ name, guid }) => found.get(guid) === name
}
