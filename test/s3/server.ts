/**
 * A strict S3 for tests and trials: path-style addressing, every request's signature and every checksum verified,
 * objects in files. Where behaviour is in doubt, it is AWS's as documented. Listens on 127.0.0.1 only.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Alteration } from './alter.js'
import { alterObject } from './alter.js'
import { Blobs } from './blobs.js'
import { handleControl, isControl } from './control.js'
import { Faults } from './faults.js'
import type { Server } from './handle.js'
import { handle } from './handle.js'
import { RequestLog } from './log.js'
import { Objects } from './objects.js'
import { slicesOf } from './operations/get.js'
import { operationNames } from './routes.js'
import type { Settings } from './settings.js'
import { defaultSettings } from './settings.js'
import type { Credentials } from './signature.js'
import { Throttle } from './throttle.js'
import { Uploads } from './uploads.js'

export interface S3ServerOptions {
  /** Where everything is kept; by default a temporary directory that goes when the server closes. */
  readonly dir?: string
  /** 0, the default, is any free one. */
  readonly port?: number
  /** Made if it isn't there; `zfs2s3` by default. */
  readonly bucket?: string
  readonly region?: string
  readonly credentials?: Credentials
  /** PEM texts; with them it speaks https. */
  readonly tls?: { readonly cert: string; readonly key: string }
  readonly settings?: Partial<Settings>
}

export interface S3Server {
  readonly url: string
  readonly port: number
  readonly dir: string
  readonly bucket: string
  /** The variables that make AWS SDKs, awscli and zfs2s3 use this server. */
  readonly env: Readonly<Record<string, string>>
  readonly credentials: Credentials
  readonly region: string
  /** Assign to it to change how the server behaves. */
  readonly settings: Settings
  readonly faults: Faults
  readonly log: RequestLog
  readonly objects: Objects
  readonly uploads: Uploads
  /** Lets something happen to a stored object; the bucket may be left out. */
  alter(alteration: Omit<Alteration, 'bucket'> & { readonly bucket?: string }): Promise<void>
  /** The bytes of an object's current version as they are stored; the bucket may be left out. */
  read(key: string, bucket?: string): Promise<Buffer>
  /** Ends all connections, and resolves when nothing is done any more. What is stored stays, if `dir` was given. */
  close(): Promise<void>
}

const defaultCredentials: Credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}

/** Starts a server; resolves when it listens. */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const { region = 'us-east-1', credentials = defaultCredentials, bucket = 'zfs2s3' } = options
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'zfs2s3-s3-'))
  const settings: Settings = { ...defaultSettings, ...options.settings }
  const server = open(dir, settings, region, credentials)
  const { service, faults, log } = server
  if (!service.objects.hasBucket(bucket)) service.objects.createBucket(bucket, service.now(), false)

  const running = new Set<Promise<void>>()
  const listener = listenerOf(server, running, options.tls)
  listener.listen(options.port ?? 0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const port = address === null || typeof address === 'string' ? 0 : address.port
  const url = `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  return {
    url,
    port,
    dir,
    bucket,
    env: environment(url, region, credentials, bucket),
    credentials,
    region,
    settings,
    faults,
    log,
    objects: service.objects,
    uploads: service.uploads,
    alter: alteration => alterObject(service, { bucket, ...alteration }),
    read: (key, from = bucket) => readAll(server, from, key),
    async close() {
      faults.clear()
      const closed = once(listener, 'close')
      listener.close()
      listener.closeAllConnections()
      await closed
      await Promise.allSettled(running)
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** What is kept in a directory, and what rests of killed requests are removed from it. */
function open(dir: string, settings: Settings, region: string, credentials: Credentials): Server {
  const blobs = new Blobs(join(dir, 'data'))
  const objects = new Objects(dir, blobs)
  const uploads = new Uploads(dir, blobs, objects.files())
  blobs.sweep(new Set([...objects.files(), ...uploads.files()]))
  const now = () => Math.floor((Date.now() + settings.skewMs) / 1000) * 1000
  return {
    service: { settings, region, objects, uploads, blobs, now },
    faults: new Faults(operationNames),
    log: new RequestLog(),
    throttle: new Throttle(settings),
    credentials,
  }
}

/** `running` has the requests that are being handled, also those whose connection has ended. */
function listenerOf(server: Server, running: Set<Promise<void>>, tls: S3ServerOptions['tls']) {
  const serve = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    const handling = isControl(request.url ?? '')
      ? handleControl(server, request, response)
      : handle(server, request, response, expectsContinue)
    const done = handling.catch((error: unknown) => {
      console.error(error)
      response.destroy()
    })
    running.add(done)
    void done.then(() => running.delete(done))
  }
  // A stalled request is what is being tested: it must not be ended by a time limit.
  const timeouts = { requestTimeout: 0, keepAliveTimeout: 60_000 }
  const listener =
    tls === undefined
      ? createHttpServer(timeouts, serve(false))
      : createHttpsServer({ ...timeouts, ...tls }, serve(false))
  return listener.on('checkContinue', serve(true))
}

const environment = (url: string, region: string, credentials: Credentials, bucket: string) => ({
  AWS_ENDPOINT_URL_S3: url,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  ...(credentials.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
  ZFS2S3_BUCKET: bucket,
})

async function readAll({ service }: Server, bucket: string, key: string): Promise<Buffer> {
  const version = service.objects.current(bucket, key)
  if (version === null) throw new Error(`there is no object ${bucket}/${key}`)
  const pieces: Buffer[] = []
  for await (const piece of service.blobs.read(slicesOf(version, 0, version.size))) pieces.push(piece)
  return Buffer.concat(pieces)
}
