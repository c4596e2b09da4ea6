import assert from 'node:assert/strict'
import { copyFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readSeedUpload, removeSeedUpload, seedLayout, writeSeedSchedule } from '#src/catalog/seed-upload.js'
import { snapshot } from '../chain/notation.js'
import { fixturePath } from '../fixtures.js'
import { noPython, seedTool } from './python.js'
import { temporary } from './temporary.js'

const schedule = 'upload_schedule.yml'
const progress = 'upload_progress.yml'
const give = async (dataDir: string, ...names: string[]) => {
  for (const name of names) await copyFile(fixturePath(`python-tool/${name}`), join(dataDir, name))
}

const scheduled = {
  snapshot: { name: 'tank/home@2026-02-01', guid: '5959002513421229021' },
  base: { name: 'tank/home@2026-01-01', guid: '16989532079955219030' },
  key: 'tank/home@2026-02-01 <- tank/home@2026-01-01',
  size: 209715200,
  chunkSize: 78643200,
  chunkCount: 3,
}
const done = { chunksDone: 2, uploadId: 'abc.upload-id', etags: ['"e1"', '"e2"'] }

describe("the Python tool's upload in progress", () => {
  it('is none where neither file is there', async test => {
    assert.equal(await readSeedUpload(await temporary(test)), null)
  })
  it('is read from both files', async test => {
    const dataDir = await temporary(test)
    await give(dataDir, schedule, progress)
    assert.deepEqual(await readSeedUpload(dataDir), { ...scheduled, ...done })
  })
  it('is read from the schedule alone: nothing was sent yet', async test => {
    const dataDir = await temporary(test)
    await give(dataDir, schedule)
    assert.deepEqual(await readSeedUpload(dataDir), { ...scheduled, chunksDone: 0, uploadId: null, etags: [] })
  })
  it('is read from the progress alone: what it was of is not known, but it can be aborted', async test => {
    const dataDir = await temporary(test)
    await give(dataDir, progress)
    const unknown = { snapshot: null, base: null, key: null, size: null, chunkSize: null, chunkCount: null }
    assert.deepEqual(await readSeedUpload(dataDir), { ...unknown, ...done })
  })
  it('is gone once removed, and removing is fine where there is none', async test => {
    const dataDir = await temporary(test)
    await give(dataDir, schedule, progress)
    await removeSeedUpload(dataDir)
    assert.deepEqual(await readdir(dataDir), [])
    await removeSeedUpload(dataDir)
    await removeSeedUpload(join(dataDir, 'not', 'there'))
  })
  const broken: [what: string, name: string, text: string, message: RegExp][] = [
    ['an empty schedule', schedule, '', /upload_schedule.yml, line 1: there is no tag/],
    ['a schedule of another class', schedule, '!Other {}', /the tag is !Other/],
    ['a schedule without layout', schedule, '!S3UploadScheduleDto {backup: !S3BackupDto {}}', /"layout" is missing/],
    ['a progress that counts in words', progress, '!S3UploadProgressDto {chunks_done: two}', /not a whole number/],
    ['a progress without its id', progress, '!S3UploadProgressDto {chunks_done: 1}', /"upload_id" is missing/],
  ]
  for (const [what, name, text, message] of broken) {
    it(`${what} stops the command`, async test => {
      const dataDir = await temporary(test)
      await writeFile(join(dataDir, name), text)
      await assert.rejects(readSeedUpload(dataDir), { name: 'Failure', status: 1, message })
    })
  }
})

describe('chunks as the Python tool cuts them', () => {
  const MiB = 1024 ** 2
  const TiB = 1024 ** 4
  const cases: [what: string, size: number, chunkSize: number, chunkCount: number][] = [
    ['nothing', 0, 75 * MiB, 0],
    ['one byte', 1, 75 * MiB, 1],
    ['exactly one chunk', 75 * MiB, 75 * MiB, 1],
    ['a byte more', 75 * MiB + 1, 75 * MiB, 2],
    ["its sample's", 209715200, 78643200, 3],
    ['the most that chunks of 75 MiB hold', 750_000 * MiB, 75 * MiB, 10_000],
    ['a byte more than that', 750_000 * MiB + 1, 75 * MiB + 1, 10_000],
    ['the largest object', 5 * TiB, Math.ceil((5 * TiB) / 10_000), 10_000],
  ]
  for (const [what, size, chunkSize, chunkCount] of cases) {
    it(what, () => {
      assert.deepEqual(seedLayout(size), { size, chunkSize, chunkCount })
    })
  }
  it('more than an object can hold is refused', () => {
    assert.throws(() => seedLayout(5 * TiB + 1), { status: 3, message: /5 TiB/ })
  })
})

describe('a schedule that we write', () => {
  it('is what we read', async test => {
    const dataDir = join(await temporary(test), 'new')
    await writeSeedSchedule(dataDir, scheduled.snapshot, scheduled.base, scheduled.size)
    assert.deepEqual(await readSeedUpload(dataDir), { ...scheduled, chunksDone: 0, uploadId: null, etags: [] })
  })
  it('is what the Python tool reads', { skip: noPython }, async test => {
    for (const base of [null, snapshot('a')]) {
      const dataDir = await temporary(test)
      await writeSeedSchedule(dataDir, snapshot('b 1'), base, 5)
      const layout = { chunkcount: 1, chunksize: 78643200, size: 5 }
      const said: unknown = JSON.parse(seedTool('--schedule', join(dataDir, schedule)))
      assert.deepEqual(said, { snapshot: snapshot('b 1'), base, layout })
    }
  })
  it('is refused while an upload is in progress', async test => {
    const dataDir = await temporary(test)
    await give(dataDir, progress)
    await assert.rejects(writeSeedSchedule(dataDir, snapshot('a'), null, 1), { status: 3, message: /in progress/ })
  })
})
