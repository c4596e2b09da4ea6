/** The unsigned requests under `/-/` by which other processes see and steer the server. No bucket can be called `-`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isObject } from './disk.js'
import type { Fault } from './fault.js'
import { isFault } from './fault.js'
import type { Server } from './handle.js'
import type { LogQuery } from './log.js'
import { alterObject, isAlteration } from './alter.js'
import { operationNames } from './routes.js'
import { areSettings } from './settings.js'

type Control = (server: Server, query: URLSearchParams, body: unknown, signal: AbortSignal) => unknown

/** A request that makes no sense; its text is answered with status 400. */
class Misuse extends Error {}

/** A year: the longest that anybody waits. */
const longestMs = 2 ** 31 - 1

/** What can be asked, and answered with JSON: arrays a line each, undefined as 204. */
const controls: Readonly<Record<string, Control>> = {
  'GET /-/faults': ({ faults }) => faults.list(),
  'POST /-/faults': ({ faults }, _, body) => {
    faults.add(...faultsIn(body))
  },
  'DELETE /-/faults': ({ faults }) => faults.clear(),
  'GET /-/log': ({ log }, query) => log.entries(logQuery(query)),
  'DELETE /-/log': ({ log }) => log.clear(),
  'GET /-/wait': async ({ faults, log }, query, _, signal) => {
    const timeout = AbortSignal.timeout(Math.min(Number(query.get('timeout') ?? 60_000), longestMs))
    const either = AbortSignal.any([signal, timeout])
    const held = query.get('held')
    if (held !== null) return (await faults.waitForHeld(held, either)).request
    return log.wait(logQuery(query), Number(query.get('count') ?? 1), either)
  },
  'POST /-/release': ({ faults }, query) => ({ released: faults.release(query.get('held') ?? undefined) }),
  'GET /-/settings': ({ service }) => service.settings,
  'POST /-/settings': ({ service }, _, body) => {
    if (!isObject(body) || !areSettings(body)) throw new Misuse('not settings; GET /-/settings shows them all')
    return Object.assign(service.settings, body)
  },
  'POST /-/objects': async ({ service }, _, body) => {
    if (!isAlteration(body)) throw new Misuse('not an alteration of an object')
    await alterObject(service, body)
  },
}

/** Whether a request is for the server itself and not for S3. */
export const isControl = (url: string): boolean => url.startsWith('/-/')

/** Answers such a request. */
export async function handleControl(server: Server, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '', 'http://control')
  const gone = new AbortController()
  response.once('close', () => gone.abort(new Misuse('gone')))
  const control = controls[`${request.method ?? ''} ${url.pathname}`]
  try {
    if (control === undefined) throw new Misuse(`there is ${Object.keys(controls).join(', ')}`)
    const body = await bodyOf(request)
    const result: unknown = await control(server, url.searchParams, body, gone.signal)
    if (result === undefined) response.writeHead(204).end()
    else if (Array.isArray(result)) response.end(result.map(line => `${JSON.stringify(line)}\n`).join(''))
    else response.end(`${JSON.stringify(result)}\n`)
  } catch (error) {
    const late = error instanceof Error && error.name === 'TimeoutError'
    response.writeHead(late ? 408 : 400).end(`${error instanceof Error ? error.message : String(error)}\n`)
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  for await (const piece of request) if (Buffer.isBuffer(piece)) pieces.push(piece)
  const text = Buffer.concat(pieces).toString()
  return text === '' ? null : (JSON.parse(text) as unknown)
}

function faultsIn(body: unknown): Fault[] {
  const all: unknown[] = Array.isArray(body) ? body : [body]
  return all.map(fault => {
    if (!isFault(fault, operationNames)) throw new Misuse(`not a fault: ${JSON.stringify(fault)}`)
    return fault
  })
}

function logQuery(query: URLSearchParams): LogQuery {
  const text = (name: string) => (query.has(name) ? { [name]: query.get(name) ?? '' } : {})
  const number = (name: string) => (query.has(name) ? { [name]: Number(query.get(name)) } : {})
  return { ...text('operation'), ...text('key'), ...number('partNumber'), ...number('status') }
}
