/**
 * The text of the catalog. It is the Python tool's YAML with our facts as extra keys of each backup, written with one
 * edge a line, in JSON's subset of YAML as far as possible: lines that we wrote are read without a YAML parser, 100,000
 * in a second or two. Whatever else is there, as the Python tool's own output, goes through catalog/yaml.ts.
 */
import type { Edge, Snapshot } from '../chain/edge.js'
import { edgeTitle, objectKey } from '../chain/names.js'
import { edgeDetails, edgeToRecord, recordToEdge } from '../chain/record.js'
import { Failure, failed } from '../failure.js'
import { damaged, listOf, mapOf, parseYaml, plainOf, type YamlNode } from './yaml.js'

/** Raised when an older zfs2s3 must not touch the file any more. The Python tool keeps the key but doesn't look at it. */
const version = 1

// PyYAML drops comments: a file with the first line is all ours, and must then have the last one as well.
const firstLine = '# The catalog of zfs2s3: what is stored in S3. Change it through the commands only.\n'
const header = `${firstLine}!S3BackupStructureDto\nversion: ${version}\n`
const lastLine = '# end\n'

/** The catalog file that holds these edges. */
export function catalogText(edges: readonly Edge[]): string {
  if (edges.length === 0) return `${header}backups: []\n${lastLine}`
  return `${header}backups:\n${edges.map(edgeLine).join('')}${lastLine}`
}

function edgeLine(edge: Edge): string {
  const snapshot = ({ name, guid }: Snapshot): string => `!SnapshotDto {name: ${json(name)}, guid: "${guid}"}`
  const base = edge.base === null ? 'null' : snapshot(edge.base)
  return `- !S3BackupDto {snapshot: ${snapshot(edge.snapshot)}, base: ${base}, ${json(edgeDetails(edge)).slice(1)}\n`
}

/** JSON in ASCII: PyYAML refuses some characters that JSON allows, and all of these escapes are YAML as well. */
function json(value: unknown): string {
  const text = JSON.stringify(value)
  if (!/[^ -~]/.test(text)) return text
  return text.replace(/[^ -~]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * The edges in a catalog's text; `path` is for messages. Throws a Failure (status 1) where it is damaged, or was
 * written by a newer version.
 */
export async function parseCatalog(text: string, path: string): Promise<Edge[]> {
  if (text.trim() === '') {
    throw failed(`${path} is empty, but not for lack of backups: a catalog has a first line`, restoreIt)
  }
  if (text.startsWith(firstLine) && !text.endsWith(lastLine)) {
    throw failed(`${path} is damaged: it breaks off before its last line`, restoreIt)
  }
  const edges = readOurLines(text, path) ?? (await readYaml(text, path))
  return withoutRepetitions(edges, path)
}

const updateIt = 'update zfs2s3 on this machine'

/** If `parseCatalog` threw it because of a newer version's format. */
export const isNewerFormat = (error: unknown): boolean => error instanceof Failure && error.remedy === updateIt

const restoreIt = "restore it from a copy; every object's metadata says what it is, so nothing in the bucket is lost"

const ourLine =
  /^- !S3BackupDto \{snapshot: !SnapshotDto \{name: "([^"\\]*)", guid: "([0-9]+)"\}, base: (?:null|!SnapshotDto \{name: "([^"\\]*)", guid: "([0-9]+)"\}), (".*\})$/

/** The edges of a file that is ours line for line; null where it is not, and the YAML parser must look. */
function readOurLines(text: string, path: string): Edge[] | null {
  if (text === catalogText([])) return []
  const start = `${header}backups:\n`
  if (!text.startsWith(start)) return null
  const edges: Edge[] = []
  const firstEdge = start.split('\n').length
  for (let at = start.length; at < text.length - lastLine.length;) {
    const end = text.indexOf('\n', at)
    const match = ourLine.exec(text.slice(at, end))
    const details = match === null ? null : parseJson(`{${match[5] ?? ''}`)
    if (match === null || details === null) return null
    const ends = { snapshot: match[1], guid: match[2], base: match[3] ?? null, base_guid: match[4] ?? null }
    edges.push(readEdge({ ...details, ...ends }, path, firstEdge + edges.length))
    at = end + 1
  }
  return edges
}

/** The object in `text`, or null where it isn't written as we write it: a key that is there twice must not be overlooked. */
function parseJson(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && json(value) === text ? value : null
  } catch {
    return null
  }
}

async function readYaml(text: string, path: string): Promise<Edge[]> {
  const root = await parseYaml(text, path)
  const catalog = mapOf(root, '!S3BackupStructureDto', path)
  const written = catalog.get('version')?.value ?? version
  if (typeof written !== 'number') throw damaged(path, root.line, 'its version is not a number')
  if (written > version) {
    throw failed(`${path} was written by a newer version of zfs2s3 (format ${written})`, updateIt)
  }
  const backups = catalog.get('backups')
  if (backups === undefined) throw damaged(path, root.line, 'there is no list of backups')
  return listOf(backups, path).map(backup => {
    const { snapshot, base, ...details } = Object.fromEntries(mapOf(backup, '!S3BackupDto', path))
    if (snapshot === undefined) throw damaged(path, backup.line, 'a backup has no snapshot')
    const isIncremental = base !== undefined && (base.value !== null || base.tag !== null)
    const record = { ...endOf(snapshot, path), ...(isIncremental ? baseOf(base, path) : {}) }
    const facts = Object.entries(details).map(([key, value]) => [key, plainOf(value, path)] as const)
    return readEdge({ ...Object.fromEntries(facts), ...record }, path, backup.line)
  })
}

interface End {
  readonly snapshot: unknown
  readonly guid: unknown
}

function endOf(node: YamlNode, path: string): End {
  const fields = mapOf(node, '!SnapshotDto', path)
  const field = (name: string): unknown => fields.get(name)?.value
  return { snapshot: field('name'), guid: field('guid') }
}

function baseOf(node: YamlNode, path: string) {
  const { snapshot, guid } = endOf(node, path)
  return { base: snapshot, base_guid: guid }
}

interface Entry extends End {
  readonly key?: unknown
  readonly base?: unknown
}

/** The Python tool's entries have no key, because it has only one for each pair of names. */
function readEdge(record: Entry, path: string, line: number): Edge {
  const { snapshot, base } = record
  const seedKey = (): string | undefined => {
    if (typeof snapshot !== 'string') return undefined
    return objectKey({ snapshot, base: typeof base === 'string' ? base : null, package: false, volume: 1 }, '')
  }
  try {
    return recordToEdge({ ...record, key: record.key ?? seedKey() })
  } catch (error) {
    if (error instanceof Failure) throw damaged(path, line, error.message, error)
    throw error
  }
}

/** An object can only hold one stream. The same entry twice says nothing new; two that differ can't both be true. */
function withoutRepetitions(edges: readonly Edge[], path: string): Edge[] {
  const byKey = new Map<string, Edge>()
  return edges.filter(edge => {
    const [other] = edge.volumes.flatMap(({ key }) => byKey.get(key) ?? [])
    for (const { key } of edge.volumes) byKey.set(key, edge)
    if (other === undefined) return true
    if (JSON.stringify(edgeToRecord(other)) === JSON.stringify(edgeToRecord(edge))) return false
    throw failed(
      `${path} has two different edges with the object '${edge.volumes[0].key}': ${edgeTitle(other)} (GUID ${other.snapshot.guid}) and ${edgeTitle(edge)} (GUID ${edge.snapshot.guid})`,
      'the later upload replaced the earlier: take the earlier entry out by hand, and all that needs it',
    )
  })
}
