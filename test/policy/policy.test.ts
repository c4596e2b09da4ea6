/**
 * The policies that zfs2s3-doctor prints are enough and not too much: under each, what its commands do works; without any
 * one of its actions, something doesn't.
 */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { atOnce, oneIn } from '../crash/effort.js'
import { type Input, Site } from '../crash/site.js'
import { fixture } from '../fixtures.js'

const full = fixture('chain-1.zs')
const increment = fixture('chain-1-2.zs')
const small = ['--part-size', '20000']
const inBucket = ['--catalog', 'bucket']

interface Statement {
  readonly Action: readonly string[]
  readonly Resource: string
}
interface Policy {
  readonly Version: string
  readonly Statement: readonly Statement[]
}

/** A command, and with which status it ends under the whole policy. */
type Move = readonly [status: number, command: string, args: readonly string[], input?: Input]

/** Something that happens between two commands, with all rights. */
type Meanwhile = (site: Site) => Promise<unknown>

interface Case {
  readonly policy: string
  readonly args: readonly string[]
  readonly prepare: Meanwhile
  readonly moves: readonly (Move | Meanwhile)[]
}

const lockable: Meanwhile = site => {
  site.server.objects.deleteBucket(site.server.bucket)
  site.server.objects.createBucket(site.server.bucket, Date.now(), true)
  return Promise.resolve()
}
const allRights = async (site: Site, command: string, args: readonly string[], input?: Input) => {
  const ended = await site.run(command, args, input)
  assert.equal(ended.status, 0, ended.stderr)
}
const retained =
  (key: string, facts: { days?: number; legalHold?: boolean }): Meanwhile =>
  ({ server: { objects, bucket } }) => {
    const version = objects.current(bucket, key)
    assert.ok(version)
    const { days, legalHold = false } = facts
    const retention =
      days === undefined ? null : ({ mode: 'GOVERNANCE', until: Date.now() + days * 24 * 3_600_000 } as const)
    objects.replace(bucket, key, { ...version, retention, legalHold })
    return Promise.resolve()
  }
/** The answer to the first try is lost: what it has begun has to be found. */
const lostAnswer: Meanwhile = ({ server }) => {
  server.faults.add({ operation: 'CreateMultipartUpload', do: 'drop', at: 'after' })
  return Promise.resolve()
}
const gone =
  (key: string): Meanwhile =>
  ({ server: { objects, bucket } }) =>
    Promise.resolve(objects.remove(bucket, key, Date.now()))

/** A machine that has not yet tried out today what the service honours. */
const anotherMachine: Meanwhile = site => {
  rmSync(join(site.dataDir, 'copies.json'))
  return Promise.resolve()
}

/** The same commands with a catalog that machines share. */
const shared: readonly Case[] = [
  {
    policy: 'put',
    args: inBucket,
    prepare: () => Promise.resolve(),
    moves: [
      [0, 'put', [...small, ...inBucket], { stdin: full }],
      anotherMachine,
      [0, 'put', ['--hold', ...inBucket], { stdin: increment }],
      [0, 'commit', inBucket],
      lostAnswer,
      [4, 'put', ['--part-size', '2000', ...inBucket], { stdin: fixture('chain-2-3.zs').subarray(0, -1000) }],
      [0, 'abort', inBucket],
    ],
  },
  {
    policy: 'get',
    args: inBucket,
    prepare: site => allRights(site, 'put', [...small, ...inBucket], { stdin: full }),
    moves: [
      [0, 'get', ['tank/chain@day1', ...inBucket]],
      anotherMachine,
      [0, 'verify', ['tank/chain@day1', ...inBucket]],
      gone('tank/chain@day1'),
      [3, 'get', ['tank/chain@day1', ...inBucket]],
    ],
  },
  {
    policy: 'rm',
    args: inBucket,
    prepare: async site => {
      await lockable(site)
      await allRights(site, 'put', inBucket, { stdin: full })
      await allRights(site, 'put', inBucket, { stdin: increment })
      await retained('tank/chain@day2 <- tank/chain@day1', { legalHold: true })(site)
    },
    moves: [
      [3, 'rm', ['tank/chain@day2', ...inBucket]],
      retained('tank/chain@day2 <- tank/chain@day1', { days: 1 }),
      [3, 'rm', ['tank/chain@day2', ...inBucket]],
      retained('tank/chain@day2 <- tank/chain@day1', {}),
      anotherMachine,
      [0, 'rm', ['tank/chain@day2', ...inBucket]],
      gone('tank/chain@day1'),
      [0, 'rm', ['tank/chain@day1', '--gone', ...inBucket]],
    ],
  },
]

const cases: readonly Case[] = [
  {
    policy: 'put',
    args: [],
    prepare: () => Promise.resolve(),
    moves: [
      [0, 'put', [...small, '--hold'], { stdin: full }],
      [0, 'commit', []],
      lostAnswer,
      [4, 'put', ['--part-size', '2000'], { stdin: increment.subarray(0, -1000) }],
      [0, 'abort', []],
      [0, 'put', [], { stdin: increment }],
    ],
  },
  {
    policy: 'put',
    args: ['--lock'],
    prepare: async site => {
      await lockable(site)
      await allRights(site, 'put', [], { stdin: full })
      await retained('tank/chain@day1', { days: 30 })(site)
    },
    moves: [
      [0, 'put', ['--lock-days', '7'], { stdin: increment }],
      [0, 'put', ['--lock-days', '60'], { stdin: fixture('chain-2-3.zs') }],
      lostAnswer,
      [4, 'put', ['--part-size', '2000'], { stdin: fixture('chain-3-4.zs').subarray(0, -1000) }],
      [0, 'abort', []],
      [0, 'put', ['--part-size', '2000', '--hold'], { stdin: fixture('chain-3-4.zs') }],
      [0, 'commit', []],
    ],
  },
  {
    policy: 'get',
    args: [],
    prepare: async site => {
      await allRights(site, 'put', small, { stdin: full })
      await allRights(site, 'put', [], { stdin: increment })
    },
    moves: [
      [0, 'verify', ['tank/chain@day1']],
      [0, 'verify', ['--quick', 'tank/chain@day2']],
      gone('tank/chain@day2 <- tank/chain@day1'),
      [3, 'get', ['tank/chain@day2']],
    ],
  },
  ...shared,
  {
    policy: 'rm',
    args: [],
    prepare: async site => {
      await lockable(site)
      await allRights(site, 'put', [], { stdin: full })
      await allRights(site, 'put', [], { stdin: increment })
      await retained('tank/chain@day2 <- tank/chain@day1', { days: 1 })(site)
    },
    moves: [
      [3, 'rm', ['tank/chain@day2']],
      retained('tank/chain@day2 <- tank/chain@day1', { legalHold: true }),
      [3, 'rm', ['tank/chain@day2']],
      retained('tank/chain@day2 <- tank/chain@day1', {}),
      [0, 'rm', ['tank/chain@day2']],
      gone('tank/chain@day1'),
      [0, 'rm', ['tank/chain@day1', '--gone']],
    ],
  },
  {
    policy: 'thaw',
    args: [],
    prepare: site => allRights(site, 'put', ['--storage-class', 'GLACIER'], { stdin: full }),
    moves: [[5, 'thaw', ['tank/chain@day1']], gone('tank/chain@day1'), [3, 'thaw', ['tank/chain@day1']]],
  },
]

/** Makes the moves under a policy; gives the first that ends otherwise than it should, or null. */
async function firstFailure(site: Site, policy: Policy, moves: Case['moves']): Promise<string | null> {
  for (const move of moves) {
    if (typeof move === 'function') {
      await move(site)
      continue
    }
    const [expected, command, args, input] = move
    site.server.settings.identityPolicy = JSON.stringify(policy)
    const { status, stderr } = await site.run(command, args, input)
    site.server.settings.identityPolicy = ''
    if (status !== expected) return `${command} ended with ${status} instead of ${expected}: ${stderr}`
  }
  return null
}

const without = (policy: Policy, action: string, resource: string): Policy => ({
  ...policy,
  Statement: policy.Statement.map(statement =>
    statement.Resource === resource
      ? { ...statement, Action: statement.Action.filter(each => each !== action) }
      : statement,
  ),
})

for (const { policy: name, args, prepare, moves } of cases) {
  const site = await Site.open()
  const printed = await site.run('doctor', ['--print-policy', name, ...args])
  const policy = JSON.parse(printed.stdout) as Policy
  await prepare(site)
  const start = await site.freeze()

  describe(`the policy for ${[name, ...args].join(' ')}`, { concurrency: atOnce }, () => {
    after(() => rmSync(start, { recursive: true }))

    it('is enough', () => Site.use(async again => assert.equal(await firstFailure(again, policy, moves), null), start))

    const permissions = policy.Statement.flatMap(({ Action, Resource }) =>
      Action.map(action => [action, Resource] as const),
    )
    // With a shared catalog most of it is needed for the same reasons.
    for (const [action, resource] of args === inBucket ? oneIn(4, permissions) : permissions) {
      it(`is not enough without ${action} on ${resource}`, () =>
        Site.use(
          async again => assert.notEqual(await firstFailure(again, without(policy, action, resource), moves), null),
          start,
        ))
    }
  })
}
