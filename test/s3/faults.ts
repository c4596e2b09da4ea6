/** The faults of a server, and the requests that they hold. */
import { Changes } from './changes.js'
import type { Fault } from './fault.js'
import { isFault } from './fault.js'
import type { LogEntry } from './log.js'

/** A request that waits for its release. */
export interface Held {
  readonly name: string
  readonly request: LogEntry
}

interface Armed {
  readonly fault: Fault
  seen: number
  hit: number
}

export class Faults {
  readonly #operations: readonly string[]
  #armed: Armed[] = []
  readonly #held = new Map<Held, () => void>()
  readonly #changes = new Changes()

  constructor(operations: readonly string[]) {
    this.#operations = operations
  }

  /** Adds faults. Throws if one has an unknown operation, effect or point. */
  add(...faults: readonly Fault[]): void {
    for (const fault of faults)
      if (!isFault(fault, this.#operations)) throw new TypeError(`not a fault: ${JSON.stringify(fault)}`)
    for (const fault of faults) this.#armed.push({ fault, seen: 0, hit: 0 })
  }

  /** Those that can still strike. */
  list(): Fault[] {
    return this.#armed.filter(armed => !isSpent(armed)).map(armed => armed.fault)
  }

  /** Takes all faults back and lets go what they hold. */
  clear(): void {
    this.#armed = []
    this.release()
  }

  /** Which faults strike a request; it counts as one of those that fit. */
  strike(request: LogEntry): Fault[] {
    const struck: Fault[] = []
    for (const armed of this.#armed) {
      if (isSpent(armed) || !fits(armed.fault, request)) continue
      armed.seen++
      if (armed.seen < (armed.fault.nth ?? 1)) continue
      armed.hit++
      struck.push(armed.fault)
    }
    return struck
  }

  /** Waits until the request is released. */
  async hold(name: string, request: LogEntry): Promise<void> {
    await new Promise<void>(resolve => {
      this.#held.set({ name, request }, resolve)
      this.#changes.tell()
    })
  }

  /** Those that are held now, by that name if one is given. */
  held(name?: string): Held[] {
    return [...this.#held.keys()].filter(held => name === undefined || held.name === name)
  }

  /** Waits until a request is held by that name; throws the signal's reason if it comes first. */
  async waitForHeld(name: string, signal: AbortSignal): Promise<Held> {
    return this.#changes.until(() => this.held(name)[0] ?? null, signal)
  }

  /** Lets go what is held by that name, or everything. Gives how many there were. */
  release(name?: string): number {
    const released = this.held(name)
    for (const held of released) {
      this.#held.get(held)?.()
      this.#held.delete(held)
    }
    return released.length
  }
}

function isSpent({ fault, hit }: Armed): boolean {
  const times = fault.times ?? 1
  return times !== 0 && hit >= times
}

const fits = (fault: Fault, request: LogEntry): boolean =>
  (fault.operation === undefined || fault.operation === request.operation) &&
  (fault.bucket === undefined || fault.bucket === request.bucket) &&
  (fault.key === undefined || (request.key ?? '').includes(fault.key)) &&
  (fault.uploadId === undefined || fault.uploadId === request.uploadId) &&
  (fault.partNumber === undefined || fault.partNumber === request.partNumber)
