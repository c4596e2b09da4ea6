/**
 * Notes of removals that were begun. rm notes what it is about to remove, takes the edge out of the catalog, deletes the
 * objects and drops the note; a note that is still there belongs to a removal that the next command must finish.
 */
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Edge } from '../chain/edge.js'
import { fieldsOf, stringIn } from '../chain/fields.js'
import { edgeToRecord, recordToEdge } from '../chain/record.js'
import { errorCode, failed, Failure, messageOf } from '../failure.js'
import { fileFailure, makeDirectory, readIfThere, removeFile, replaceFile } from './files.js'

/** A removal that was begun. */
export interface PendingRemoval {
  readonly id: string
  /** Where its objects are. */
  readonly bucket: string
  readonly edge: Edge
  /** Which upload made its objects, as they say themselves; null where that isn't known. */
  readonly upload: string | null
}

const directoryOf = (dataDir: string): string => join(dataDir, 'removals')
const fileOf = (dataDir: string, id: string): string => join(directoryOf(dataDir), `${id}.json`)

/** Notes that an edge is about to be removed, so that a power cut can't make it forgotten. */
export async function noteRemoval(dataDir: string, removal: Omit<PendingRemoval, 'id'>): Promise<PendingRemoval> {
  const { bucket, edge, upload } = removal
  // By the key, which is an edge's own: noting the same removal again replaces the note.
  const id = createHash('sha256').update(`${bucket}/${edge.volumes[0].key}`).digest('hex').slice(0, 32)
  await makeDirectory(directoryOf(dataDir))
  await replaceFile(fileOf(dataDir, id), `${JSON.stringify({ bucket, upload, edge: edgeToRecord(edge) })}\n`)
  return { id, ...removal }
}

/** The removals that were begun and not finished. Throws a Failure where a note can't be read. */
export async function pendingRemovals(dataDir: string): Promise<PendingRemoval[]> {
  const names = await readdir(directoryOf(dataDir)).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return []
    throw fileFailure(`can't read ${directoryOf(dataDir)}`, error)
  })
  const pending: PendingRemoval[] = []
  for (const name of names.sort()) {
    const id = /^([0-9a-f]{32})\.json$/.exec(name)?.[1]
    if (id === undefined) continue
    const text = await readIfThere(fileOf(dataDir, id))
    if (text !== null) pending.push({ id, ...parseNote(text, fileOf(dataDir, id)) })
  }
  return pending
}

/** Drops the note of a removal that is finished, or was given up before anything was removed. */
export async function dropRemoval(dataDir: string, id: string): Promise<void> {
  await removeFile(fileOf(dataDir, id))
}

function parseNote(text: string, path: string): Omit<PendingRemoval, 'id'> {
  try {
    const note = fieldsOf(JSON.parse(text), 'the note')
    const upload = typeof note.upload === 'string' ? note.upload : null
    return { bucket: stringIn(note, 'bucket'), upload, edge: recordToEdge(note.edge) }
  } catch (error) {
    if (!(error instanceof Failure || error instanceof SyntaxError)) throw error
    throw failed(
      `${path} is damaged: ${messageOf(error)}`,
      'it says which object was being removed: see whether that is gone from the bucket, then remove the file',
      error,
    )
  }
}
