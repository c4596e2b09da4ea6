/** Small commands start in about the time that Node itself needs: what they load, and what that costs. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { catalogText } from '#src/catalog/format.js'
import { edges } from './chain/notation.js'
import { projectRoot } from './fixtures.js'
import { temporary } from './catalog/temporary.js'

const launcher = join(projectRoot, 'bin/zfs2s3.js')

/** A data directory with a chain of so many edges. */
function dataDirOf(parent: string, count: number): string {
  const path = join(parent, String(count))
  mkdirSync(path, { recursive: true })
  const chain = edges(...Array.from({ length: count }, (_, n) => (n === 0 ? 's0' : `s${n - 1}>s${n}`)))
  writeFileSync(join(path, 'stored_snapshots.yml'), catalogText(chain))
  return path
}

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  const { status, stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1e9,
  })
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
}

const small: readonly (readonly string[])[] = [
  ['graph'],
  ['graph', '--tree'],
  ['ls'],
  ['check', 'tank/home@s99'],
  ['plan', 'tank/home@s99'],
  ['inspect', '--help'],
]

describe('what small commands load', () => {
  for (const args of small) {
    it(`${args.join(' ')}: neither the S3 SDK nor a YAML parser`, async test => {
      const place = await temporary(test)
      const coverage = join(place, 'coverage')
      run([launcher, ...args], { ZFS2S3_DATA_DIR: dataDirOf(place, 100), NODE_V8_COVERAGE: coverage })
      const [report = ''] = readdirSync(coverage)
      const loaded = [
        ...readFileSync(join(coverage, report), 'utf8').matchAll(
          /"url":"file:[^"]*?\/((?:node_modules|dist)\/[^"]*)"/g,
        ),
      ]
      const names = loaded.map(match => match[1] ?? '')
      assert.ok(names.includes('dist/cli/main.js'))
      assert.deepEqual(
        names.filter(name => name.startsWith('node_modules/') && !name.startsWith('node_modules/minimist/')),
        [],
      )
    })
  }
})

describe('what they cost', () => {
  /** Milliseconds, the least of several: what else the machine does only adds. */
  const leastOf = (times: number, work: () => void): number =>
    Math.min(
      ...Array.from({ length: times }, () => {
        const start = performance.now()
        work()
        return performance.now() - start
      }),
    )

  it('with 100 edges little more than node -e 0', async test => {
    const dataDir = dataDirOf(await temporary(test), 100)
    // About 1.7 on a machine with nothing else to do; more would be a package or a parser.
    const limit = 3
    const once = (): number =>
      leastOf(6, () => run([launcher, 'graph', '--data-dir', dataDir])) / leastOf(6, () => run(['-e', '0']))
    const ratio = Math.min(...[1, 2].map(once))
    assert.ok(ratio < limit, `${ratio} times`)
  })

  it('with 10,000 edges in one chain a moment', async test => {
    const dataDir = dataDirOf(await temporary(test), 10_000)
    for (const args of [['graph'], ['graph', '--tree'], ['ls'], ['plan', 'tank/home@s9999']]) {
      const took = leastOf(1, () => run([launcher, ...args, '--data-dir', dataDir]))
      // Under one second on an idle machine.
      assert.ok(took < 6000, `${args.join(' ')}: ${took} ms`)
    }
  })
})
