/**
 * Loaded into a command (node --import): counts the changes that it makes to files in its data directory, and kills it with
 * SIGKILL at one of them. CRASH_LIST names a file for the list of changes. CRASH_AT says at which it dies, counted from
 * 0: `7` just before the change, `7 torn` when half of what is written is there. What changes nothing is not counted; nor is
 * fsync, since who is killed loses nothing that is written.
 */
import { appendFileSync, existsSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { relative } from 'node:path'

type Call = (this: unknown, ...args: unknown[]) => Promise<unknown>

const { CRASH_AT, CRASH_LIST, ZFS2S3_DATA_DIR = '' } = process.env
const [dieAt, torn] = CRASH_AT === undefined ? [] : CRASH_AT.split(' ')
const paths = new WeakMap<object, string>()
let changes = 0

const isInside = (path: unknown): path is string => typeof path === 'string' && path.startsWith(ZFS2S3_DATA_DIR)

/** Replaces a method by one that may die before it; `pathOf` is undefined where it changes nothing of interest. */
function watch(target: object, name: string, pathOf: (self: unknown, args: readonly unknown[]) => unknown): void {
  const original = Reflect.get(target, name) as Call
  Reflect.set(target, name, async function (this: unknown, ...args: unknown[]) {
    const path = pathOf(this, args)
    if (isInside(path))
      await step(`${name} ${relative(ZFS2S3_DATA_DIR, path)}`, half => original.call(this, half(args)))
    return original.apply(this, args)
  })
}

async function step(what: string, writePart: (half: (args: readonly unknown[]) => Buffer) => Promise<unknown>) {
  const number = changes
  changes += 1
  if (CRASH_LIST !== undefined) appendFileSync(CRASH_LIST, `${what}\n`)
  if (dieAt === undefined || number !== Number(dieAt)) return
  // In a run that goes on, the change of that number may be another one, of which there is no half.
  if (torn !== undefined && /^(append|write)File /.test(what)) {
    await writePart(([data]) => {
      const bytes = Buffer.from(data as string | Buffer)
      return bytes.subarray(0, bytes.length / 2)
    })
  }
  process.kill(process.pid, 'SIGKILL')
}

const probe = await promises.open('/dev/null')
const handles = Object.getPrototypeOf(probe) as object
await probe.close()
const ofHandle = (self: unknown) => paths.get(self as object)
for (const method of ['appendFile', 'writeFile', 'truncate']) watch(handles, method, ofHandle)

const isThere = (path: unknown) => typeof path === 'string' && existsSync(path)
const second = (_: unknown, [, path]: readonly unknown[]) => path
watch(promises, 'mkdir', (_, [path]) => (isThere(path) ? undefined : path))
watch(promises, 'unlink', (_, [path]) => (isThere(path) ? path : undefined))
watch(promises, 'rename', second)
watch(promises, 'link', second)
const isReading = (flags: unknown) => flags === undefined || flags === 'r' || flags === 0
watch(promises, 'open', (_, [path, flags]) => (isReading(flags) ? undefined : path))
const open = Reflect.get(promises, 'open') as Call
Reflect.set(promises, 'open', async (...args: unknown[]) => {
  const handle = (await open(...args)) as object
  if (isInside(args[0])) paths.set(handle, args[0])
  return handle
})
syncBuiltinESMExports()
