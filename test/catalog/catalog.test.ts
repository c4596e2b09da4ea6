import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, lstat, mkdir, open, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { catalogPath, readCatalog, writeCatalog } from '#src/catalog/catalog.js'
import { readIfThere } from '#src/catalog/files.js'
import { changeCatalog, localCatalog } from '#src/catalog/home.js'
import { dataDir } from '#src/catalog/data-dir.js'
import { refused } from '#src/failure.js'
import { edges } from '../chain/notation.js'
import { fixture } from '../fixtures.js'
import { temporary } from './temporary.js'

/** Whether a command can be run here; not every machine lets root do everything. */
function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Does `work` without root's right to read everything. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const isRoot = process.getuid?.() === 0
  if (isRoot) process.seteuid?.(65534)
  try {
    await work()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o7777
const chain = edges('a', 'a>b')

describe('where the data is', () => {
  const cases: [what: string, env: Record<string, string>, path: string][] = [
    ['ZFS2S3_DATA_DIR beats all', { ZFS2S3_DATA_DIR: '/d', XDG_DATA_HOME: '/x', HOME: '/h' }, '/d'],
    ['XDG_DATA_HOME comes next', { XDG_DATA_HOME: '/x', HOME: '/h' }, '/x/zfs2s3'],
    ['then HOME', { HOME: '/h' }, '/h/.local/share/zfs2s3'],
    ['empty variables are unset', { ZFS2S3_DATA_DIR: '', XDG_DATA_HOME: '', HOME: '/h' }, '/h/.local/share/zfs2s3'],
    ['a relative XDG_DATA_HOME counts for nothing', { XDG_DATA_HOME: 'x', HOME: '/h' }, '/h/.local/share/zfs2s3'],
  ]
  for (const [what, env, path] of cases) it(what, () => assert.equal(dataDir(env), path))
})

describe('reading the catalog', () => {
  it('there is none: it is empty, and nothing is made', async test => {
    const directory = join(await temporary(test), 'not', 'there')
    assert.deepEqual(await readCatalog(directory), { path: catalogPath(directory), exists: false, edges: [] })
    await assert.rejects(stat(directory), { code: 'ENOENT' })
  })
  it("the Python tool's is read", async test => {
    const directory = await temporary(test)
    await writeFile(catalogPath(directory), fixture('python-tool/stored_snapshots.yml'))
    assert.equal((await readCatalog(directory)).edges.length, 5)
  })

  const obstacles: [what: string, make: (directory: string) => Promise<unknown>, message: RegExp][] = [
    ['it is empty', path => writeFile(catalogPath(path), ''), /is empty/],
    [
      'it is not text',
      path => writeFile(catalogPath(path), Buffer.from([0xff, 0xfe, 0])),
      /is damaged: it is not text/,
    ],
    ['it is a directory', path => mkdir(catalogPath(path)), /can't read .*: it is a directory/],
    ['it is a pipe', path => Promise.resolve(execFileSync('mkfifo', [catalogPath(path)])), /not a regular file/],
    ['it is a link to nowhere', path => symlink('/nonexistent/x', catalogPath(path)), /link leads nowhere/],
    ['it is a link to itself', path => symlink(catalogPath(path), catalogPath(path)), /links lead in a circle/],
  ]
  for (const [what, make, message] of obstacles) {
    it(`${what}: neither read as empty nor written over`, async test => {
      const directory = await temporary(test)
      await make(directory)
      const before = await lstat(catalogPath(directory))
      await assert.rejects(readCatalog(directory), { name: 'Failure', status: 1, message })
      await assert.rejects(
        changeCatalog(localCatalog(directory), 'test', all => [...all, ...chain]),
        { status: 1, message },
      )
      const after = await lstat(catalogPath(directory))
      assert.deepEqual([after.ino, after.mode, after.size], [before.ino, before.mode, before.size])
    })
  }
  it('it appears while it is looked for: then that is no broken link', async test => {
    const directory = await temporary(test)
    for (let turn = 0; turn < 20; turn += 1) {
      const path = join(directory, String(turn))
      const looking = readIfThere(path)
      // Its first look is answered by a thread meanwhile.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
      writeFileSync(path, 'text')
      assert.equal(await looking, 'text')
    }
  })
  it('the directory is a file', async test => {
    const file = join(await temporary(test), 'file')
    await writeFile(file, '')
    await assert.rejects(readCatalog(file), { status: 1, message: /not a directory/ })
  })
  it('the directory is a link to nowhere, as when a disk is not mounted', async test => {
    const directory = join(await temporary(test), 'link')
    await symlink('/nonexistent/disk', directory)
    await assert.rejects(readCatalog(directory), { status: 1, message: /link leads nowhere/ })
    await assert.rejects(readCatalog(join(directory, 'below')), { status: 1, message: /link leads nowhere/ })
  })
  it('it, or its directory, may not be read', async test => {
    const directory = await temporary(test)
    await writeCatalog(directory, chain)
    for (const path of [catalogPath(directory), directory]) {
      await chmod(path, 0)
      await asNobody(() => assert.rejects(readCatalog(directory), { status: 1, message: /permission denied/ }))
      await chmod(path, 0o700)
    }
  })
})

describe('writing the catalog', () => {
  it('makes the directory and the file for their owner only', async test => {
    const directory = join(await temporary(test), 'deep', 'dir')
    await writeCatalog(directory, chain)
    assert.equal(await modeOf(directory), 0o700)
    assert.equal(await modeOf(catalogPath(directory)), 0o600)
    assert.deepEqual((await readCatalog(directory)).edges, chain)
  })
  it('puts a new file in place of the old one, which a reader in the middle of it still reads whole', async test => {
    const directory = await temporary(test)
    await writeCatalog(directory, chain)
    const before = await readFile(catalogPath(directory), 'utf8')
    const reader = await open(catalogPath(directory))
    await writeCatalog(directory, [])
    assert.equal(await reader.readFile('utf8'), before)
    await reader.close()
  })
  it('keeps the mode that the file had', async test => {
    const directory = await temporary(test)
    await writeCatalog(directory, chain)
    await chmod(catalogPath(directory), 0o644)
    await writeCatalog(directory, [])
    assert.equal(await modeOf(catalogPath(directory)), 0o644)
    assert.deepEqual((await readCatalog(directory)).edges, [])
  })
  it(
    'keeps the owner when root writes it',
    { skip: process.getuid?.() !== 0 && 'only root can change owners' },
    async test => {
      const directory = await temporary(test)
      await writeCatalog(directory, chain)
      execFileSync('chown', ['1234:1235', catalogPath(directory)])
      await writeCatalog(directory, [])
      const { uid, gid } = await stat(catalogPath(directory))
      assert.deepEqual([uid, gid], [1234, 1235])
    },
  )
  it('replaces what a symbolic link points to, not the link', async test => {
    const directory = await temporary(test)
    const target = join(await temporary(test), 'elsewhere.yml')
    await writeFile(target, fixture('python-tool/stored_snapshots.yml'))
    await symlink(target, catalogPath(directory))
    await writeCatalog(directory, chain)
    assert.ok((await lstat(catalogPath(directory))).isSymbolicLink())
    assert.deepEqual((await readCatalog(directory)).edges, chain)
    assert.match(await readFile(target, 'utf8'), /^# The catalog of zfs2s3/)
  })
  it('is not disturbed by what a crash left beside it', async test => {
    const directory = await temporary(test)
    await writeFile(`${catalogPath(directory)}.new`, 'half a cata')
    await writeCatalog(directory, chain)
    assert.deepEqual((await readCatalog(directory)).edges, chain)
  })

  it('a full disk leaves the old one, and nothing else', async test => {
    const directory = join(await temporary(test), 'small')
    await mkdir(directory)
    if (!works('mount', '-t', 'tmpfs', '-o', 'size=16k', 'none', directory)) {
      test.skip('NO TMPFS COULD BE MOUNTED (needs root): a full disk was not tried')
      return
    }
    try {
      await writeCatalog(directory, chain)
      const many = edges(...Array.from({ length: 500 }, (_, n) => `s${n}`))
      const message = /can't write .*stored_snapshots.yml: the disk is full/
      const change = changeCatalog(localCatalog(directory), 'test', () => many)
      await assert.rejects(change, { name: 'Failure', status: 1, message })
      assert.deepEqual((await readCatalog(directory)).edges, chain)
      assert.equal(execFileSync('ls', ['-A', directory], { encoding: 'utf8' }), 'stored_snapshots.yml\n')
    } finally {
      works('umount', directory)
    }
  })
  it('a directory that can not be written to leaves the old one', async test => {
    const directory = await temporary(test)
    await writeCatalog(directory, chain)
    // Root may write to a directory of any mode, but not to an immutable one.
    const isRoot = process.getuid?.() === 0
    const [close, reopen] = isRoot ? ['chattr +i', 'chattr -i'] : ['chmod 500', 'chmod 700']
    if (!works('sh', '-c', `${close} "$0"`, directory)) {
      test.skip('chattr DOES NOT WORK HERE: a directory that can not be written to was not tried')
      return
    }
    try {
      await assert.rejects(writeCatalog(directory, []), {
        status: 1,
        message: /can't write .*not permitted|permission/,
      })
      await assert.rejects(
        changeCatalog(localCatalog(directory), 'test', () => []),
        { status: 1, message: /can't lock/ },
      )
    } finally {
      works('sh', '-c', `${reopen} "$0"`, directory)
    }
    assert.deepEqual((await readCatalog(directory)).edges, chain)
  })
})

describe('changing the catalog', () => {
  it('gives the edges and writes what comes back', async test => {
    const directory = await temporary(test)
    assert.deepEqual(await changeCatalog(localCatalog(directory), 'test', all => [...all, ...chain]), chain)
    await changeCatalog(localCatalog(directory), 'test', all => all.slice(0, 1))
    assert.deepEqual((await readCatalog(directory)).edges, chain.slice(0, 1))
  })
  it('a Failure leaves it as it was', async test => {
    const directory = await temporary(test)
    await writeCatalog(directory, chain)
    const no = () => Promise.reject(refused('no'))
    await assert.rejects(changeCatalog(localCatalog(directory), 'test', no), { message: 'no' })
    assert.deepEqual((await readCatalog(directory)).edges, chain)
  })
  it('the same list back writes nothing', async test => {
    const directory = await temporary(test)
    await changeCatalog(localCatalog(directory), 'test', all => all)
    assert.equal((await readCatalog(directory)).exists, false)
  })
  it('a catalog that was removed meanwhile is none again', async test => {
    const directory = await temporary(test)
    await writeCatalog(directory, chain)
    await rm(catalogPath(directory))
    assert.equal((await readCatalog(directory)).exists, false)
  })
})
