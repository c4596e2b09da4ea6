/** put is killed at every step of its work; whatever it was, going on ends in the object that an undisturbed put makes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Edge } from '#src/chain/edge.js'
import { Continuation } from '#src/stream/continuation.js'
import { decodeToken } from '#src/stream/token.js'
import { fixture } from '../fixtures.js'
import { atOnce, chosen, oneIn, randomFrom, seed, twice } from './effort.js'
import { type Ended, Site, type Step } from './site.js'

const stream = fixture('chain-1.zs')
/** Four parts in two volumes, so that each of them is begun, filled and completed. */
const put = ['--part-size', '20000', '--max-parts', '3']

const reference = await Site.open()
assert.deepEqual(await reference.run('put', put, { stdin: stream }).then(only(['status', 'stderr'])), {
  status: 0,
  stderr: '',
})
const steps = reference.steps()
const wanted = await reference.catalog()
await reference.close()

function only(names: readonly (keyof Ended)[]) {
  return (ended: Ended) => Object.fromEntries(names.map(name => [name, ended[name]]))
}

/** All but when it was stored. */
const facts = (edges: readonly Edge[]) => edges.map(edge => ({ ...edge, stored: null }))

/** What was wanted is there, once, and nothing else. */
async function assertStored(site: Site) {
  const edges = await site.catalog()
  assert.deepEqual(facts(edges), facts(wanted))
  for (const edge of edges) assert.ok((await site.stored(edge)).equals(stream), 'the object differs')
  assert.deepEqual(site.openUploads(), [])
  // The lock of a command that died last is left; it goes when the next upload begins (test/store/ledger-adversity.test.ts).
  assert.deepEqual(
    site.files().filter(name => name !== 'ID.lock'),
    ['stored_snapshots.yml'],
  )
}

/** What `zfs send -t` sends: zfs-fuse can't, and no pool is there to ask. The recorded one is in the command's tests. */
function resumedBy(token: string): Buffer {
  const continuation = new Continuation(decodeToken(token))
  return Buffer.concat(continuation.push(stream))
}

/** What a user does after a crash; `stdin` is for the run that goes on. */
async function goOn(site: Site, stdin: Buffer, dieAt?: Step): Promise<void> {
  const resumed = await site.run('put', ['--resume'], { stdin, ...(dieAt !== undefined && { dieAt }) })
  if (resumed.signal === 'SIGKILL' || resumed.status === 0) return
  assert.match(resumed.stderr, /^zfs2s3-put: no upload is pending/)
  assert.equal(resumed.status, 3)
  if ((await site.catalog()).length > 0) return
  const again = await site.run('put', put, { stdin: stream })
  assert.deepEqual(only(['status', 'stderr'])(again), { status: 0, stderr: '' })
}

async function killAt(site: Site, step: Step) {
  const { signal, stderr } = await site.run('put', put, { stdin: stream, dieAt: step })
  assert.equal(signal, 'SIGKILL', `it was not killed: ${stderr}`)
}

async function goOnFromToken(site: Site) {
  const token = await site.run('token', [])
  await goOn(site, token.status === 0 ? resumedBy(token.stdout) : stream)
}

const cases = (step: Step, work: (site: Site) => Promise<void>) =>
  it(step.what, () =>
    Site.use(async site => {
      await killAt(site, step)
      await work(site)
      await assertStored(site)
    }),
  )

describe('put that is killed goes on with the stream from its start', { concurrency: atOnce }, () => {
  for (const step of oneIn(2, steps)) cases(step, site => goOn(site, stream))
})

describe('put that is killed goes on from a token', { concurrency: atOnce }, () => {
  for (const step of oneIn(8, steps)) cases(step, goOnFromToken)
})

describe(`put is killed again while it goes on (ZFS2S3_TEST_SEED=${seed})`, { concurrency: atOnce }, () => {
  const random = randomFrom(seed)
  for (let turn = 1; turn <= twice; turn += 1) {
    const [first, second] = [chosen(steps, random), chosen(steps, random)]
    cases({ ...first, what: `${first.what}, then ${second.what}` }, async site => {
      await goOn(site, stream, second)
      await goOnFromToken(site)
    })
  }
})
