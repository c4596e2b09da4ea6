/** Time that passes on purpose. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from './settings.js'

/** Lets bytes through at no more than the settings' rate, all connections together. */
export class Throttle {
  readonly #settings: Settings
  #freeAt = 0

  constructor(settings: Settings) {
    this.#settings = settings
  }

  async pass(bytes: number): Promise<void> {
    const { bytesPerSecond } = this.#settings
    if (bytesPerSecond <= 0) return
    const now = performance.now()
    this.#freeAt = Math.max(now, this.#freeAt) + (bytes / bytesPerSecond) * 1000
    const wait = this.#freeAt - now
    if (wait > 1) await sleep(wait)
  }
}
