/** What is stored, and what is on its way: the catalog, and the uploads in progress as the edges that they will be. */
import type { Edge } from '../chain/edge.js'
import { argumentsToName, type EdgeName, recordToName } from '../chain/find.js'
import { splitSnapshot } from '../chain/names.js'
import { readRecords } from '../cli/ndjson.js'
import type { Ledger } from '../store/ledger.js'
import type { UploadHeader } from '../store/notes.js'
import type { Context, Option } from '../cli/command.js'
import { usageError } from '../failure.js'

/** `--base`, which `-i` may stand for wherever it is. */
export const baseOption: Option = {
  name: 'base',
  short: 'i',
  value: 'DS@PREV',
  help: 'the snapshot that the stream starts from',
}

/** The snapshot and base of a command line. `--base @prev` is short for the same dataset's. */
export function namedSnapshots({
  args,
}: Pick<Context, 'args'>): { snapshot: string; base: string | undefined } | undefined {
  const [snapshot] = args.positionals
  const base = args.text('base')
  if (snapshot === undefined) {
    if (base !== undefined) throw usageError('--base is given without a snapshot', 'name the snapshot as well')
    return undefined
  }
  const dataset = splitSnapshot(snapshot)?.dataset
  return { snapshot, base: base?.startsWith('@') && dataset !== undefined ? dataset + base : base }
}

/** The edges that are meant: the one on the command line, or those whose records come in on stdin. */
export async function namedEdges(context: Context): Promise<EdgeName[]> {
  const named = namedSnapshots(context)
  if (named === undefined) return readRecords(context.stdin, recordToName)
  return [argumentsToName(named.snapshot, named.base)]
}

/** The edge that an upload will be, as far as its beginning says. What it brings isn't certain yet: it only needs. */
export function edgeToBe({ snapshot, base, key, ...header }: Omit<UploadHeader, 'event' | 'version' | 'id'>): Edge {
  return {
    snapshot: { name: snapshot.name, guid: snapshot.guid ?? '0' },
    base,
    provides: [],
    needs: base === null ? [] : [base],
    volumes: [{ key, bytes: null, sha256: null, etag: null }],
    partSize: header.partSize,
    storageClass: header.storageClass,
    created: null,
    stored: null,
    filter: header.filter,
    verified: null,
    verifiedAt: null,
    stream: null,
    index: null,
  }
}

/** The edge that an upload in progress will be: something that stays, and needs what it needs. */
export const edgeInProgress = ({ header, end }: Ledger): Edge => {
  const edge = edgeToBe(header)
  return { ...edge, needs: end?.needs ?? edge.needs }
}
