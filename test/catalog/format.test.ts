import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Edge } from '#src/chain/edge.js'
import { isSound } from '#src/chain/chain.js'
import { catalogText, parseCatalog } from '#src/catalog/format.js'
import { anyCatalog } from '../chain/any-edge.js'
import { edge, edges } from '../chain/notation.js'
import { fixture, projectRoot } from '../fixtures.js'
import { noPython, seedTool } from './python.js'
import { temporary } from './temporary.js'

const parse = (text: string): Promise<Edge[]> => parseCatalog(text, 'FILE')
/** A comment of somebody else's: what is in the text is the same, but it isn't ours line for line. */
const byYamlParser = (text: string): Promise<Edge[]> => parse(`# edited\n${text}`)

describe('what we write, we read', () => {
  it('by lines', () =>
    fc.assert(fc.asyncProperty(anyCatalog, async all => assert.deepEqual(await parse(catalogText(all)), all))))
  it('by the YAML parser, the same', () =>
    fc.assert(fc.asyncProperty(anyCatalog, async all => assert.deepEqual(await byYamlParser(catalogText(all)), all))))
  it('as ASCII, one edge a line', () => {
    fc.assert(
      fc.property(anyCatalog, all => {
        const text = catalogText(all)
        assert.match(text, /^[\n -~]*$/)
        assert.equal(text.split('\n').length, all.length + 6)
      }),
    )
  })
  it('by lines without loading the YAML parser', () => {
    const script = `
      const { catalogText, parseCatalog } = await import('#src/catalog/format.js')
      const { register } = await import('node:module')
      register('data:text/javascript,' + encodeURIComponent(
        'export const resolve = (name, context, next) => { if (name === "yaml") throw new Error("loaded yaml"); return next(name, context) }'))
      for (const text of ${JSON.stringify([catalogText([]), catalogText(edges('a', 'a>b'))])}) await parseCatalog(text, 'FILE')
      console.log(await parseCatalog('# edited\\n' + catalogText([]), 'FILE').then(() => 'not noticed', error => error.message))`
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: projectRoot,
      encoding: 'utf8',
    })
    assert.equal(said, 'loaded yaml\n')
  })
  it('10,000 edges in a moment', async () => {
    const text = catalogText(edges(...Array.from({ length: 10_000 }, (_, n) => (n === 0 ? 's0' : `s${n - 1}>s${n}`))))
    const start = performance.now()
    await parse(text)
    const tookMs = performance.now() - start
    assert.ok(tookMs < 1000, `${tookMs} ms`)
  })
})

describe("the Python tool's catalog", () => {
  const read = (name: string): Promise<Edge[]> => parse(fixture(`python-tool/${name}`).toString())
  it('is read, with the keys that its objects have', async () => {
    const all = await read('stored_snapshots.yml')
    assert.deepEqual(
      all.map(one => one.volumes[0].key),
      [
        'tank/home@2026-01-01',
        'tank/home@2026-01-02 <- tank/home@2026-01-01',
        'tank/home@2026-02-01 <- tank/home@2026-01-02',
        'tank/home@2026-02-01 <- tank/home@2026-01-01',
        'tank/vol-1_x:y.z@snap 1',
      ],
    )
    assert.deepEqual(all[1]?.snapshot, { name: 'tank/home@2026-01-02', guid: '4571519197515276580' })
    assert.deepEqual(all[1].base, all[0]?.snapshot)
    assert.ok(isSound(all))
    const { bytes, sha256 } = all[1].volumes[0]
    assert.deepEqual(
      [bytes, sha256, all[1].storageClass, all[1].verified, all[1].stream],
      [null, null, null, null, null],
    )
  })
  it('is read with hundreds of aliases', async () => {
    const all = await read('chain-of-400.yml')
    assert.equal(all.length, 400)
    assert.ok(isSound(all))
    assert.equal(all[399]?.snapshot.guid, '14339257411841977493')
  })
  it('says the same after we wrote it', async () => {
    const all = await read('chain-of-400.yml')
    assert.deepEqual(await parse(catalogText(all)), all)
  })
})

describe('the Python tool and we share a catalog', { skip: noPython }, () => {
  it('it reads what we write, writes it again, and we read the same', async test => {
    const path = join(await temporary(test), 'catalog.yml')
    await fc.assert(
      fc.asyncProperty(anyCatalog, async all => {
        await writeFile(path, catalogText(all))
        assert.deepEqual(await parse(seedTool(path)), all)
      }),
      // Each run starts a Python.
      { numRuns: 10 },
    )
  })
  it('what it wrote, it still reads after we wrote it', async test => {
    const path = join(await temporary(test), 'catalog.yml')
    const all = await parse(fixture('python-tool/chain-of-400.yml').toString())
    await writeFile(path, catalogText(all))
    assert.deepEqual(await parse(seedTool(path)), all)
  })
})

describe('a catalog that makes no sense stops the command', () => {
  const ours = catalogText([...edges('a', 'a>b'), edge('b>c', { filter: 'zstd' })])
  const seeds = fixture('python-tool/stored_snapshots.yml').toString()
  const guid = edge('a').snapshot.guid
  const cases: [what: string, text: string, message: RegExp][] = [
    ['empty', '', /^FILE is empty/],
    ['only blanks', ' \n\n', /^FILE is empty/],
    ['only a comment', '# nothing\n', /line 1: there is no tag where !S3BackupStructureDto belongs/],
    ['ours, cut in a line', ours.slice(0, -30), /breaks off before its last line/],
    ['ours, cut between two lines', `${ours.split('\n').slice(0, 5).join('\n')}\n`, /breaks off before its last line/],
    ['ours, cut to its first line', ours.slice(0, ours.indexOf('\n') + 1), /breaks off before its last line/],
    ["the Python tool's, cut in a backup", seeds.slice(0, 160), /FILE, line \d+: /],
    ["the Python tool's, cut in a word", seeds.slice(0, 20), /line 1: the tag is !S3BackupStructureDt where/],
    ['of no class', seeds.replace('!S3BackupStructureDto', ''), /line \d: there is no tag where !S3BackupStructureDto/],
    ['of another class', seeds.replace('!S3BackupStructureDto', '!Other'), /line \d: the tag is !Other where/],
    [
      'with a backup of another class',
      seeds.replace('- !S3BackupDto', '- !Evil'),
      /line 4: the tag is !Evil where !S3BackupDto/,
    ],
    [
      'with a snapshot of no class',
      ours.replace('!SnapshotDto ', ''),
      /line 5: there is no tag where !SnapshotDto belongs/,
    ],
    ['a list instead of a map', '!S3BackupStructureDto\n- 1\n', /line \d: !S3BackupStructureDto is not a map/],
    ['without backups', '!S3BackupStructureDto\nother: []\n', /line \d: there is no list of backups/],
    ['backups that are a map', '!S3BackupStructureDto\nbackups: {}\n', /line 2: this is not a list/],
    ['backups that are nothing', '!S3BackupStructureDto\nbackups:\n', /line 2: this is not a list/],
    ['a GUID without quotes', seeds.replace(/'(\d+)'/, '$1'), /line 4: "guid" of .*2\^53/],
    ['a GUID without quotes, in a line of ours', ours.replace(`"${guid}"`, guid), /line 5: "guid" of .*2\^53/],
    ['a GUID that is none', ours.replace(`"${guid}"`, '"x"'), /line 5: "guid" of .* not a GUID/],
    [
      'a key twice',
      seeds.replace('base: null', 'base: null\n  base: null'),
      /line \d: can't be read as YAML: .*unique/,
    ],
    ['a key twice in a line of ours', ours.replace('"filter":null', '"filter":null,"filter":null'), /line 5: .*unique/],
    [
      'a field of another kind',
      ours.replace('"filter":"zstd"', '"filter":[]'),
      /line 7: "filter" of tank\/home@c is not/,
    ],
    [
      'a tag within a field',
      ours.replace('"filter":"zstd"', '"filter": !x "zstd"'),
      /line 7: the tag !x is not expected/,
    ],
    ['an alias of nothing', seeds.replace('*id001', '*id999'), /line 9: there is no anchor before the alias \*id999/],
    [
      'an alias of itself',
      seeds.replace('&id001 !SnapshotDto\n    guid', '&id001 !SnapshotDto\n    x: *id001\n    guid'),
      /alias \*id001/,
    ],
    ['two documents', `${seeds}---\n${seeds}`, /can't be read as YAML/],
    ['text', 'Dear diary,\ntoday I\n', /line 1: there is no tag/],
    ['nested without end', '['.repeat(100_000), /FILE, line 1: can't be read as YAML/],
    ['from a newer version', ours.replace('version: 1', 'version: 2'), /newer version of zfs2s3 \(format 2\)/],
    ['with a version that is none', ours.replace('version: 1', 'version: x'), /version is not a number/],
    [
      'one object for two snapshots',
      catalogText([edge('a'), edge('b', { volumes: edge('a').volumes })]),
      /two different edges/,
    ],
  ]
  for (const [what, text, message] of cases) {
    it(what, () => assert.rejects(parse(text), { name: 'Failure', status: 1, message, remedy: /./ }))
  }
  it('wherever a line of ours was cut', async () => {
    for (let length = 0; length < ours.length; length += 7) {
      await assert.rejects(parse(ours.slice(0, length)), { name: 'Failure', status: 1 })
    }
  })
  it('the same backup twice is only one', async () => {
    assert.equal((await parse(catalogText([edge('a'), edge('a')]))).length, 1)
  })
  it('a key of ours that is not known is left aside', async () => {
    assert.deepEqual(await parse(ours.replace('"filter":null', '"later":[1],"filter":null')), await parse(ours))
  })
})
