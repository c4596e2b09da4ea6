import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { dropRemoval, noteRemoval, pendingRemovals } from '#src/catalog/removals.js'
import { edge } from '../chain/notation.js'
import { temporary } from './temporary.js'

describe('notes of removals', () => {
  it('there are none at first, nor is anything made by looking', async test => {
    const dataDir = await temporary(test)
    assert.deepEqual(await pendingRemovals(dataDir), [])
    assert.deepEqual(await readdir(dataDir), [])
  })
  it('are there until they are dropped', async test => {
    const dataDir = join(await temporary(test), 'new')
    const first = await noteRemoval(dataDir, 'bucket', edge('a>b'))
    const second = await noteRemoval(dataDir, 'bucket', edge('b>c+d'))
    const pending = new Map((await pendingRemovals(dataDir)).map(note => [note.id, note.edge]))
    assert.deepEqual(
      pending,
      new Map([
        [first, edge('a>b')],
        [second, edge('b>c+d')],
      ]),
    )
    await dropRemoval(dataDir, first)
    assert.deepEqual(await pendingRemovals(dataDir), [{ id: second, bucket: 'bucket', edge: edge('b>c+d') }])
  })
  it('noting twice is noting once, dropping twice is dropping once', async test => {
    const dataDir = await temporary(test)
    const id = await noteRemoval(dataDir, 'bucket', edge('a'))
    assert.equal(await noteRemoval(dataDir, 'bucket', edge('a')), id)
    assert.equal((await pendingRemovals(dataDir)).length, 1)
    await dropRemoval(dataDir, id)
    await dropRemoval(dataDir, id)
    assert.deepEqual(await pendingRemovals(dataDir), [])
  })
  it('a note that was not finished counts for nothing; a damaged one stops the command', async test => {
    const dataDir = await temporary(test)
    await mkdir(join(dataDir, 'removals'))
    await writeFile(join(dataDir, 'removals', `${'0'.repeat(32)}.json.new`), '{"sna')
    assert.deepEqual(await pendingRemovals(dataDir), [])
    for (const text of ['{"sna', '{}', '[]']) {
      await writeFile(join(dataDir, 'removals', `${'0'.repeat(32)}.json`), text)
      await assert.rejects(pendingRemovals(dataDir), { status: 1, message: /removals\/0+\.json is damaged/ })
    }
  })
})
