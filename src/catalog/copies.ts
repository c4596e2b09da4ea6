/** What this machine knows of the catalog's objects in S3: notes in copies.json, so that nobody else's is overwritten. */
import { join } from 'node:path'
import { failed } from '../failure.js'
import { makeDirectory, readIfThere, replaceFile } from './files.js'

export interface CopyNote {
  /** `shared`: the truth is there, not in a file of this machine. */
  readonly role: 'copy' | 'shared'
  /** The version that this machine has seen last and knows all of; null before the first. */
  readonly version: string | null
  /** SHA-256, hexadecimal, of the text that was last sent, whether or not S3 has it. */
  readonly sent: string | null
  /** Whether `version` is what was sent. */
  readonly written: boolean
  /** The day (UTC) on which the service was last seen to honour conditions; null if never. */
  readonly honoured: string | null
}

const pathOf = (dataDir: string): string => join(dataDir, 'copies.json')

/** All notes, by the objects' ids. Throws a Failure where they can't be read. */
export async function copyNotes(dataDir: string): Promise<Readonly<Record<string, CopyNote>>> {
  const text = await readIfThere(pathOf(dataDir))
  if (text === null) return {}
  try {
    const notes: unknown = JSON.parse(text)
    if (typeof notes !== 'object' || notes === null || !Object.values(notes).every(isNote)) throw new Error('no notes')
    return notes as Record<string, CopyNote>
  } catch (error) {
    const remedy = "move it away: the catalog in the bucket is then compared with this machine's before it is replaced"
    throw failed(`${pathOf(dataDir)} is damaged`, remedy, error)
  }
}

const isNote = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false
  const { role, version, sent, written, honoured }: Partial<Record<string, unknown>> = { ...value }
  const isTextOrNull = (field: unknown) => field === null || typeof field === 'string'
  return (
    (role === 'copy' || role === 'shared') &&
    [version, sent, honoured].every(isTextOrNull) &&
    typeof written === 'boolean'
  )
}

/** Notes what is known of one object. One caller at a time: under a lock. */
export async function noteCopy(dataDir: string, id: string, note: CopyNote): Promise<void> {
  await makeDirectory(dataDir)
  const notes = { ...(await copyNotes(dataDir)), [id]: note }
  await replaceFile(pathOf(dataDir), `${JSON.stringify(notes, null, 1)}\n`)
}
