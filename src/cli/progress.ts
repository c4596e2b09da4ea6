/** One line on a terminal that says how far a transfer is. Nothing where stderr is not a terminal. */
import type { Context } from './command.js'

export interface Progress {
  /** So many more bytes are safe. */
  add(bytes: number): void
  /** Takes the line away. */
  end(): void
}

/** How often the line is drawn again, in milliseconds: often enough to look alive, seldom enough to cost nothing. */
const intervalMs = 500

/** Starts a line, as `sent 1.2 GiB, 210 MiB/s`. `verb` says what is done to the bytes. */
export function showProgress({ stderr }: Pick<Context, 'stderr'>, verb: string): Progress {
  if (stderr.isTTY !== true) return { add: () => undefined, end: () => undefined }
  const started = performance.now()
  let bytes = 0
  const draw = () => {
    const seconds = Math.max(0.001, (performance.now() - started) / 1000)
    stderr.write(`\r\x1b[K${verb} ${humanBytes(bytes)}, ${humanBytes(bytes / seconds)}/s`)
  }
  const timer = setInterval(draw, intervalMs)
  return {
    add: more => {
      bytes += more
    },
    end: () => {
      clearInterval(timer)
      stderr.write('\r\x1b[K')
    },
  }
}

/** `1.2 GiB`: three digits at most, units of 1024. */
export function humanBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`
}

/** `3,184,128`: all digits, for messages in which each of them may matter. */
export const exactBytes = (bytes: number): string => bytes.toLocaleString('en-US')
