/** rm is killed at every step; the catalog never lists what is gone, and the next command finishes what was begun. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { fixture } from '../fixtures.js'
import { atOnce } from './effort.js'
import { Site } from './site.js'

const base = fixture('chain-1.zs')
const increment = fixture('chain-1-2.zs')
const put = ['--part-size', '4000', '--max-parts', '3']
const rm = ['tank/chain@day2', '--base', 'tank/chain@day1']

const prepared = await Site.open()
assert.equal((await prepared.run('put', [], { stdin: base })).status, 0)
assert.equal((await prepared.run('put', put, { stdin: increment })).status, 0)
const [kept, removed] = await prepared.catalog()
assert.ok(kept !== undefined && removed !== undefined)
assert.equal(removed.volumes.length, 2, 'the increment should have two volumes')
const start = await prepared.freeze()

/** The steps of an undisturbed one. */
const steps = await (async () => {
  const site = await Site.open(start)
  const { status, stderr } = await site.run('rm', rm)
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
  const all = site.steps()
  await site.close()
  return all
})()

/** All that the catalog lists is in S3, to the last byte. */
async function assertListedIsThere(site: Site) {
  const contents = new Map([
    ['tank/chain@day1', base],
    ['tank/chain@day2', increment],
  ])
  const edges = await site.catalog()
  for (const edge of edges) assert.ok(contents.get(edge.snapshot.name)?.equals(await site.stored(edge)))
  assert.deepEqual(edges[0], kept)
}

/** Nothing is left half done. A draft that was not finished is replaced when that file is written again. */
function assertTidy(site: Site) {
  assert.deepEqual(
    site.files().filter(name => !name.endsWith('.new')),
    ['stored_snapshots.yml'],
  )
}

describe('rm that is killed', { concurrency: atOnce }, () => {
  after(() => rmSync(start, { recursive: true }))

  for (const [index, step] of steps.entries()) {
    it(`${step.what}, and then ${index % 2 === 0 ? 'rm' : 'put'}`, () =>
      Site.use(async site => {
        assert.equal((await site.run('rm', rm, { dieAt: step })).signal, 'SIGKILL')
        await assertListedIsThere(site)
        const listed = (await site.catalog()).length === 2
        const next = await (index % 2 === 0 ? site.run('rm', rm) : site.run('put', put, { stdin: increment }))
        await assertListedIsThere(site)
        assertTidy(site)
        const edges = (await site.catalog()).length
        if (index % 2 === 0) {
          assert.equal(next.status, listed ? 0 : 3, next.stderr)
          assert.equal(edges, 1)
          for (const { key } of removed.volumes) await assert.rejects(site.server.read(key), /no object/)
        } else {
          assert.equal(next.status, listed ? 3 : 0, next.stderr)
          assert.equal(edges, 2)
        }
      }, start))
  }
})
