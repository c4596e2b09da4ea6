#!/usr/bin/env node
// Compiles assembly/fletcher4.ts into the module that src/stream/fletcher4-wasm.ts carries as base64, so that nothing
// has to be read from disk at run time. With --check it writes nothing and fails if the committed file is another.
import asc from 'assemblyscript/asc'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../assembly/fletcher4.ts', import.meta.url))
const target = fileURLToPath(new URL('../src/stream/fletcher4-wasm.ts', import.meta.url))

const options = [
  ['--outFile', 'fletcher4.wasm'],
  // No allocator, no garbage collector: the module is arithmetic on memory that it is given.
  ['--runtime', 'stub', '--use', 'abort=', '--noAssert'],
  ['-O3', '--converge'],
  // Any amount of memory, as src/stream/memory.ts makes it.
  ['--importMemory', '--sharedMemory', '--enable', 'threads', '--initialMemory', '1', '--maximumMemory', '65536'],
].flat()

const compiled = { wasm: undefined }
const { error, stderr } = await asc.main(['fletcher4.ts', ...options], {
  readFile: name => (name === 'fletcher4.ts' ? readFileSync(source, 'utf8') : null),
  writeFile: (name, contents) => {
    if (name === 'fletcher4.wasm') compiled.wasm = contents
  },
  listFiles: () => [],
})
if (error || compiled.wasm === undefined) {
  console.error(`build-wasm: ${stderr.toString()}${error?.message ?? 'no module came out'}`)
  process.exit(1)
}

const lines = Buffer.from(compiled.wasm)
  .toString('base64')
  .match(/.{1,100}/g)
const module = `/** assembly/fletcher4.ts, compiled by scripts/build-wasm.js. Not edited by hand. */
export const fletcher4Wasm = [
${lines.map(line => `  '${line}',\n`).join('')}].join('')
`

if (!process.argv.includes('--check')) {
  writeFileSync(target, module)
} else if (readFileSync(target, 'utf8') !== module) {
  console.error(
    'build-wasm: src/stream/fletcher4-wasm.ts is not what assembly/fletcher4.ts gives: run scripts/build-wasm.js',
  )
  process.exit(1)
}
