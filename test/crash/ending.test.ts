/** abort and commit are killed at every step; doing it again ends it, and a stored stream is never given up. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { fixture } from '../fixtures.js'
import { atOnce, oneIn } from './effort.js'
import { Site, type Step } from './site.js'

const stream = fixture('chain-1.zs')
const put = ['--part-size', '20000', '--max-parts', '3']

/** What is left when put was run like that and perhaps killed; and the steps that `command` takes from there. */
async function prepared(args: readonly string[], stdin: Uint8Array, command: string, dieAt?: Step) {
  const site = await Site.open()
  await site.run('put', [...put, ...args], { stdin, ...(dieAt !== undefined && { dieAt }) })
  const start = await site.freeze()
  const trial = await Site.open(start)
  const { status, stderr } = await trial.run(command, [])
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
  const steps = trial.steps()
  const edges = await trial.catalog()
  await trial.close()
  after(() => rmSync(start, { recursive: true }))
  return { start, steps, edges }
}

const files = (site: Site) => site.files().filter(name => name !== 'ID.lock')

/** Kills the command at the step, and runs it again. Its lock may be left, as put.test.ts says. */
const killedAndAgain = (start: string, command: string, step: Step, check: (site: Site) => Promise<void>) =>
  Site.use(async site => {
    assert.equal((await site.run(command, [], { dieAt: step })).signal, 'SIGKILL')
    const again = await site.run(command, [])
    if (again.status !== 0) assert.match(again.stderr, /: no upload is pending/)
    await check(site)
  }, start)

const truncated = await prepared([], stream.subarray(0, 70_000), 'abort')

describe('abort that is killed', { concurrency: atOnce }, () => {
  for (const step of truncated.steps) {
    it(step.what, () =>
      killedAndAgain(truncated.start, 'abort', step, async site => {
        assert.deepEqual(site.openUploads(), [])
        assert.deepEqual(files(site), [])
        assert.deepEqual(await site.catalog(), [])
      }),
    )
  }
})

const held = await prepared(['--hold'], stream, 'commit')

describe('commit that is killed', { concurrency: atOnce }, () => {
  for (const step of oneIn(2, held.steps)) {
    it(step.what, () =>
      killedAndAgain(held.start, 'commit', step, async site => {
        const [edge, ...others] = await site.catalog()
        assert.ok(edge !== undefined && others.length === 0)
        assert.deepEqual({ ...edge, stored: null }, { ...held.edges[0], stored: null })
        assert.ok((await site.stored(edge)).equals(stream))
        assert.deepEqual(site.openUploads(), [])
        assert.deepEqual(files(site), ['stored_snapshots.yml'])
      }),
    )
  }
})

describe('abort of an upload that put had all but finished', { concurrency: atOnce }, () => {
  const find = (what: string): Step => {
    const step = held.steps.find(each => each.what === what)
    assert.ok(step !== undefined, `there is no step ${what}`)
    return step
  }

  it('removes the object that is in no catalog yet', () =>
    Site.use(async site => {
      await site.run('commit', [], { dieAt: find('before rename stored_snapshots.yml') })
      const [volume] = held.edges[0]?.volumes ?? []
      assert.ok((await site.server.read(volume?.key ?? '')).length > 0)
      assert.equal((await site.run('abort', [])).status, 0)
      await assert.rejects(site.server.read(volume?.key ?? ''), /no object/)
      assert.equal((await site.run('pending', [])).stdout, '')
    }, held.start))

  it('leaves the object that the catalog lists', () =>
    Site.use(async site => {
      await site.run('commit', [], { dieAt: find('before unlink uploads/ID.ndjson') })
      assert.equal((await site.run('abort', [])).status, 0)
      const [edge] = await site.catalog()
      assert.ok(edge !== undefined && (await site.stored(edge)).equals(stream))
      assert.deepEqual(files(site), ['stored_snapshots.yml'])
    }, held.start))
})
