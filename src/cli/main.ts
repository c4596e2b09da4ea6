/** One command's life: which one, its arguments, signals, a closed stdout; and the only place that prints errors and exits. */
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { errorCode, exitStatus, Failure, messageOf, usageError } from '../failure.js'
import { commandNames, findCommand } from '../commands/index.js'
import { openStdout } from './stdout.js'
import { parseArguments } from './arguments.js'
import { calledAs, commonOptions, type Context, Interrupted } from './command.js'

/** 128 + the number of SIGPIPE, as a shell reports a command that wrote to a closed pipe. */
const closedStdoutStatus = 141

/** Runs the command that `argv` names, by the name it was started as or by its first argument, and ends the process. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const asked = askedOfProcess()
  // The SDK warns on stderr that it will one day stop supporting the Node it runs on; that is ours to watch, not the user's.
  env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  const called = basename(argv[1] ?? '', '.js')
  const [first, ...others] = argv.slice(2)
  const [word, args] = called.startsWith('zfs2s3-') ? [called.slice('zfs2s3-'.length), argv.slice(2)] : [first, others]
  let name = word === undefined ? 'zfs2s3' : `zfs2s3-${word}`
  stdout.on('error', (error: unknown) => {
    if (errorCode(error) === 'EPIPE') process.exit(closedStdoutStatus)
    throw error
  })
  try {
    if (word === '--version') return await end(exitStatusDone, `zfs2s3 ${version()}\n`)
    if (word === undefined || word === '--help' || word === '-h' || word === 'help') {
      const text = await overview()
      if (word === undefined) throw usageError(`no command is given\n\n${text.trimEnd()}`)
      return await end(exitStatusDone, text)
    }
    const command = await findCommand(word)
    if (command === undefined) {
      name = 'zfs2s3'
      throw usageError(`there is no command '${word}'`, 'see zfs2s3 --help')
    }
    name = calledAs(command)
    const parsed = parseArguments(args, { ...command, options: [...command.options, ...commonOptions] })
    if (parsed.flag('help')) return await end(exitStatusDone, (await import('./help.js')).helpText(command))
    if (parsed.flag('version')) return await end(exitStatusDone, `${name} ${version()}\n`)
    const { stderr } = process
    const context: Context = {
      ...{ name, args: parsed, env, stdout, stderr, signal: signalOfProcess(), asked },
      // Node opens it when it is asked for; then cli/stdin can't have it.
      get stdin() {
        return process.stdin
      },
    }
    await command.run(context)
    await end(exitStatusDone)
  } catch (error) {
    if (error instanceof Interrupted) return endBySignal(name, error)
    if (process.env.ZFS2S3_DEBUG) console.error(error)
    const failure = error instanceof Failure ? error : bug(error)
    const remedy = failure.remedy === undefined ? '' : `: ${failure.remedy}`
    process.stderr.write(`${name}: ${failure.message}${remedy}\n`)
    await end(failure.status)
  }
}

const exitStatusDone = 0

const bug = (error: unknown) =>
  new Failure(
    exitStatus.failed,
    `this is a bug in zfs2s3 (${messageOf(error)})`,
    'run it again with ZFS2S3_DEBUG=1 and report what it prints',
  )

/** Aborts on the first SIGINT, SIGTERM or SIGHUP. The second one finds no handler and kills. */
function signalOfProcess(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort(new Interrupted(signal)))
  }
  return controller.signal
}

/**
 * Hears SIGUSR1, and SIGINFO (Ctrl-T) on systems that have it. Whatever the command, they never end it, nor start Node's
 * inspector, which SIGUSR1 does without a listener.
 */
function askedOfProcess(): Context['asked'] {
  const asked: Context['asked'] = new EventEmitter()
  for (const signal of ['SIGUSR1', 'SIGINFO'] as const) process.on(signal, () => asked.emit('asked'))
  return asked
}

/** Dies of the signal itself, so that the shell sees 128 + n and stops its own loop. */
function endBySignal(name: string, { signal, note }: Interrupted): void {
  if (note !== undefined) process.stderr.write(`${name}: ${note}\n`)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

const stdout = openStdout()

/** Waits until stdout has taken everything; then the process ends although stdin or a socket may still be open. */
async function end(status: number, text = ''): Promise<void> {
  await new Promise<void>(resolve => stdout.write(text, () => resolve()))
  process.exit(status)
}

/** The version in package.json. */
function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '?'
}

async function overview(): Promise<string> {
  const lines = ['zfs2s3 - zfs send streams in S3, as incremental chains that can always be restored', '']
  for (const name of commandNames) {
    const command = await findCommand(name)
    if (command !== undefined) lines.push(`  ${calledAs(command).padEnd(34)}${command.summary}`)
  }
  return [...lines, '', 'Each has --help. zfs2s3 NAME is the same as zfs2s3-NAME.', ''].join('\n')
}
