/** Waiting for something to change. */
export class Changes {
  readonly #waiting = new Set<() => void>()

  /** Wakes everyone who waits. */
  tell(): void {
    for (const wake of this.#waiting) wake()
  }

  /** Asks `look` now and after every change until it finds something. Throws the signal's reason if that comes first. */
  async until<T>(look: () => T | null, signal: AbortSignal): Promise<T> {
    for (;;) {
      signal.throwIfAborted()
      const found = look()
      if (found !== null) return found
      await new Promise<void>(resolve => {
        const wake = () => {
          this.#waiting.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        this.#waiting.add(wake)
        signal.addEventListener('abort', wake)
      })
    }
  }
}
