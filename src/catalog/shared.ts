/**
 * A catalog that several machines share: its object in the bucket is the truth. Each change is a compare-and-swap: it is
 * written only if the object still is the version that the change was made of, and else made again of the newer one.
 */
import { rename } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Edge } from '../chain/edge.js'
import { edgeTitle, listed } from '../chain/names.js'
import { failed, notYet, refused } from '../failure.js'
import { readCatalog } from './catalog.js'
import { type CopyNote, copyNotes, noteCopy } from './copies.js'
import { copyLock, unknownIn } from './copy.js'
import { fileFailure } from './files.js'
import { catalogText, parseCatalog } from './format.js'
import type { CatalogHome, Change, Claim } from './home.js'
import { withLock } from './lock.js'
import type { RemoteFile } from './remote.js'

/** For how long a change is tried again, in milliseconds; and the longest pause, which is random and grows up to that. */
const tryForMs = 120_000
const longestPauseMs = 2000

/** The catalog in the bucket. `today` is the day (UTC, RFC 3339): the service is tried out once a day. */
export function sharedCatalog(dataDir: string, file: RemoteFile, today: string): CatalogHome {
  const load = () => loadCatalog(dataDir, file)
  return {
    read: async () => (await load()).edges,
    // Whoever has the lock may have to ask S3 many times: others wait for as long as that may go on.
    claim: (purpose, work) =>
      withLock(dataDir, purpose, () => work(claimed(dataDir, file, today)), { waitMs: tryForMs }),
  }
}

/** The catalog as it was read. */
interface Loaded {
  readonly edges: readonly Edge[]
  /** Empty where there is none. */
  readonly text: string
  readonly version: string | null
}

/** Throws a Failure where it can't be read, and where it is gone: then it is not empty. */
async function loadCatalog(dataDir: string, file: RemoteFile): Promise<Loaded> {
  const there = await file.read()
  if (there !== null) {
    const edges = await parseCatalog(there.text, file.title)
    return { edges, text: there.text, version: there.version }
  }
  const known = (await copyNotes(dataDir))[file.id]
  if (known?.version != null) {
    throw failed(
      `the catalog ${file.title} is gone: this machine has seen it there`,
      'are ZFS2S3_BUCKET and ZFS2S3_PREFIX right? Else put back an older version of the object, or rebuild it: ' +
        'zfs2s3-graph --from bucket shows what is stored',
    )
  }
  return { edges: [], text: '', version: null }
}

function claimed(dataDir: string, file: RemoteFile, today: string): Claim {
  let now: Loaded | undefined
  const read = async () => {
    now ??= await loadCatalog(dataDir, file)
    await demandCarriedOver(dataDir, file, now.edges)
    return now.edges
  }
  return {
    read,
    readAgain: async () => {
      if (now !== undefined && (await file.head())?.version !== now.version) now = undefined
      return read()
    },
    change: async change => {
      now = await swap(dataDir, file, today, change, now ?? (await loadCatalog(dataDir, file)))
      return now.edges
    },
  }
}

async function swap(dataDir: string, file: RemoteFile, today: string, change: Change, first: Loaded): Promise<Loaded> {
  const deadline = performance.now() + tryForMs
  let now = first
  for (let tries = 0; ; tries += 1) {
    const edges = await change(now.edges)
    if (edges === now.edges) return now
    await demandCarriedOver(dataDir, file, edges)
    const note = await demandConditions(dataDir, file, today)
    const text = catalogText(edges)
    const done = await file.replace(text, 'shared', now.version)
    if (done === 'unable') throw unfit(file)
    if (done !== 'changed') {
      await noteShared(dataDir, file, { ...note, version: done.version })
      await moveOwnAside(dataDir)
      return { edges, text, version: done.version }
    }
    const newer = await loadCatalog(dataDir, file)
    // The answer to an earlier try was lost on its way: it is this change that is there.
    if (newer.text === text) return { edges, text, version: newer.version }
    now = newer
    if (performance.now() > deadline) {
      throw notYet(`${file.title} is changed by others all the time: ${tries + 1} tries`, 'run the command again later')
    }
    await sleep(Math.random() * Math.min(longestPauseMs, 50 * 2 ** tries))
  }
}

/** Throws status 3 if the service ignores conditions: then one machine's change would undo another's. */
async function demandConditions(dataDir: string, file: RemoteFile, today: string): Promise<CopyNote> {
  const known = (await copyNotes(dataDir))[file.id]
  if (known?.role === 'shared' && known.honoured === today) return known
  if (!(await file.honoursConditions())) throw unfit(file)
  return { role: 'shared', version: known?.version ?? null, sent: null, written: true, honoured: today }
}

const unfit = (file: RemoteFile) =>
  refused(
    `${file.service} ignores If-Match or If-None-Match when it writes, so that machines which share ${file.title} would undo each other's changes`,
    'keep a catalog on each machine (ZFS2S3_CATALOG=local) with a ZFS2S3_PREFIX of its own',
  )

async function noteShared(dataDir: string, file: RemoteFile, note: CopyNote): Promise<void> {
  await withLock(dataDir, 'note the version of the catalog', () => noteCopy(dataDir, file.id, note), copyLock)
}

/** Throws status 3 while this machine has a catalog of its own that lists what the shared one would not. */
async function demandCarriedOver(dataDir: string, file: RemoteFile, shared: readonly Edge[]): Promise<void> {
  const own = await readCatalog(dataDir)
  const left = unknownIn(shared, own.edges)
  if (left.length === 0) return
  throw refused(
    `this machine has a catalog of its own, ${own.path}, with streams that ${file.title} does not list: ${listed(left.map(edgeTitle))}`,
    "carry them over (zfs2s3-graph --catalog local | zfs2s3-import --catalog bucket), or move that file aside if you don't want them",
  )
}

/** The machine's own catalog, all of which is in the shared one now, is out of the way from here on. */
async function moveOwnAside(dataDir: string): Promise<void> {
  const own = await readCatalog(dataDir)
  if (!own.exists) return
  try {
    await rename(own.path, `${own.path}.before-sharing`)
  } catch (error) {
    throw fileFailure(`can't move ${own.path} aside`, error)
  }
}
