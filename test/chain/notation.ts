/**
 * A short notation for chains: `a` is a full stream of a, `a>b` an increment from a to b, `a>b+c` a stream package that
 * needs a and brings b and c, `a+b>c` one that needs both. Snapshots are called tank/home@a and so on.
 */
import type { Edge, Snapshot } from '#src/chain/edge.js'
import { isPackage } from '#src/chain/record.js'
import { objectKey } from '#src/chain/names.js'

/** The snapshot of a label; its GUID spells the label, so that it is the same everywhere. */
export function snapshot(label: string): Snapshot {
  const guid = Array.from(label).reduce((sum, char) => sum * 131n + BigInt(char.charCodeAt(0)), 1000n) % 2n ** 64n
  return { name: `tank/home@${label}`, guid: guid.toString() }
}

/** One edge, with what `facts` says instead of nulls. */
export function edge(text: string, facts: Partial<Edge> = {}): Edge {
  const [left, right] = text.includes('>') ? text.split('>') : ['', text]
  const labels = (part = ''): Snapshot[] => (part === '' ? [] : part.split('+').map(label => snapshot(label.trim())))
  const needs = labels(left)
  const provides = labels(right)
  const end = provides.at(-1)
  if (end === undefined) throw new Error(`no snapshot in '${text}'`)
  const base = needs[0] ?? null
  const made: Edge = {
    snapshot: end,
    base,
    provides,
    needs,
    volumes: [{ key: '', bytes: null, sha256: null, etag: null }],
    partSize: null,
    storageClass: null,
    created: null,
    stored: null,
    filter: null,
    verified: null,
    verifiedAt: null,
    stream: null,
    index: null,
  }
  const key = objectKey({ snapshot: end.name, base: base?.name ?? null, package: isPackage(made), volume: 1 }, '')
  return { ...made, volumes: [{ key, bytes: null, sha256: null, etag: null }], ...facts }
}

/** Several edges. One that is there twice gets a key of its own each time, by its place in the list. */
export function edges(...texts: string[]): Edge[] {
  const seen = new Set<string>()
  return texts.map((text, index) => {
    const made = edge(text)
    const [volume] = made.volumes
    if (!seen.has(volume.key)) {
      seen.add(volume.key)
      return made
    }
    return { ...made, volumes: [{ ...volume, key: `${index}/${volume.key}` }] }
  })
}

/** The notation of an edge. */
export function text(edge: Edge): string {
  const labels = (list: readonly Snapshot[]): string => list.map(one => one.name.slice('tank/home@'.length)).join('+')
  return edge.needs.length === 0 ? labels(edge.provides) : `${labels(edge.needs)}>${labels(edge.provides)}`
}
