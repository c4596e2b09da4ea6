/** Rails beside rows: which row each leads from and to, in lanes in which they don't meet. */

import { grouped } from './grouped.js'

export interface Rail {
  /** The row of the edge that brings the base. */
  readonly from: number
  /** The rows of the bypasses that start there, from above. */
  readonly to: readonly number[]
  readonly top: number
  readonly bottom: number
  /** Counted from the rows outward. Short rails are nearer. */
  readonly lane: number
}

/** One rail for all that starts at the same row. */
export function railsOf(ends: readonly { readonly from: number; readonly to: number }[]): Rail[] {
  const rails = [...grouped(ends, end => end.from)].map(([from, group]) => {
    const to = group.map(end => end.to).sort((a, b) => a - b)
    return { from, to, top: Math.min(from, to[0] ?? from), bottom: Math.max(from, to.at(-1) ?? from) }
  })
  const lanes: Lane[] = []
  return rails
    .sort((a, b) => a.bottom - a.top - (b.bottom - b.top) || a.top - b.top)
    .map(rail => {
      const free = lanes.findIndex(lane => lane.isFree(rail.top, rail.bottom))
      const lane = free < 0 ? lanes.push(new Lane()) - 1 : free
      lanes[lane]?.take(rail.top, rail.bottom)
      return { ...rail, lane }
    })
    .sort((a, b) => a.top - b.top)
}

/** Stretches of rows that don't overlap. */
class Lane {
  readonly #stretches: { top: number; bottom: number }[] = []

  /** The first stretch that ends at or below a row. */
  #at(row: number): number {
    let low = 0
    let high = this.#stretches.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#stretches[middle]?.bottom ?? 0) < row) low = middle + 1
      else high = middle
    }
    return low
  }

  isFree(top: number, bottom: number): boolean {
    return (this.#stretches[this.#at(top)]?.top ?? Infinity) > bottom
  }

  take(top: number, bottom: number): void {
    this.#stretches.splice(this.#at(top), 0, { top, bottom })
  }
}
