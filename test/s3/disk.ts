/** Records on disk: one JSON file each, whole or not there, whenever the process is killed. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** Says what a file is, and in which shape. A directory of another shape is refused. */
const format = 'strict-s3 1'

/** Writes a record aside and puts it in place. Nothing is forced to the disk: a test server may lose a power cut's last second. */
export function writeRecord(path: string, kind: string, record: object): void {
  writeFileSync(`${path}.new`, JSON.stringify({ format, kind, record }))
  renameSync(`${path}.new`, path)
}

/** Removes a record. */
export const removeRecord = (path: string): void => rmSync(path, { force: true })

/** Reads all records of a kind in a folder, which is made if it isn't there. Unfinished ones are removed. */
export function readRecords<T extends object>(folder: string, is: (record: object) => record is T, kind: string): T[] {
  mkdirSync(folder, { recursive: true })
  const records: T[] = []
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.new')) rmSync(`${folder}/${name}`)
    else if (name.endsWith('.json')) records.push(readRecord(`${folder}/${name}`, is, kind))
  }
  return records
}

function readRecord<T extends object>(path: string, is: (record: object) => record is T, kind: string): T {
  const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (
    isObject(content) &&
    'format' in content &&
    content.format === format &&
    'kind' in content &&
    content.kind === kind &&
    'record' in content &&
    isObject(content.record) &&
    is(content.record)
  )
    return content.record
  throw new Error(`${path} was not written by this version of the test server`)
}

/** Whether a value is an object or an array. */
export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
