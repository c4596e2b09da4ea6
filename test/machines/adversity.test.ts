/** A catalog's object in the bucket when things go wrong: never taken for empty, never overwritten by who doesn't know it. */
import assert from 'node:assert/strict'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { catalogPath, readCatalog } from '#src/catalog/catalog.js'
import { copyNotes } from '#src/catalog/copies.js'
import { updateCopy } from '#src/catalog/copy.js'
import { catalogText, parseCatalog } from '#src/catalog/format.js'
import { type CatalogHome, changeCatalog, localCatalog } from '#src/catalog/home.js'
import { demandOwn } from '#src/catalog/own.js'
import { sharedCatalog } from '#src/catalog/shared.js'
import type { Edge } from '#src/chain/edge.js'
import { catalogKey, probeKey } from '#src/chain/names.js'
import type { Document } from '#src/store/document.js'
import { temporary } from '../catalog/temporary.js'
import { edge } from '../chain/notation.js'
import { clientOf } from '../s3/client.js'
import type { Fault } from '../s3/fault.js'
import { type S3Server, startS3Server } from '../s3/server.js'
import { openBucket } from '../store/buckets.js'

const key = catalogKey('')
const [a, ab, bc] = [edge('a'), edge('a>b'), edge('b>c')]
const adding = (one: Edge) => (edges: readonly Edge[]) => [...edges, one]

/** A machine, whose catalog is in `homes.local` or `homes.shared`. */
interface Machine {
  readonly dataDir: string
  readonly file: Document
  readonly homes: { readonly local: CatalogHome; readonly shared: CatalogHome }
}

interface World {
  readonly server: S3Server
  /** What the object in the bucket lists. */
  readonly edges: () => Promise<Edge[]>
  readonly text: () => Promise<string>
  /** Somebody puts something else there. */
  readonly write: (text: string) => Promise<void>
  readonly machine: (settings?: { retryForMs?: number }) => Promise<Machine>
}

async function world(test: TestContext): Promise<World> {
  const server = await startS3Server()
  test.after(() => server.close())
  const text = async () => (await server.read(key)).toString()
  return {
    server,
    text,
    edges: async () => parseCatalog(await text(), 'the copy'),
    write: async content => {
      const client = clientOf(server)
      await client.send(new PutObjectCommand({ Bucket: server.bucket, Key: key, Body: content }))
      client.destroy()
    },
    machine: async ({ retryForMs = 0 } = {}) => {
      const dataDir = await temporary(test)
      const bucket = await openBucket(server)
      test.after(() => bucket.close())
      const signal = new AbortController().signal
      const file = bucket.document(key, probeKey(''), { retryForMs, signal })
      const local = localCatalog(dataDir)
      return { dataDir, file, homes: { local, shared: sharedCatalog(dataDir, file, '2026-11-25') } }
    },
  }
}

/** A change of a catalog that has a copy. */
async function changeAndCopy({ dataDir, file, homes }: Machine, one: Edge): Promise<void> {
  await changeCatalog(homes.local, 'test', adding(one))
  await updateCopy(dataDir, file)
}
const changeShared = ({ homes }: Machine, one: Edge) => changeCatalog(homes.shared, 'test', adding(one))

describe('the copy', () => {
  it('is what the catalog is, of class STANDARD, and says whose it is', async test => {
    const { server, machine, text } = await world(test)
    const one = await machine()
    await changeAndCopy(one, a)
    assert.equal(await text(), await readFile(catalogPath(one.dataDir), 'utf8'))
    const version = server.objects.current(server.bucket, key)
    assert.equal(version?.storageClass, 'STANDARD')
    assert.equal((await one.file.head())?.role, 'copy')
  })
  it('is written once for changes that were made at the same time', async test => {
    const { server, machine, edges } = await world(test)
    const one = await machine()
    await changeCatalog(one.homes.local, 'test', adding(a))
    await changeCatalog(one.homes.local, 'test', adding(ab))
    await Promise.all([updateCopy(one.dataDir, one.file), updateCopy(one.dataDir, one.file)])
    assert.equal(server.log.entries({ operation: 'PutObject' }).length, 1)
    assert.deepEqual(await edges(), [a, ab])
  })
  it('that lists what this catalog does not know is not replaced', async test => {
    const { machine, edges } = await world(test)
    await changeAndCopy(await machine(), a)
    await assert.rejects(changeAndCopy(await machine(), edge('x')), {
      status: 3,
      message: /lists what this machine's does not \(tank\/home@a \(full\)\), and was not replaced/,
    })
    assert.deepEqual(await edges(), [a])
  })
  it('that lists nothing but what this catalog knows is replaced', async test => {
    const { machine, edges } = await world(test)
    await changeAndCopy(await machine(), a)
    const other = await machine()
    await changeCatalog(other.homes.local, 'import', adding(a))
    await changeAndCopy(other, ab)
    assert.deepEqual(await edges(), [a, ab])
  })
  it('is replaced by what was removed from the catalog since, though the last time was not noted', async test => {
    const { machine, edges } = await world(test)
    const one = await machine()
    await changeAndCopy(one, a)
    await changeAndCopy(one, ab)
    // As if it had been killed between writing the copy and noting that.
    const path = join(one.dataDir, 'copies.json')
    const notes = await copyNotes(one.dataDir)
    const stale = { ...notes[one.file.id], version: null, written: false }
    await writeFile(path, JSON.stringify({ [one.file.id]: stale }))
    await changeCatalog(one.homes.local, 'test', all => all.slice(0, 1))
    await updateCopy(one.dataDir, one.file)
    assert.deepEqual(await edges(), [a])
  })
  it('that people have deleted is written again', async test => {
    const { server, machine, edges } = await world(test)
    const one = await machine()
    await changeAndCopy(one, a)
    server.objects.remove(server.bucket, key, Date.now())
    await changeAndCopy(one, ab)
    assert.deepEqual(await edges(), [a, ab])
  })
  it('is never overwritten by another machine that looked at the same time', async test => {
    const { server, machine, edges } = await world(test)
    const [one, other] = [await machine(), await machine()]
    server.faults.add({ operation: 'PutObject', key, do: 'hold', name: 'first' })
    const first = changeAndCopy(one, a)
    await server.faults.waitForHeld('first', AbortSignal.timeout(10_000))
    await changeAndCopy(other, edge('x'))
    server.faults.release('first')
    await assert.rejects(first, { status: 3 })
    assert.deepEqual(await edges(), [edge('x')])
  })
  it('is compared before it is written where the service ignores or refuses conditions', async test => {
    for (const refuses of [false, true]) {
      const { server, machine, edges } = await world(test)
      if (refuses)
        server.faults.add({ operation: 'PutObject', key, times: 2, do: 'status', status: 501, code: 'NotImplemented' })
      else server.settings.noConditionalWrites = true
      const one = await machine()
      // With the condition it is refused; without, it goes through.
      if (refuses) server.faults.clear()
      await changeAndCopy(one, a)
      await assert.rejects(changeAndCopy(await machine(), edge('x')), { status: 3 })
      assert.deepEqual(await edges(), [a])
    }
  })
})

describe('the shared catalog', () => {
  it('is changed by all, and by each on what the others have left', async test => {
    const { machine, edges, server } = await world(test)
    const [one, other] = [await machine(), await machine()]
    await changeShared(one, a)
    await changeShared(other, ab)
    await changeShared(one, bc)
    assert.deepEqual(await edges(), [a, ab, bc])
    assert.deepEqual(await other.homes.shared.read(), [a, ab, bc])
    assert.deepEqual(server.log.entries({ operation: 'DeleteObject' }), [])
  })
  it('a change that was outrun is made again, of the newer version', async test => {
    const { server, machine, edges } = await world(test)
    const [one, other] = [await machine(), await machine()]
    await changeShared(one, a)
    server.faults.add({ operation: 'PutObject', key, do: 'hold', name: 'slow' })
    const seen: string[] = []
    const slow = changeCatalog(one.homes.shared, 'test', all => {
      seen.push(all.map(({ snapshot }) => snapshot.name).join())
      return [...all, bc]
    })
    await server.faults.waitForHeld('slow', AbortSignal.timeout(10_000))
    await changeShared(other, ab)
    server.faults.release('slow')
    await slow
    assert.deepEqual(seen, ['tank/home@a', 'tank/home@a,tank/home@b'])
    assert.deepEqual(await edges(), [a, ab, bc])
  })
  it('a conflict that S3 reports as 409 is the same', async test => {
    const { server, machine, edges } = await world(test)
    const one = await machine()
    await changeShared(one, a)
    server.faults.add({ operation: 'PutObject', key, do: 'status', status: 409, code: 'ConditionalRequestConflict' })
    await changeShared(one, ab)
    assert.deepEqual(await edges(), [a, ab])
  })
  it('a change whose answer was lost is made once', async test => {
    const { server, machine, edges } = await world(test)
    const one = await machine({ retryForMs: 5000 })
    await changeShared(one, a)
    server.faults.add({ operation: 'PutObject', key, do: 'drop', at: 'after' })
    let calls = 0
    await changeCatalog(one.homes.shared, 'test', all => {
      calls += 1
      return [...all, ab]
    })
    assert.equal(calls, 1)
    assert.deepEqual(await edges(), [a, ab])
  })
  it('that is gone is not empty to who has seen it', async test => {
    const { server, machine } = await world(test)
    const one = await machine()
    await changeShared(one, a)
    server.objects.remove(server.bucket, key, Date.now())
    await assert.rejects(one.homes.shared.read(), { status: 1, message: /is gone: this machine has seen it/ })
    await assert.rejects(changeShared(one, ab), { status: 1, message: /is gone/ })
    assert.equal(server.objects.current(server.bucket, key), null)
  })
  it('a service that ignores conditions is refused, and named', async test => {
    const { server, machine } = await world(test)
    server.settings.noConditionalWrites = true
    const message = new RegExp(`^${server.url} ignores If-Match`)
    await assert.rejects(changeShared(await machine(), a), { status: 3, message })
    assert.equal(server.objects.current(server.bucket, key), null)
  })
  it('is not replaced by the copy of a machine that keeps its own', async test => {
    const { machine, edges } = await world(test)
    await changeShared(await machine(), a)
    const other = await machine()
    await changeCatalog(other.homes.local, 'import', adding(a))
    await assert.rejects(changeAndCopy(other, ab), { status: 3, message: /several machines share/ })
    assert.deepEqual(await edges(), [a])
  })
  it('takes over from a copy; what the machine has beyond it must be carried over first', async test => {
    const { machine, edges } = await world(test)
    const one = await machine()
    await changeAndCopy(one, a)
    await changeCatalog(one.homes.local, 'not copied', adding(ab))
    const refusal = { status: 3, message: /has a catalog of its own, .*does not list: tank\/home@b <- tank\/home@a/ }
    await assert.rejects(
      one.homes.shared.claim('test', claim => claim.read()),
      refusal,
    )
    await assert.rejects(changeShared(one, edge('x')), refusal)
    assert.deepEqual(await edges(), [a])
    await changeShared(one, ab)
    assert.deepEqual(await edges(), [a, ab])
    assert.equal((await readCatalog(one.dataDir)).exists, false)
    await assert.rejects(demandOwn(one.dataDir), { status: 2, message: /is in S3, as zfs2s3\/zfs2s3-catalog.yml/ })
  })
})

const status = (operation: string, code: number, name: string): Fault => ({
  operation,
  key,
  times: 0,
  do: 'status',
  status: code,
  code: name,
})
const newer = catalogText([a]).replace('version: 1', 'version: 2')

/** What goes wrong once the catalog has `a`; whatever it is, nothing of the object may change. */
const adversities: readonly {
  readonly what: string
  readonly fault?: Fault
  readonly text?: string
  /** What a change says, with the copy and with the shared catalog. */
  readonly says: RegExp
}[] = [
  { what: '403 on reading', fault: status('GetObject', 403, 'AccessDenied'), says: /S3 refuses it \(403/ },
  { what: '403 on writing', fault: status('PutObject', 403, 'AccessDenied'), says: /S3 refuses it \(403/ },
  { what: 'wrong credentials', fault: status('GetObject', 403, 'InvalidAccessKeyId'), says: /InvalidAccessKeyId/ },
  { what: '503 on reading', fault: status('GetObject', 503, 'SlowDown'), says: /503 SlowDown/ },
  { what: '503 on writing', fault: status('PutObject', 503, 'SlowDown'), says: /503 SlowDown/ },
  { what: 'one that breaks off', text: catalogText([a]).slice(0, -8), says: /breaks off before its last line/ },
  { what: 'an empty one', text: '', says: /is empty, but not for lack|416|InvalidRange/ },
  { what: 'one that is no catalog', text: 'hello: world\n', says: /is damaged|no list of backups|zfs2s3-catalog/ },
  { what: 'one of a newer version', text: newer, says: /written by a newer version/ },
]

describe('whatever is wrong with the object or with S3', () => {
  for (const { what, fault, text, says } of adversities) {
    it(`${what}: the copy stays as it is, and the change is in the catalog`, async test => {
      const place = await world(test)
      const one = await place.machine()
      await changeAndCopy(one, a)
      if (text !== undefined) await place.write(text)
      const before = await place.text()
      if (fault !== undefined) place.server.faults.add(fault)
      await assert.rejects(changeAndCopy(one, ab), { name: 'Failure', status: 1, message: says })
      place.server.faults.clear()
      assert.equal(await place.text(), before)
      assert.deepEqual(await one.homes.local.read(), [a, ab])
    })
    it(`${what}: the shared catalog stays as it is`, async test => {
      const place = await world(test)
      const one = await place.machine()
      await changeShared(one, a)
      if (text !== undefined) await place.write(text)
      const before = await place.text()
      if (fault !== undefined) place.server.faults.add(fault)
      await assert.rejects(changeShared(one, ab), { name: 'Failure', status: 1, message: says })
      place.server.faults.clear()
      assert.equal(await place.text(), before)
    })
  }

  it('notes that are damaged stop both', async test => {
    const { machine, edges } = await world(test)
    const one = await machine()
    await changeAndCopy(one, a)
    await writeFile(join(one.dataDir, 'copies.json'), '{"x": 1}')
    await assert.rejects(changeAndCopy(one, ab), { status: 1, message: /copies.json is damaged/ })
    await assert.rejects(changeShared(one, ab), { status: 1, message: /copies.json is damaged/ })
    assert.deepEqual(await edges(), [a])
  })
  it('a data directory behind a link that leads nowhere is not a new machine', async test => {
    const { machine, server } = await world(test)
    const { file } = await machine()
    const top = await temporary(test)
    await symlink(join(top, 'not mounted'), join(top, 'data'))
    for (const home of [localCatalog(join(top, 'data')), sharedCatalog(join(top, 'data'), file, '2026-11-25')]) {
      await assert.rejects(changeCatalog(home, 'test', adding(a)), { status: 1 })
    }
    assert.equal(server.objects.current(server.bucket, key), null)
  })
  it('a data directory that is linked elsewhere is used there', async test => {
    const { machine, edges } = await world(test)
    const { file } = await machine()
    const top = await temporary(test)
    await mkdir(join(top, 'there'))
    await symlink(join(top, 'there'), join(top, 'data'))
    const linked = join(top, 'data')
    await changeAndCopy(
      { dataDir: linked, file, homes: { local: localCatalog(linked), shared: localCatalog(linked) } },
      a,
    )
    assert.deepEqual(await edges(), [a])
    assert.deepEqual((await readCatalog(join(top, 'there'))).edges, [a])
  })
})
