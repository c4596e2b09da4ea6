/** The test server as a program; scripts/s3-server starts it. */
import { parseArgs } from 'node:util'
import { Failure, messageOf, usageError } from '#src/failure.js'
import type { S3ServerOptions } from './server.js'
import { startS3Server } from './server.js'
import type { Settings } from './settings.js'
import { areSettings, defaultSettings } from './settings.js'

const help = `Usage: s3-server [OPTION]...

A strict S3 server for tests and trials, on 127.0.0.1 only. It prints the variables
that make zfs2s3, awscli and the AWS SDKs use it, and runs until it is interrupted:

    scripts/s3-server --dir /var/tmp/s3 > s3.env &    # and when it has started:
    eval "$(cat s3.env)"

Options:
  --port N        the port to listen on (default: a free one)
  --dir DIR       where objects are kept (default: a temporary directory, removed at the end)
  --bucket NAME   the bucket to make, if it isn't there (default: zfs2s3)
  --region NAME   (default: us-east-1)
  --help          print this

Limits and behaviour (sizes in bytes; also changeable while it runs, see below):
  --min-part-size N        of every part but the last (default: 5242880, S3's)
  --max-part-size N        (default: 5 GiB)
  --max-object-size N      (default: 5 TiB)
  --max-parts N            the highest part number (default: 10000, S3's)
  --max-keys N             entries in a page of any list (default: 1000, S3's)
  --latency-ms N           that every request waits
  --bytes-per-second N     for all bodies together (default: 0, no limit)
  --skew-ms N              by which the server's clock is ahead
  --restore-ms N           that restoring an archived object takes (default: 1000)
  --no-checksums           ignore SHA-256 and CRC checksums, as some services do
  --no-conditional-writes  ignore If-Match and If-None-Match when writing, as some services do
  --no-md5                 ETags that are no MD5 sums; saves time
  --complete-again         answer a repeated CompleteMultipartUpload as the first one
  --token-expired          answer requests with ExpiredToken
  --identity-policy JSON   allow only what this IAM policy allows

While it runs, without signature:
  GET, POST /-/settings    {"minPartSize":1024,"noChecksums":true}
  GET, POST, DELETE /-/faults   {"operation":"UploadPart","partNumber":3,"do":"drop","at":"after"}
  GET, DELETE /-/log       the requests, a line of JSON each
  GET /-/wait?held=NAME    until a fault with "do":"hold" holds a request; POST /-/release?held=NAME
  GET /-/wait?operation=UploadPart&count=3   until so many are over
  POST /-/objects          {"bucket":"b","key":"k","flipBit":17} or "storageClass", "archiveStatus", "restore":"finish"
`

/** `minPartSize` as a flag: `min-part-size`. */
const flagOf = (setting: string): string => setting.replace(/[A-Z]+/g, part => `-${part.toLowerCase()}`)

type FlagTypes = Record<string, { type: 'string' | 'boolean' }>

function settingFlags(): FlagTypes {
  const flags: FlagTypes = {}
  for (const [name, value] of Object.entries(defaultSettings))
    flags[flagOf(name)] = { type: typeof value === 'boolean' ? 'boolean' : 'string' }
  return flags
}

/** The options that the arguments give, or null if they ask for help. Throws a Failure with status 2. */
function optionsOf(args: readonly string[]): S3ServerOptions | null {
  const values = valuesOf(args)
  if (values.get('help') === true) return null
  const text = (name: string) => {
    const value = values.get(name)
    return typeof value === 'string' ? { [name]: value } : {}
  }
  const port = values.has('port') ? { port: numberOf('port', values.get('port')) } : {}
  return { ...text('dir'), ...text('bucket'), ...text('region'), ...port, settings: settingsOf(values) }
}

function valuesOf(args: readonly string[]): Map<string, unknown> {
  const options: FlagTypes = {
    port: { type: 'string' },
    dir: { type: 'string' },
    bucket: { type: 'string' },
    region: { type: 'string' },
    help: { type: 'boolean' },
    ...settingFlags(),
  }
  try {
    return new Map(Object.entries(parseArgs({ args: [...args], options, allowPositionals: false }).values))
  } catch (error) {
    throw usageError(messageOf(error), 'see --help')
  }
}

function settingsOf(values: ReadonlyMap<string, unknown>): Partial<Settings> {
  const settings: Record<string, unknown> = {}
  for (const [name, preset] of Object.entries(defaultSettings)) {
    const value = values.get(flagOf(name))
    if (value !== undefined) settings[name] = typeof preset === 'number' ? numberOf(flagOf(name), value) : value
  }
  if (!areSettings(settings)) throw usageError('a setting has no value', 'see --help')
  return settings
}

function numberOf(flag: string, value: unknown): number {
  if (typeof value === 'string' && /^-?\d{1,15}$/.test(value)) return Number(value)
  throw usageError(`--${flag} ${String(value)} is not a whole number`, 'see --help')
}

const quoted = (value: string): string =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2))
  if (options === null) {
    process.stdout.write(help)
    return
  }
  const server = await startS3Server(options)
  for (const [name, value] of Object.entries(server.env)) process.stdout.write(`export ${name}=${quoted(value)}\n`)
  const stop = () => void server.close()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

main().catch((error: unknown) => {
  const remedy = error instanceof Failure && error.remedy !== undefined ? `: ${error.remedy}` : ''
  process.stderr.write(`s3-server: ${messageOf(error)}${remedy}\n`)
  process.exitCode = error instanceof Failure ? error.status : 1
})
