/** Child processes that a test starts, waits for and kills. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { projectRoot } from '../fixtures.js'

export interface Child {
  readonly process: ChildProcess
  /** What it has printed so far. */
  readonly lines: () => string[]
  /** Resolves when it has ended and all that it printed has been read. */
  readonly ended: Promise<unknown>
}

/** Runs a script of dist-test/catalog. */
export function startChild(script: string, ...args: string[]): Child {
  const child = spawn(process.execPath, [`${projectRoot}/dist-test/catalog/${script}`, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  return { process: child, lines: () => printed.split('\n').slice(0, -1), ended: once(child, 'close') }
}

/** Resolves when the child has printed its first line. */
export async function firstLine(child: Child): Promise<void> {
  while (child.lines().length === 0 && child.process.stdout !== null) await once(child.process.stdout, 'data')
}
