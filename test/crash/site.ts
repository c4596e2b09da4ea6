/** A place to crash in: an S3 server, a data directory, and commands that are killed at a step of their work. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readCatalog } from '#src/catalog/catalog.js'
import { parseCatalog } from '#src/catalog/format.js'
import type { Edge } from '#src/chain/edge.js'
import { catalogKey, parseKey } from '#src/chain/names.js'
import { projectRoot } from '../fixtures.js'
import type { Fault } from '../s3/fault.js'
import { type S3Server, startS3Server } from '../s3/server.js'

/** A moment in the work of a command: a change to a file, or a request. */
export type Step = ChangeStep | RequestStep

interface ChangeStep {
  readonly change: number
  /** Half of what is written is there. */
  readonly torn: boolean
  readonly what: string
}

interface RequestStep {
  /** Counted from 1. */
  readonly request: number
  /** Before it is handled, or before it is answered. */
  readonly at: 'before' | 'after'
  readonly what: string
}

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Where the catalog is: ZFS2S3_CATALOG. */
export type Home = 'local' | 'bucket'

export interface Input {
  readonly stdin?: string | Uint8Array
  /** Which machine runs it; the one whose data directory is looked into, unless another is named. */
  readonly machine?: string
  /** Where it is killed. */
  readonly dieAt?: Step
  /** What happens before the first request of that operation is handled; requests are counted from there. */
  readonly before?: { readonly operation: string; readonly work: () => Promise<void> }
}

const hook = fileURLToPath(new URL('hook.js', import.meta.url))
const hangingMs = 60_000

export class Site {
  readonly #top: string
  readonly #home: Home
  readonly dataDir: string
  readonly server: S3Server

  private constructor(top: string, home: Home, server: S3Server) {
    this.#top = top
    this.#home = home
    this.dataDir = join(top, 'data')
    this.server = server
  }

  /** An empty one, or one as it was when `from` was closed. */
  static async open(from?: string, home: Home = 'local'): Promise<Site> {
    const top = mkdtempSync(join(tmpdir(), 'zfs2s3-crash-'))
    if (from !== undefined) cpSync(from, top, { recursive: true })
    const settings = { minPartSize: 1024 }
    return new Site(top, home, await startS3Server({ dir: join(top, 's3'), settings }))
  }

  /** Opens one for some work, and removes it however that ends. */
  static async use(work: (site: Site) => Promise<void>, from?: string, home?: Home): Promise<void> {
    const site = await Site.open(from, home)
    try {
      await work(site)
    } finally {
      await site.close()
    }
  }

  /** Ends the server. The folder that is returned can be opened again, as often as one likes. */
  async freeze(): Promise<string> {
    await this.server.close()
    return this.#top
  }

  async close(): Promise<void> {
    await this.server.close()
    rmSync(this.#top, { recursive: true })
  }

  /** Runs a command to its end, or to a step at which it is killed. */
  async run(command: string, args: readonly string[], { stdin, dieAt, machine, before }: Input = {}): Promise<Ended> {
    const env: Record<string, string> = {
      ...this.server.env,
      ZFS2S3_DATA_DIR: machine === undefined ? this.dataDir : join(this.#top, machine),
      ZFS2S3_CATALOG: this.#home,
      ZFS2S3_MIN_PART_SIZE: '1024',
    }
    env.PATH = process.env.PATH ?? ''
    env.AWS_EC2_METADATA_DISABLED = 'true'
    // What another machine does meanwhile is not among its steps.
    if (machine === undefined) env.CRASH_LIST = this.#list
    if (machine === undefined) rmSync(this.#list, { force: true })
    if (dieAt !== undefined && 'change' in dieAt) env.CRASH_AT = `${dieAt.change}${dieAt.torn ? ' torn' : ''}`
    const { faults, log } = this.server
    const hold = (): void => {
      if (dieAt !== undefined && 'request' in dieAt) faults.add(...holding(dieAt))
      log.clear()
    }
    if (before !== undefined) faults.add({ operation: before.operation, do: 'hold', name: 'before' })
    else hold()
    const argv = ['--import', hook, `${projectRoot}/bin/zfs2s3-${command}`, ...args]
    const child = spawn(process.execPath, argv, { env, timeout: hangingMs, killSignal: 'SIGABRT' })
    // It may end before it has read all.
    child.stdin.on('error', () => undefined).end(stdin)
    const texts = [child.stdout, child.stderr].map(async stream =>
      (await stream.setEncoding('utf8').toArray()).join(''),
    )
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
    const over = new AbortController()
    const untilHeld = (name: string) =>
      Promise.race([faults.waitForHeld(name, over.signal).catch(() => undefined), ended])
    if (before !== undefined) {
      await untilHeld('before')
      await before.work()
      hold()
      faults.release('before')
    }
    if (dieAt !== undefined && 'request' in dieAt) {
      await untilHeld('step')
      child.kill('SIGKILL')
    }
    const [status, signal] = await ended
    over.abort()
    if (dieAt !== undefined) faults.clear()
    const [stdout = '', stderr = ''] = await Promise.all(texts)
    return { status, signal, stdout, stderr }
  }

  /** The steps of the command that ran last, in the order of their kinds. */
  steps(): Step[] {
    const lines = existsSync(this.#list) ? readFileSync(this.#list, 'utf8').trimEnd().split('\n') : []
    const steps: Step[] = lines.flatMap((line, change) => {
      const what = masked(line)
      const before = { change, torn: false, what: `before ${what}` }
      return /^(append|write)File/.test(what) ? [before, { change, torn: true, what: `within ${what}` }] : [before]
    })
    for (const [index, { operation, partNumber, status }] of this.server.log.entries().entries()) {
      const part = partNumber === null ? '' : ` of part ${partNumber}`
      const what = `request ${index + 1}, ${operation ?? ''}${part}`
      steps.push({ request: index + 1, at: 'before', what: `before ${what}` })
      // One that is refused or only reads has no effect, so that this would be the same step.
      const isChange = !/^(Get|Head|List)/.test(operation ?? '') && status !== null && status < 300
      if (isChange) steps.push({ request: index + 1, at: 'after', what: `after ${what}` })
    }
    return steps
  }

  async catalog(): Promise<readonly Edge[]> {
    if (this.#home === 'local') return (await readCatalog(this.dataDir)).edges
    const bytes = await this.server.read(catalogKey('')).catch(() => null)
    return bytes === null ? [] : parseCatalog(String(bytes), 'the shared catalog')
  }

  /** The keys of all streams in the bucket, in the order of UTF-8. */
  keys(): string[] {
    const { objects, bucket } = this.server
    return objects.keys(bucket).filter(key => parseKey(key, '') !== null && objects.current(bucket, key) !== null)
  }

  /** Keys of the uploads that are open in S3. */
  openUploads(): string[] {
    return this.server.uploads.list(this.server.bucket).map(upload => upload.key)
  }

  /** An edge's bytes as they are in S3, its volumes joined. Throws where one is missing. */
  async stored(edge: Edge): Promise<Buffer> {
    return Buffer.concat(await Promise.all(edge.volumes.map(({ key }) => this.server.read(key))))
  }

  /** All files in the data directory, but what the last command that copied the catalog has noted of that. */
  files(): string[] {
    const entries = readdirSync(this.dataDir, { recursive: true, withFileTypes: true })
    return entries
      .filter(entry => !entry.isDirectory() && !/^(copies\.json|copy\.lock)/.test(entry.name))
      .map(entry => masked(entry.name))
  }

  get #list(): string {
    return join(this.#top, 'changes')
  }
}

/** What is not to be handled is dropped when the hold ends. */
function holding({ request: nth, at }: RequestStep): Fault[] {
  const hold: Fault = { nth, do: 'hold', at, name: 'step' }
  return at === 'after' ? [hold] : [hold, { nth, do: 'drop' }]
}

/** Without what is different each time. */
const masked = (line: string): string =>
  line
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    .replace(/[0-9a-f]{32}/g, 'ID')
    .replace(/[0-9a-f]{16}/g, 'NONCE')
