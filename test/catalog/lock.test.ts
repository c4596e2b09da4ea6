import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readCatalog } from '#src/catalog/catalog.js'
import { isDead, ownHolder, parseHolder, type Holder } from '#src/catalog/holder.js'
import { withLock } from '#src/catalog/lock.js'
import { refused } from '#src/failure.js'
import { firstLine, startChild } from './children.js'
import { temporary } from './temporary.js'

const nothing = () => Promise.resolve()

describe('the lock', () => {
  it('keeps out everybody else until the work has ended, other parts of one process too', async test => {
    const dataDir = await temporary(test)
    let inside = 0
    const work = async () => {
      inside += 1
      assert.equal(inside, 1)
      await sleep(5)
      inside -= 1
    }
    await Promise.all(Array.from({ length: 10 }, () => withLock(dataDir, 'test', work)))
    assert.deepEqual(await readdir(dataDir), [])
  })
  it('returns what the work returns, in a directory that it makes for its owner', async test => {
    const dataDir = join(await temporary(test), 'new', 'dir')
    assert.equal(await withLock(dataDir, 'test', () => Promise.resolve(5)), 5)
  })
  it('is released when the work fails', async test => {
    const dataDir = await temporary(test)
    await assert.rejects(
      withLock(dataDir, 'test', () => Promise.reject(refused('no'))),
      { message: 'no', status: 3 },
    )
    assert.deepEqual(await readdir(dataDir), [])
  })
  it('says who holds it, since when, with status 5', async test => {
    const dataDir = await temporary(test)
    await withLock(dataDir, 'zfs2s3-put tank/home@a', async () => {
      await assert.rejects(withLock(dataDir, 'test', nothing, { waitMs: 30 }), {
        name: 'Failure',
        status: 5,
        message: /is held by 'zfs2s3-put tank\/home@a' \(process \d+ on .+, since 20\d\d-\d\d-\d\dT[\d:]{8}Z\)/,
        remedy: /wait until that has ended/,
      })
    })
  })
  it('is waited for', async test => {
    const dataDir = await temporary(test)
    const first = withLock(dataDir, 'first', () => sleep(100))
    await sleep(20)
    await withLock(dataDir, 'second', nothing, { waitMs: 5000 })
    await first
  })
  it('of a killed process is taken over', async test => {
    const dataDir = await temporary(test)
    const child = startChild('lock.child.js', dataDir)
    await firstLine(child)
    await assert.rejects(withLock(dataDir, 'test', nothing, { waitMs: 0 }), { status: 5 })
    child.process.kill('SIGKILL')
    await child.ended
    await withLock(dataDir, 'test', nothing, { waitMs: 0 })
    assert.deepEqual(await readdir(dataDir), [])
  })
  it('of a killed process is not touched while another process is about to remove it', async test => {
    const dataDir = await temporary(test)
    const dead = JSON.stringify({ ...ownHolder('dead'), nonce: 'aaaaaaaaaaaaaaaa', pid: 2 ** 22 + 1 })
    await writeFile(join(dataDir, 'lock'), dead)
    await writeFile(join(dataDir, 'lock.aaaaaaaaaaaaaaaa'), JSON.stringify(ownHolder('another waiter')))
    await assert.rejects(withLock(dataDir, 'test', nothing, { waitMs: 30 }), { status: 5, message: /another waiter/ })
    assert.equal(await readFile(join(dataDir, 'lock'), 'utf8'), dead)
  })
  it('of a killed process is taken over by one of many waiters at a time, even if others died taking it over', async test => {
    const dataDir = await temporary(test)
    const dead = (nonce: string): string => JSON.stringify({ ...ownHolder('dead'), nonce, pid: 2 ** 22 + 1 })
    let inside = 0
    const work = async () => {
      inside += 1
      assert.equal(inside, 1)
      await sleep(1)
      inside -= 1
    }
    for (let round = 0; round < 5; round++) {
      await writeFile(join(dataDir, 'lock.aaaaaaaaaaaaaaaa'), dead('bbbbbbbbbbbbbbbb'))
      await writeFile(join(dataDir, 'lock.new.cccccccccccccccc'), 'a draft')
      await writeFile(join(dataDir, 'lock'), dead('aaaaaaaaaaaaaaaa'))
      await Promise.all(Array.from({ length: 8 }, () => withLock(dataDir, 'test', work)))
      assert.deepEqual(await readdir(dataDir), [])
    }
  })
  it('that makes no sense is left alone', async test => {
    const dataDir = await temporary(test)
    for (const text of ['', 'not JSON', '{"pid":1}']) {
      await writeFile(join(dataDir, 'lock'), text)
      await assert.rejects(withLock(dataDir, 'test', nothing, { waitMs: 0 }), { status: 5, message: /is not a lock/ })
      assert.equal(await readFile(join(dataDir, 'lock'), 'utf8'), text)
    }
  })
  it('can not be had where the directory can not be made', async test => {
    const file = join(await temporary(test), 'file')
    await writeFile(file, '')
    await assert.rejects(withLock(file, 'test', nothing), { status: 1, message: /can't make the directory .*file/ })
    await assert.rejects(withLock(join(file, 'x'), 'test', nothing), { status: 1, message: /not a directory/ })
  })
  it('can not be had where a directory is in its way', async test => {
    const dataDir = await temporary(test)
    await mkdir(join(dataDir, 'lock'))
    await assert.rejects(withLock(dataDir, 'test', nothing), { status: 1, message: /can't lock .*: it is a directory/ })
  })
})

describe('the holder of a lock', () => {
  const me = ownHolder('test')
  const cases: [what: string, change: Partial<Holder>, dead: boolean, linuxOnly: boolean][] = [
    ['lives: this process', {}, false, false],
    ['lives: the first process, though it is not ours to signal', { pid: 1, start: null }, false, false],
    ['is dead: no such process', { pid: 2 ** 22 + 1 }, true, false],
    ['is dead: its number was used again', { start: '1' }, true, true],
    ['is dead: the machine was started again', { boot: 'another' }, true, true],
    ["may live: another machine's", { host: 'another', pid: 2 ** 22 + 1, boot: 'another' }, false, false],
    ['may live: another container', { namespace: 'pid:[1]', pid: 2 ** 22 + 1 }, false, true],
    ['lives, as far as a system without /proc can say', { boot: null, start: null }, false, false],
  ]
  for (const [what, change, dead, linuxOnly] of cases) {
    const skip = linuxOnly && process.platform !== 'linux' && 'only where there is /proc'
    it(what, { skip }, () => assert.equal(isDead({ ...me, ...change }), dead))
  }
  it('is read as it was written', () => assert.deepEqual(parseHolder(JSON.stringify(me)), me))
  it("can not lead to another directory's files", () => {
    assert.equal(parseHolder(JSON.stringify({ ...me, nonce: '../../etc/passwd' })), null)
  })
})

it('20 processes change one catalog at once, some are killed: no edge is lost, none torn, none there twice', async test => {
  const dataDir = await temporary(test)
  const perChild = 10
  const children = Array.from({ length: 20 }, (_, n) =>
    startChild('change.child.js', dataDir, `c${n}`, String(perChild)),
  )
  const victims = children.filter((_, n) => n % 4 === 0)
  for (const [n, child] of victims.entries()) {
    void firstLine(child).then(() => sleep(n * 7).then(() => child.process.kill('SIGKILL')))
  }
  await Promise.all(children.map(child => child.ended))

  const { edges } = await readCatalog(dataDir)
  const stored = edges.map(one => one.snapshot.name.slice('tank/home@'.length))
  assert.equal(new Set(stored).size, stored.length)
  for (const child of children) {
    const said = child.lines()
    if (!victims.includes(child)) assert.equal(said.length, perChild)
    for (const name of said) assert.ok(stored.includes(name), `${name} is lost`)
  }
  // The one edge that a victim was about to report may be there as well.
  const reported = children.flatMap(child => child.lines()).length
  assert.ok(stored.length >= reported && stored.length <= reported + victims.length)
  await withLock(dataDir, 'test', nothing)
  assert.deepEqual(
    (await readdir(dataDir)).filter(name => name.startsWith('lock')),
    [],
  )
})
