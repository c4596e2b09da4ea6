/** How fast something is now, and how long the rest will take. The clock is the caller's. */

/** How far back the rate looks, in milliseconds. */
const windowMs = 20_000
/** It looks back over so many steps at least: on a slow line a part takes longer than the window. */
const leastSteps = 8

interface Sample {
  readonly at: number
  readonly bytes: number
}

/** A rate over the last steps, neither jumping with each of them nor held up by what was an hour ago. */
export class RecentRate {
  readonly #samples: Sample[]

  /** @param at milliseconds on any clock, the same for all calls; @param bytes what was there at the start */
  constructor(at: number, bytes: number) {
    this.#samples = [{ at, bytes }]
  }

  /** Notes how much there is now. To be called in regular turns; turns without news are no steps. */
  note(at: number, bytes: number): void {
    const samples = this.#samples
    if (bytes === samples.at(-1)?.bytes) return
    samples.push({ at, bytes })
    while (samples.length > leastSteps && (samples[1]?.at ?? at) <= at - windowMs) samples.shift()
  }

  /** Bytes a second. While nothing comes it sinks. */
  perSecond(at: number): number {
    const [first] = this.#samples
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || at <= first.at) return 0
    return ((last.bytes - first.bytes) * 1000) / (at - first.at)
  }
}

/** Seconds until `total` is reached; null where it isn't known or has proved wrong, or nothing moves. */
export function secondsLeft(bytes: number, total: number | null, perSecond: number): number | null {
  if (total === null || bytes > total || perSecond <= 0) return null
  return Math.ceil((total - bytes) / perSecond)
}
