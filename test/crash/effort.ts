/** How much is tried: some by default, everything with ZFS2S3_TEST_LONG=1. */

export const isLong = process.env.ZFS2S3_TEST_LONG === '1'

/** Cases at a time; they wait for processes to start and disks to sync. */
export const atOnce = 4

/** One of two numbers. */
export const usualOrFull = (usual: number, full: number): number => (isLong ? full : usual)

/** How many are killed twice. */
export const twice = isLong ? 200 : 12

/** What random choices follow from; it is in the names of the tests. */
export const seed = Number(process.env.ZFS2S3_TEST_SEED ?? 1)

/** All of them, or one in so many, beginning with another one for each seed. */
export const oneIn = <T>(many: number, steps: readonly T[]): T[] =>
  steps.filter((_, index) => isLong || (index + seed) % many === 0)

/** Random numbers from 0 to below 1 that are the same for the same seed (mulberry32). */
export function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One of them. */
export function chosen<T>(all: readonly T[], random: () => number): T {
  const one = all[Math.floor(random() * all.length)]
  if (one === undefined) throw new Error('there is nothing to choose from')
  return one
}
