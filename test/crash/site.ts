/** A place to crash in: an S3 server, a data directory, and commands that are killed at a step of their work. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readCatalog } from '#src/catalog/catalog.js'
import type { Edge } from '#src/chain/edge.js'
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

export interface Input {
  readonly stdin?: Uint8Array
  /** Where it is killed. */
  readonly dieAt?: Step
}

const hook = fileURLToPath(new URL('hook.js', import.meta.url))
const hangingMs = 60_000

export class Site {
  readonly #top: string
  readonly dataDir: string
  readonly server: S3Server

  private constructor(top: string, server: S3Server) {
    this.#top = top
    this.dataDir = join(top, 'data')
    this.server = server
  }

  /** An empty one, or one as it was when `from` was closed. */
  static async open(from?: string): Promise<Site> {
    const top = mkdtempSync(join(tmpdir(), 'zfs2s3-crash-'))
    if (from !== undefined) cpSync(from, top, { recursive: true })
    const settings = { minPartSize: 1024 }
    return new Site(top, await startS3Server({ dir: join(top, 's3'), settings }))
  }

  /** Opens one for some work, and removes it however that ends. */
  static async use(work: (site: Site) => Promise<void>, from?: string): Promise<void> {
    const site = await Site.open(from)
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
  async run(command: string, args: readonly string[], { stdin, dieAt }: Input = {}): Promise<Ended> {
    const env: Record<string, string> = {
      ...this.server.env,
      ZFS2S3_DATA_DIR: this.dataDir,
      ZFS2S3_MIN_PART_SIZE: '1024',
    }
    env.PATH = process.env.PATH ?? ''
    env.AWS_EC2_METADATA_DISABLED = 'true'
    env.CRASH_LIST = this.#list
    rmSync(this.#list, { force: true })
    if (dieAt !== undefined && 'change' in dieAt) env.CRASH_AT = `${dieAt.change}${dieAt.torn ? ' torn' : ''}`
    if (dieAt !== undefined && 'request' in dieAt) this.server.faults.add(...holding(dieAt))
    this.server.log.clear()
    const argv = ['--import', hook, `${projectRoot}/bin/zfs2s3-${command}`, ...args]
    const child = spawn(process.execPath, argv, { env, timeout: hangingMs, killSignal: 'SIGABRT' })
    // It may end before it has read all.
    child.stdin.on('error', () => undefined).end(stdin)
    const texts = [child.stdout, child.stderr].map(async stream =>
      (await stream.setEncoding('utf8').toArray()).join(''),
    )
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
    if (dieAt !== undefined && 'request' in dieAt) {
      const over = new AbortController()
      const held = this.server.faults.waitForHeld('step', over.signal).catch(() => undefined)
      await Promise.race([held, ended])
      child.kill('SIGKILL')
      over.abort()
    }
    const [status, signal] = await ended
    this.server.faults.clear()
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
      // One that is refused has no effect, so that this would be the same step.
      if (status === 200) steps.push({ request: index + 1, at: 'after', what: `after ${what}` })
    }
    return steps
  }

  async catalog(): Promise<readonly Edge[]> {
    return (await readCatalog(this.dataDir)).edges
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
