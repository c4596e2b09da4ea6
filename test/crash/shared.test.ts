/**
 * With a shared catalog, put, rm and abort are killed at every request, and rm also where its note is changed: what the catalog
 * lists is in the bucket at every moment, and the next command of that machine finishes what was begun.
 */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { isSound } from '#src/chain/chain.js'
import type { Edge } from '#src/chain/edge.js'
import { edgeToRecord } from '#src/chain/record.js'
import { fixture } from '../fixtures.js'
import { atOnce } from './effort.js'
import { Site, type Step } from './site.js'

const streams = new Map<string, Buffer>(
  ['chain-1', 'chain-1-2', 'chain-2-3'].map((name, at) => [`tank/chain@day${at + 1}`, fixture(`${name}.zs`)]),
)
const lines = (edges: readonly Edge[]) => edges.map(edge => `${JSON.stringify(edgeToRecord(edge))}\n`).join('')

const use = (work: (site: Site) => Promise<void>, from?: string) => Site.use(work, from, 'bucket')

/** A site in which `commands` have run, frozen. */
async function prepared(...commands: readonly Parameters<Site['run']>[]): Promise<string> {
  const site = await Site.open(undefined, 'bucket')
  for (const [command, args, input] of commands) {
    const { status, stderr } = await site.run(command, args, input)
    // Its server would keep a failed test from ending.
    if (status !== 0 || stderr !== '') await site.close()
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
  }
  const start = await site.freeze()
  after(() => rmSync(start, { recursive: true }))
  return start
}

/** The steps of `command`, undisturbed, that are worth being killed at. */
async function stepsOf(start: string | undefined, ...run: Parameters<Site['run']>): Promise<Step[]> {
  let steps: Step[] = []
  await use(async site => {
    const { status, stderr } = await site.run(...run)
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
    steps = site.steps().filter(step => 'request' in step || step.what.includes(' removals/'))
  }, start)
  return steps
}

/** The catalog is sound, and all that it lists is in the bucket to the last byte. */
async function assertListedIsThere(site: Site): Promise<readonly Edge[]> {
  const edges = await site.catalog()
  assert.ok(isSound(edges))
  for (const edge of edges) assert.ok(streams.get(edge.snapshot.name)?.equals(await site.stored(edge)))
  return edges
}

/** Beside that, nothing is left: neither of objects and uploads, nor of notes. Gives the names of what is stored. */
async function assertTidy(site: Site): Promise<string[]> {
  const edges = await assertListedIsThere(site)
  assert.deepEqual(site.keys().sort(), edges.flatMap(({ volumes }) => volumes.map(({ key }) => key)).sort())
  assert.deepEqual(site.openUploads(), [])
  assert.deepEqual(
    // A dead command's lock and draft are left until the next one needs to lock or to write that.
    site.files().filter(name => !/^(ID\.)?lock$|\.new$/.test(name)),
    [],
  )
  return edges.map(({ snapshot }) => snapshot.name)
}

async function killed(site: Site, ...[command, args, input]: Parameters<Site['run']>): Promise<void> {
  const { signal, stderr } = await site.run(command, args, input)
  assert.equal(signal, 'SIGKILL', `it was not killed: ${stderr}`)
  await assertListedIsThere(site)
}

const stdin = (day: 1 | 2 | 3) => ({ stdin: streams.get(`tank/chain@day${day}`) ?? '' })
const inParts = ['--part-size', '20000', '--max-parts', '3']
const inSmallParts = ['--part-size', '4000', '--max-parts', '3']

const putSteps = await stepsOf(undefined, 'put', inParts, stdin(1))

describe('put that is killed while it uses a shared catalog', { concurrency: atOnce }, () => {
  for (const step of putSteps) {
    it(step.what, () =>
      use(async site => {
        await killed(site, 'put', inParts, { ...stdin(1), dieAt: step })
        const resumed = await site.run('put', ['--resume'], stdin(1))
        if (resumed.status !== 0) assert.match(resumed.stderr, /: no upload is pending/)
        if ((await site.catalog()).length === 0) assert.equal((await site.run('put', inParts, stdin(1))).status, 0)
        assert.deepEqual(await assertTidy(site), ['tank/chain@day1'])
      }),
    )
  }
})

const uploading = await Site.open(undefined, 'bucket')
await uploading.run('put', inParts, { stdin: (streams.get('tank/chain@day1') ?? Buffer.of()).subarray(0, 70_000) })
const pending = await uploading.freeze()
const abortSteps = await stepsOf(pending, 'abort', [])

describe('abort that is killed while it uses a shared catalog', { concurrency: atOnce }, () => {
  after(() => rmSync(pending, { recursive: true }))
  for (const step of abortSteps) {
    it(step.what, () =>
      use(async site => {
        await killed(site, 'abort', [], { dieAt: step })
        const again = await site.run('abort', [])
        if (again.status !== 0) assert.match(again.stderr, /: no upload is pending/)
        assert.deepEqual(await assertTidy(site), [])
      }, pending),
    )
  }
})

const start = await prepared(['put', [], stdin(1)], ['put', inSmallParts, stdin(2)], ['put', [], stdin(3)])
const increments = await (async () => {
  const site = await Site.open(start, 'bucket')
  const [, ...edges] = await site.catalog()
  await site.close()
  return edges
})()
assert.deepEqual(
  increments.map(({ volumes }) => volumes.length),
  [2, 1],
)
const isIncrement = (edge: Edge) => increments.some(({ snapshot }) => snapshot.guid === edge.snapshot.guid)
const rmSteps = await stepsOf(start, 'rm', [], { stdin: lines(increments) })

const repair = async (site: Site) => assert.equal((await site.run('fsck', ['--repair'])).stderr, '')

/** What may be run next on that machine, and ends what was begun. */
const next: readonly (readonly [what: string, run: (site: Site) => Promise<unknown>])[] = [
  [
    'rm of what is left',
    async site => {
      const left = (await site.catalog()).filter(isIncrement)
      return left.length === 0 ? repair(site) : site.run('rm', [], { stdin: lines(left) })
    },
  ],
  ['fsck --repair', repair],
  ['put', site => site.run('put', inSmallParts, stdin(2))],
]

describe('rm of several that is killed while it uses a shared catalog', { concurrency: atOnce }, () => {
  for (const [index, step] of rmSteps.entries()) {
    const [what, run] = next[index % next.length] ?? next[0] ?? []
    it(`${step.what}, and then ${what}`, () =>
      use(async site => {
        await killed(site, 'rm', [], { stdin: lines(increments), dieAt: step })
        await run?.(site)
        const names = await assertTidy(site)
        if (what === 'put') assert.ok(names.includes('tank/chain@day2'))
      }, start))
  }
})

/** Removes day2 on one machine; and before its object goes, another machine's fsck finds that, and adopts it. */
const whileItIsAdopted = (site: Site, dieAt?: Step) =>
  [
    'rm',
    ['tank/chain@day2', '--base', '@day1'],
    {
      ...(dieAt && { dieAt }),
      before: {
        operation: 'DeleteObject',
        work: async () => {
          await site.run('fsck', ['--repair'], { machine: 'other' })
        },
      },
    },
  ] as const

const two = await prepared(['put', [], stdin(1)], ['put', inSmallParts, stdin(2)])
let adoptedSteps: Step[] = []
await use(async site => {
  const { status, stderr } = await site.run(...whileItIsAdopted(site))
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
  assert.deepEqual(await assertTidy(site), ['tank/chain@day1'])
  adoptedSteps = site.steps().filter(step => 'request' in step || step.what.includes('unlink removals/'))
}, two)

describe('rm that is killed when another machine has adopted what it deletes', { concurrency: atOnce }, () => {
  for (const [index, step] of adoptedSteps.entries()) {
    const [what, run] = next[index % next.length] ?? next[0] ?? []
    it(`${step.what}, and then ${what}`, () =>
      use(async site => {
        const { signal } = await site.run(...whileItIsAdopted(site, step))
        assert.equal(signal, 'SIGKILL')
        await run?.(site)
        await assertTidy(site)
      }, two))
  }
})
