/** How fast bytes may pass: what all requests of a command share. */
import { setTimeout as sleep } from 'node:timers/promises'

/** What was not used may be made up for, but no more than of this many seconds: timers are late, a line is never even. */
const slackSeconds = 0.1

/** Bytes that are let through at a time take this many seconds at most, so that requests take turns. */
const turnSeconds = 0.05

/** A token bucket. Whoever asks first goes first. */
export class Pace {
  /** Most bytes to ask for at a time. */
  readonly turnBytes: number
  readonly #bytesPerMs: number
  /** When all that was let through has passed, at that rate (performance.now). */
  #free = performance.now()

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000
    this.turnBytes = Math.max(1, Math.floor(bytesPerSecond * turnSeconds))
  }

  /** Returns when so many bytes may pass. */
  async pass(bytes: number): Promise<void> {
    const now = performance.now()
    const start = Math.max(this.#free, now - slackSeconds * 1000)
    this.#free = start + bytes / this.#bytesPerMs
    // Not before they have had their time: then a limit is never exceeded, from the first byte on.
    if (this.#free > now) await sleep(Math.ceil(this.#free - now))
  }
}
