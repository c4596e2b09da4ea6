/** Who may import whom (docs/design.md, Layers). A new arrow in this picture is a decision, not an accident. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { findCommand } from '#src/commands/index.js'
import { projectRoot } from './fixtures.js'

/** For each folder of src: the folders that its files may import beside their own, as far as `only` says; and packages. */
const allowed: Record<string, readonly string[]> = {
  stream: [],
  chain: [],
  store: ['chain/edge', 'chain/names', 'stream'],
  catalog: ['chain'],
  zfs: [],
  cli: ['commands/index'],
  commands: ['stream', 'chain', 'store', 'catalog', 'zfs', 'cli'],
}
const packages: Record<string, readonly string[]> = {
  store: ['@aws-sdk/client-s3', '@aws-sdk/lib-storage', '@smithy/types'],
  catalog: ['yaml'],
  cli: ['minimist', 'ndjson'],
}
/** Pure layers touch no file, process, network or clock; hashing and inflating bytes is arithmetic. */
const pureModules = ['node:crypto', 'node:zlib']

const src = join(projectRoot, 'src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8')
  return [...text.matchAll(/(?:from|import\()\s*'([^'\n]+)'|^import '([^'\n]+)'/gm)].map(
    match => match[1] ?? match[2] ?? '',
  )
}

describe('the layers', () => {
  for (const file of files.filter(name => name.includes('/'))) {
    it(`${file} imports only what is below it`, () => {
      const layer = file.split('/')[0] ?? ''
      for (const target of importsOf(file)) {
        if (target.startsWith('.')) {
          const path = relative(src, join(src, dirname(file), target)).replace(/\.js$/, '')
          const within = path.startsWith(`${layer}/`) || path === 'failure'
          const below = (allowed[layer] ?? []).some(each => path === each || path.startsWith(`${each}/`))
          assert.ok(within || below, `${file} imports ${path}`)
        } else if (target.startsWith('node:')) {
          assert.ok(builtinModules.includes(target.slice('node:'.length)))
          const isPure = layer === 'stream' || layer === 'chain'
          assert.ok(!isPure || pureModules.includes(target), `${file} imports ${target}`)
        } else {
          assert.ok((packages[layer] ?? []).includes(target), `${file} imports the package ${target}`)
        }
      }
    })
  }

  it('commands read and change the catalog through commands/catalog.ts and its folder only, wherever it is kept', () => {
    const around = files.filter(
      file =>
        file.startsWith('commands/') &&
        !/^commands\/catalog[./]/.test(file) &&
        /from '[./]+\/catalog\/catalog\.js'|\b((local|shared)Catalog|ownEdges)\b/.test(
          readFileSync(join(src, file), 'utf8'),
        ),
    )
    assert.deepEqual(around, [])
  })

  it('whoever reads the catalog takes the option that says where it is', async () => {
    const without: string[] = []
    for (const file of files.filter(name => /^commands\/[^/]+\.ts$/.test(name))) {
      const reads = /\b(storedEdges|edgesFrom|withCatalog)\b/.test(readFileSync(join(src, file), 'utf8'))
      const command = reads ? await findCommand(basename(file, '.ts')) : undefined
      if (command?.options.every(({ name }) => name !== 'catalog')) without.push(file)
    }
    assert.deepEqual(without, [])
  })

  it('failure.ts imports nothing', () => assert.deepEqual(importsOf('failure.ts'), []))
})
