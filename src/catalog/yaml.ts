/**
 * Reading the Python tool's YAML: PyYAML's output, with its classes' tags and with an alias for each object that occurs
 * again. The yaml package parses it; what values mean is decided here as PyYAML decides it (YAML 1.1), because a plain
 * `0o17` or `1e5` is text to PyYAML, which therefore writes it without quotes, and a number to YAML 1.2.
 */
import type { Node as ParsedNode } from 'yaml'
import { failed, messageOf, type Failure } from '../failure.js'

/** A value with its tag and line. A map's keys are plain text. */
export interface YamlNode {
  /** As written, `!SnapshotDto`; null where there is none. */
  readonly tag: string | null
  readonly line: number
  readonly value: null | boolean | number | string | readonly YamlNode[] | ReadonlyMap<string, YamlNode>
}

/** Says where in which file something is wrong. */
export function damaged(path: string, line: number, what: string, cause?: unknown): Failure {
  const remedy = 'mend it by hand or restore it from a copy; nothing was changed'
  return failed(`${path}, line ${line}: ${what}`, remedy, cause)
}

/** Known to the parser, because it makes a warning, stack and all, of each tag that isn't: half of the time with 400 edges. */
const tags = ['!S3BackupStructureDto', '!S3BackupDto', '!SnapshotDto']

/** The one document in `text`. `path` is for messages. Loads the yaml package, which takes a while. */
export async function parseYaml(text: string, path: string): Promise<YamlNode> {
  const { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } = await import('yaml')
  const lineCounter = new LineCounter()
  const document = (() => {
    try {
      const customTags = tags.map(tag => ({ tag, collection: 'map' as const }))
      return parseDocument(text, {
        schema: 'failsafe',
        customTags,
        lineCounter,
        logLevel: 'error',
        prettyErrors: false,
      })
    } catch (error) {
      throw damaged(path, 1, `can't be read as YAML: ${messageOf(error)}`, error)
    }
  })()
  const [error] = document.errors
  if (error !== undefined) {
    throw damaged(path, lineCounter.linePos(error.pos[0]).line, `can't be read as YAML: ${messageOf(error)}`, error)
  }

  // Aliases become references to what has been read, not copies: their number costs nothing and can't multiply.
  const anchors = new Map<string, YamlNode>()
  const lineOf = (node: ParsedNode): number => lineCounter.linePos(node.range?.[0] ?? 0).line
  const valueOf = (node: ParsedNode): YamlNode['value'] => {
    if (isScalar(node)) {
      if (typeof node.value !== 'string') return null
      return node.type === 'PLAIN' ? plainValue(node.value) : node.value
    }
    if (isSeq<ParsedNode>(node)) return node.items.map(convert)
    if (!isMap<ParsedNode, ParsedNode | null>(node)) throw damaged(path, lineOf(node), 'there is something unexpected')
    const map = new Map<string, YamlNode>()
    for (const { key, value } of node.items) {
      if (!isScalar(key) || typeof key.value !== 'string') throw damaged(path, lineOf(node), 'a key is not plain text')
      map.set(key.value, value === null ? { tag: null, line: lineOf(key), value: null } : convert(value))
    }
    return map
  }
  const convert = (node: ParsedNode): YamlNode => {
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target === undefined) throw damaged(path, lineOf(node), `there is no anchor before the alias *${node.source}`)
      return target
    }
    const converted: YamlNode = { tag: node.tag ?? null, line: lineOf(node), value: valueOf(node) }
    if (isScalar(node) || isMap(node) || isSeq(node)) if (node.anchor !== undefined) anchors.set(node.anchor, converted)
    return converted
  }
  if (document.contents === null) return { tag: null, line: 1, value: null }
  return convert(document.contents)
}

/** What PyYAML's resolver makes of a plain scalar, as far as a catalog can have it: everything else is text. */
function plainValue(text: string): null | boolean | number | string {
  if (/^(~|null|Null|NULL|)$/.test(text)) return null
  if (/^(yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(text)) return true
  if (/^(no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(text)) return false
  if (/^[-+]?(0|[1-9][0-9_]*)(\.[0-9_]*)?$/.test(text)) return Number(text.replaceAll('_', ''))
  return text
}

/** The entries of a map with that tag; a Failure where it is something else. */
export function mapOf(node: YamlNode, tag: string | null, path: string): ReadonlyMap<string, YamlNode> {
  if (node.tag !== tag) {
    const found = node.tag === null ? 'there is no tag' : `the tag is ${node.tag}`
    throw damaged(path, node.line, `${found} where ${tag ?? 'none'} belongs`)
  }
  if (!isMapping(node.value)) throw damaged(path, node.line, `${tag ?? 'this'} is not a map of keys and values`)
  return node.value
}

const isMapping = (value: YamlNode['value']): value is ReadonlyMap<string, YamlNode> => value instanceof Map

const isList = (value: YamlNode['value']): value is readonly YamlNode[] => Array.isArray(value)

/** The elements of a list; a Failure where it is something else. */
export function listOf(node: YamlNode, path: string): readonly YamlNode[] {
  if (node.tag === null && isList(node.value)) return node.value
  throw damaged(path, node.line, 'this is not a list')
}

/** What JSON would have for the node; a Failure where there is a tag within it. */
export function plainOf(node: YamlNode, path: string): unknown {
  if (node.tag !== null) throw damaged(path, node.line, `the tag ${node.tag} is not expected here`)
  if (isList(node.value)) return node.value.map(item => plainOf(item, path))
  if (!isMapping(node.value)) return node.value
  return Object.fromEntries([...node.value].map(([key, value]): [string, unknown] => [key, plainOf(value, path)]))
}
