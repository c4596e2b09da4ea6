/** Small commands start in about the time that Node itself needs: what they load, and what that costs. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { catalogText } from '#src/catalog/format.js'
import type { Edge } from '#src/chain/edge.js'
import { edgeToRecord } from '#src/chain/record.js'
import { edges } from './chain/notation.js'
import { projectRoot } from './fixtures.js'
import { temporary } from './catalog/temporary.js'

const launcher = join(projectRoot, 'bin/zfs2s3.js')

const chain = (count: number): Edge[] =>
  edges(...Array.from({ length: count }, (_, n) => (n === 0 ? 's0' : `s${n - 1}>s${n}`)))

/** A data directory with a chain of so many edges. */
function dataDirOf(parent: string, count: number): string {
  const path = join(parent, String(count))
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'stored_snapshots.yml'), catalogText(chain(count)))
  return path
}

/** What graph prints of a chain of so many edges, all taken at the same time. */
const dated = (count: number): string =>
  chain(count)
    .map(edge => `${JSON.stringify(edgeToRecord({ ...edge, created: '2026-01-01T00:00:00Z' }))}\n`)
    .join('')

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}, input = ''): void {
  const { status, stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, ...env },
    input,
    encoding: 'utf8',
    maxBuffer: 1e9,
  })
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
}

/** The files of this project that a command loads, and its packages' files, by their paths. */
async function loadedBy(test: TestContext, args: readonly string[], input?: string): Promise<string[]> {
  const place = await temporary(test)
  const coverage = join(place, 'coverage')
  run([launcher, ...args], { ZFS2S3_DATA_DIR: dataDirOf(place, 100), NODE_V8_COVERAGE: coverage }, input)
  const [report = ''] = readdirSync(coverage)
  const urls = readFileSync(join(coverage, report), 'utf8').matchAll(
    /"url":"file:[^"]*?\/((?:node_modules|dist)\/[^"]*)"/g,
  )
  return [...urls].map(match => match[1] ?? '')
}

const small: readonly (readonly [line: string, input?: string])[] = [
  ['graph'],
  ['graph --tree'],
  ['ls'],
  ['check tank/home@s99'],
  ['plan tank/home@s99'],
  ['retain --keep-last 2', dated(2)],
  ['completion stored'],
  ['completion bash'],
  ['inspect --help'],
]

const ndjsonFiles =
  /^node_modules\/(ndjson|split2|through2|readable-stream|inherits|util-deprecate|json-stringify-safe|string_decoder|safe-buffer)\//

describe('what small commands load', () => {
  for (const [line, input] of small) {
    it(`${line}: nothing of S3, no package that it does not need, and few files`, async test => {
      const loaded = await loadedBy(test, line.split(' '), input)
      assert.ok(loaded.includes('dist/cli/main.js'))
      // Records on stdin are cut by ndjson, which brings packages of its own.
      const names = loaded.filter(name => input === undefined || !ndjsonFiles.test(name))
      const others = /^node_modules\/(?!minimist\/)|^dist\/store\/(?!ledger\.js)/
      assert.deepEqual(
        names.filter(name => others.test(name)),
        [],
      )
      // Each takes about 0.8 ms, and node itself 60.
      const most = line.endsWith('--tree') ? 42 : 32
      assert.ok(names.length <= most, `${names.length} files: ${names.join(' ')}`)
    })
  }

  it('no CommonJS package by import, which would load a parser first to look for its exports', () => {
    const tell = `process.on('exit', () => {
      for (const name of process.moduleLoadList) if (name.includes('cjs-module-lexer')) process._rawDebug(name)
    })`
    run(
      ['--import', `data:text/javascript,${encodeURIComponent(tell)}`, launcher, 'retain', '--keep-last', '9'],
      {},
      dated(2),
    )
  })

  it('what does need S3 is seen to load it', async test => {
    const names = await loadedBy(test, ['doctor', '--print-policy', 'put'])
    assert.ok(names.some(name => name.startsWith('dist/store/')))
  })
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
    // About 1.5 and 1.65 on a machine with nothing else to do; more would be a package or a parser.
    const limit = 3
    for (const [args, input] of [
      [['graph', '--data-dir', dataDir]],
      [['retain', '--keep-last', '100'], dated(100)],
    ] as const) {
      const once = (): number =>
        leastOf(6, () => run([launcher, ...args], {}, input)) / leastOf(6, () => run(['-e', '0']))
      const ratio = Math.min(...[1, 2].map(once))
      assert.ok(ratio < limit, `${args[0]}: ${ratio} times`)
    }
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
