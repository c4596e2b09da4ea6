import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { dropRemoval, noteRemoval, pendingRemovals } from '#src/catalog/removals.js'
import { edge } from '../chain/notation.js'
import { temporary } from './temporary.js'

const removalOf = (what: string) => ({ bucket: 'bucket', edge: edge(what), upload: `upload of ${what}` })

describe('notes of removals', () => {
  it('there are none at first, nor is anything made by looking', async test => {
    const dataDir = await temporary(test)
    assert.deepEqual(await pendingRemovals(dataDir), [])
    assert.deepEqual(await readdir(dataDir), [])
  })
  it('are there until they are dropped', async test => {
    const dataDir = join(await temporary(test), 'new')
    const first = await noteRemoval(dataDir, removalOf('a>b'))
    const second = await noteRemoval(dataDir, removalOf('b>c+d'))
    assert.deepEqual({ ...first, id: '' }, { ...removalOf('a>b'), id: '' })
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
    assert.deepEqual(await pendingRemovals(dataDir), [first, second].sort(byId))
    await dropRemoval(dataDir, first.id)
    assert.deepEqual(await pendingRemovals(dataDir), [second])
  })
  it('noting twice is noting once, dropping twice is dropping once', async test => {
    const dataDir = await temporary(test)
    const { id } = await noteRemoval(dataDir, removalOf('a'))
    assert.equal((await noteRemoval(dataDir, removalOf('a'))).id, id)
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
