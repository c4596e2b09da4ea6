/**
 * The Python tool's upload in progress: upload_schedule.yml, what is to be uploaded and in what chunks, and
 * upload_progress.yml, how far that is. Either may be there alone: the schedule before the first chunk.
 */
import { join } from 'node:path'
import type { Snapshot } from '../chain/edge.js'
import { objectKey } from '../chain/names.js'
import { isGuid } from '../chain/guid.js'
import { refused } from '../failure.js'
import { makeDirectory, readIfThere, removeFile, replaceFile } from './files.js'
import { damaged, listOf, mapOf, parseYaml, type YamlNode } from './yaml.js'

/** What is known of the upload; null where the file that would say it isn't there. */
export interface SeedUpload {
  readonly snapshot: Snapshot | null
  readonly base: Snapshot | null
  readonly key: string | null
  /** Bytes in all, and bytes in a chunk. */
  readonly size: number | null
  readonly chunkSize: number | null
  readonly chunkCount: number | null
  readonly chunksDone: number
  /** S3's id of the multipart upload, whose parts are the chunks. */
  readonly uploadId: string | null
  /** Of the chunks that are done, in order. */
  readonly etags: readonly string[]
}

const schedulePath = (dataDir: string): string => join(dataDir, 'upload_schedule.yml')
const progressPath = (dataDir: string): string => join(dataDir, 'upload_progress.yml')

/** The upload that the Python tool left, or null. Throws a Failure where its files can't be read. */
export async function readSeedUpload(dataDir: string): Promise<SeedUpload | null> {
  const schedule = await readSchedule(schedulePath(dataDir))
  const progress = await readProgress(progressPath(dataDir))
  if (schedule === null && progress === null) return null
  return { ...(schedule ?? noSchedule), ...(progress ?? noProgress) }
}

const noSchedule = { snapshot: null, base: null, key: null, size: null, chunkSize: null, chunkCount: null }
const noProgress = { chunksDone: 0, uploadId: null, etags: [] }

async function readSchedule(path: string) {
  const text = await readIfThere(path)
  if (text === null) return null
  const root = mapOf(await parseYaml(text, path), '!S3UploadScheduleDto', path)
  const backup = mapOf(child(root, 'backup', path), '!S3BackupDto', path)
  const layout = mapOf(child(root, 'layout', path), '!S3UploadScheduleLayoutDto', path)
  const snapshot = snapshotIn(child(backup, 'snapshot', path), path)
  const baseNode = child(backup, 'base', path)
  const base = baseNode.value === null ? null : snapshotIn(baseNode, path)
  return {
    snapshot,
    base,
    key: objectKey({ snapshot: snapshot.name, base: base?.name ?? null, package: false, volume: 1 }, ''),
    size: whole(child(layout, 'size', path), path),
    chunkSize: whole(child(layout, 'chunksize', path), path),
    chunkCount: whole(child(layout, 'chunkcount', path), path),
  }
}

async function readProgress(path: string) {
  const text = await readIfThere(path)
  if (text === null) return null
  const root = mapOf(await parseYaml(text, path), '!S3UploadProgressDto', path)
  return {
    chunksDone: whole(child(root, 'chunks_done', path), path),
    uploadId: string(child(root, 'upload_id', path), path),
    etags: listOf(child(root, 'etags', path), path).map(node => string(node, path)),
  }
}

/** Forgets the upload, once S3 has. The upload's id goes last: without it nothing could be aborted any more. */
export async function removeSeedUpload(dataDir: string): Promise<void> {
  await removeFile(schedulePath(dataDir))
  await removeFile(progressPath(dataDir))
}

const mebibyte = 1024 ** 2
/** The Python tool's smallest chunk. */
const smallestChunk = 75 * mebibyte
/** S3's limits: parts of an upload, and bytes of an object (S3 User Guide: Multipart upload limits). */
const mostChunks = 10_000
const largestObject = 5 * 1024 ** 2 * mebibyte

export interface SeedLayout {
  readonly size: number
  readonly chunkSize: number
  readonly chunkCount: number
}

/** How the Python tool cuts a stream of `size` bytes. Throws a refusal where one object can't hold it. */
export function seedLayout(size: number): SeedLayout {
  if (size > largestObject) {
    throw refused(
      `${size} bytes are more than the 5 TiB of one S3 object`,
      'use zfs2s3-put, which goes on in further objects',
    )
  }
  const chunkSize = Math.max(smallestChunk, Math.ceil(size / mostChunks))
  return { size, chunkSize, chunkCount: Math.ceil(size / chunkSize) }
}

/** Writes a schedule for the Python tool. Only under the lock. Refuses while an upload of its is in progress. */
export async function writeSeedSchedule(
  dataDir: string,
  snapshot: Snapshot,
  base: Snapshot | null,
  size: number,
): Promise<SeedLayout> {
  const layout = seedLayout(size)
  const pending = await readSeedUpload(dataDir)
  if (pending !== null) {
    const what = pending.snapshot?.name ?? pending.uploadId ?? 'a snapshot'
    throw refused(`an upload of ${what} is in progress`, 'finish it, or give it up with zfs2s3-abort')
  }
  const snapshotText = ({ name, guid }: Snapshot): string =>
    `!SnapshotDto {guid: '${guid}', name: ${JSON.stringify(name)}}`
  const text = [
    '!S3UploadScheduleDto',
    'backup: !S3BackupDto',
    `  base: ${base === null ? 'null' : snapshotText(base)}`,
    `  snapshot: ${snapshotText(snapshot)}`,
    'layout: !S3UploadScheduleLayoutDto',
    `  chunkcount: ${layout.chunkCount}`,
    `  chunksize: ${layout.chunkSize}`,
    `  size: ${layout.size}`,
    '',
  ].join('\n')
  await makeDirectory(dataDir)
  await replaceFile(schedulePath(dataDir), text)
  return layout
}

function child(map: ReadonlyMap<string, YamlNode>, name: string, path: string): YamlNode {
  const node = map.get(name)
  if (node === undefined) throw damaged(path, 1, `"${name}" is missing`)
  return node
}

function snapshotIn(node: YamlNode, path: string): Snapshot {
  const fields = mapOf(node, '!SnapshotDto', path)
  const guid = child(fields, 'guid', path)
  if (!isGuid(guid.value)) throw damaged(path, guid.line, 'this is not a GUID in quotes')
  return { name: string(child(fields, 'name', path), path), guid: guid.value }
}

function whole(node: YamlNode, path: string): number {
  if (typeof node.value === 'number' && Number.isSafeInteger(node.value) && node.value >= 0) return node.value
  throw damaged(path, node.line, 'this is not a whole number')
}

function string(node: YamlNode, path: string): string {
  if (typeof node.value === 'string') return node.value
  throw damaged(path, node.line, 'this is not text')
}
