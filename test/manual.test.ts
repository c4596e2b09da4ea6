/** What users read must say what the commands do: help, manual pages, README and package.json against the commands themselves. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { calledAs, commonOptions } from '#src/cli/command.js'
import { helpText } from '#src/cli/help.js'
import { commandNames, findCommand } from '#src/commands/index.js'
import { exitStatus } from '#src/failure.js'
import { projectRoot } from './fixtures.js'

const read = (name: string): string => readFileSync(join(projectRoot, name), 'utf8')
/** A page as a reader sees it, as far as words matter. */
const page = (name: string): string =>
  read(`man/${name}`)
    .replaceAll(/\\f[BIR]|\\%|\\&/g, '')
    .replaceAll('\\-', '-')
const sources = readdirSync(join(projectRoot, 'src'), { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => read(join('src', name)))
const manifest = JSON.parse(read('package.json')) as { version: string; man: string[]; bin: Record<string, string> }
const loaded = await Promise.all(commandNames.map(findCommand))
const commands = loaded.filter(command => command !== undefined)
const executables = ['zfs2s3', ...commands.filter(command => !command.porcelain).map(calledAs)]

describe('the manual', () => {
  for (const command of commands) {
    const name = calledAs(command)
    const pageName = `${name.replace(' ', '-')}.1`

    it(`${name}: every option is in its help and in its page`, () => {
      for (const { name: option } of [...command.options, ...commonOptions]) {
        assert.match(helpText(command), new RegExp(`--${option}\\b`))
        assert.match(page(pageName), new RegExp(`^.*--${option}( |$)`, 'm'))
      }
    })

    it(`${name}: its page has all sections`, () => {
      const sections = [
        'NAME',
        'SYNOPSIS',
        'DESCRIPTION',
        'OPTIONS',
        'EXAMPLES',
        'EXIT STATUS',
        'ENVIRONMENT',
        'SIGNALS',
        'SEE ALSO',
      ]
      for (const section of sections) assert.ok(page(pageName).includes(`.SH ${section}\n`), section)
    })
  }

  it('package.json lists every page, and there is no other', () => {
    assert.deepEqual(
      manifest.man,
      readdirSync(join(projectRoot, 'man'))
        .map(name => `man/${name}`)
        .sort(),
    )
  })

  it('every page is of this version', () => {
    for (const name of manifest.man)
      assert.match(read(name), new RegExp(`^\\.TH .* "zfs2s3 ${manifest.version}"`, 'm'), name)
  })

  it('every executable is in bin and in package.json, and there is no other', () => {
    assert.deepEqual(Object.keys(manifest.bin).sort(), [...executables].sort())
    const files = readdirSync(join(projectRoot, 'bin')).filter(name => !name.endsWith('.js'))
    assert.deepEqual(files.sort(), [...executables].sort())
    for (const path of Object.values(manifest.bin)) assert.ok(existsSync(join(projectRoot, path)), path)
  })

  it('every page of docs that a comment names is there, with that section', () => {
    const headings = (name: string) => [...read(`docs/${name}.md`).matchAll(/^#+ (.+)$/gm)].map(match => match[1] ?? '')
    const comments = sources.join('\n').replaceAll(/\n \* /g, ' ')
    const cited = [...comments.matchAll(/(design|stream-format)(?:\.md)?, ([A-Z][A-Za-z ]+)/g)]
    assert.ok(cited.length > 10)
    for (const [citation, name = '', section = ''] of cited) {
      assert.ok(
        headings(name).some(heading => section.startsWith(heading)),
        citation,
      )
    }
  })

  it('every file that CONTRIBUTING.md names is there', () => {
    const named = read('CONTRIBUTING.md').match(/(?<![\w/])(?:src|docs|scripts|assembly|man)\/[\w./-]*\w/g) ?? []
    assert.ok(named.length > 20)
    for (const name of named.filter(each => !each.includes('NAME')))
      assert.ok(existsSync(join(projectRoot, name)), name)
  })

  it('every variable of ours is in zfs2s3(1) and in the README', () => {
    const variables = new Set(sources.join('\n').match(/ZFS2S3_[A-Z_]+/g))
    assert.ok(variables.size > 5)
    for (const variable of variables) {
      assert.ok(page('zfs2s3.1').includes(variable), variable)
      assert.ok(read('README.md').includes(variable), variable)
    }
  })

  it('every exit status is in zfs2s3(1) and in the README', () => {
    for (const status of [0, ...Object.values(exitStatus), '128+n']) {
      assert.ok(page('zfs2s3.1').includes(`.TP\n${status}\n`), `${status}`)
      assert.ok(read('README.md').includes(`| ${status} |`), `${status}`)
    }
  })
})
