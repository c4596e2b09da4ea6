/** Says on stderr how far a command is: a line on a terminal, records for machines, and one line when it is asked. */
import type { Context, Option } from './command.js'
import { type Aim, progressLine, progressRecord, type State } from './progress/show.js'
import { RecentRate, secondsLeft } from './progress/rate.js'

/** The option of every command that can take long. */
export const progressOption: Option = {
  name: 'progress',
  value: 'HOW',
  choices: ['line', 'json', 'none'],
  help: 'how to say on stderr how far it is: line, json (a record a second) or none (default line on a terminal, else none)',
}

export interface Progress {
  /** So many more bytes are done, and so many parts with them. */
  add(bytes: number, parts?: number): void
  /** So many streams are done now. */
  streamsDone(count: number): void
  /** Takes the line away until it is drawn again, so that something else can be written to the terminal. */
  stepAside(): void
  /** Takes the line away for good; the last record, if those were asked for. */
  end(): void
}

/** What was there already when it began. */
interface Before {
  readonly bytes?: number
  readonly parts?: number
}

/** How often it is said again, in milliseconds: often enough to look alive, seldom enough to cost nothing. */
const intervalMs = { line: 500, json: 1000, none: 1000 } as const

/** From the cursor to the end of the screen: a line that was drawn before the terminal got narrower may go on below. */
const erase = '\r\x1b[J'

/** How it will be said. */
export function progressMode({ args, stderr }: Pick<Context, 'args' | 'stderr'>): keyof typeof intervalMs {
  const how = args.text('progress')
  if (how === 'line' || how === 'json' || how === 'none') return how
  return stderr.isTTY === true ? 'line' : 'none'
}

/**
 * Starts saying how far `aim` is. Whoever starts it ends it, also when it fails. A step of another command adds to what
 * that one says instead.
 */
export function startProgress(
  context: Pick<Context, 'args' | 'name' | 'stderr' | 'signal' | 'asked' | 'progress'>,
  aim: Aim,
  before: Before = {},
): Progress {
  if (context.progress !== undefined) return { ...context.progress, end: () => undefined }
  const { name, stderr, signal, asked } = context
  const mode = progressMode(context)
  const started = performance.now()
  let bytes = before.bytes ?? 0
  let parts = before.parts ?? null
  let streamsDone = 0
  let drawn = false
  const recent = new RecentRate(started, bytes)

  const state = (): State => {
    const now = performance.now()
    recent.note(now, bytes)
    const rate = recent.perSecond(now)
    const left = secondsLeft(bytes, aim.total, rate)
    return { bytes, parts, streamsDone, rate, secondsLeft: left, seconds: (now - started) / 1000 }
  }
  const writeRecord = (final: boolean) => stderr.write(`${JSON.stringify(progressRecord(aim, state(), final))}\n`)
  const stepAside = () => {
    if (drawn) stderr.write(erase)
    drawn = false
  }
  const tick = () => {
    if (mode === 'json') writeRecord(false)
    else if (mode === 'none') state()
    else {
      // The cursor stays at the start of the line. In the last column some terminals would go on to the next one.
      stderr.write(`${erase}${progressLine(aim, state(), widthOf(stderr) - 1)}\r`)
      drawn = true
    }
  }
  const answer = () => {
    stepAside()
    if (mode === 'json') writeRecord(false)
    else stderr.write(`${name}: ${progressLine(aim, state(), Infinity)}\n`)
  }
  const timer = setInterval(tick, intervalMs[mode])
  timer.unref()
  const stop = () => {
    clearInterval(timer)
    stepAside()
  }
  asked.on('asked', answer)
  // A second Ctrl-C ends the process at once, and so does a closed stdout: no line may be left then.
  signal.addEventListener('abort', stop)
  process.on('exit', stepAside)
  return {
    add: (more, moreParts) => {
      bytes += more
      if (moreParts !== undefined) parts = (parts ?? 0) + moreParts
    },
    streamsDone: count => {
      streamsDone = count
    },
    stepAside,
    end: () => {
      stop()
      asked.off('asked', answer)
      signal.removeEventListener('abort', stop)
      process.off('exit', stepAside)
      if (mode === 'json') writeRecord(true)
    },
  }
}

/** Asked each time: terminals are resized. Some don't know their width. */
const widthOf = ({ columns = 0 }: Context['stderr']): number => (columns > 0 ? columns : 80)

/** `chunks`, each counted as it passes. */
export async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  { add }: Pick<Progress, 'add'>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    add(chunk.length)
    yield chunk
  }
}
