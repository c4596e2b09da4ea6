/**
 * Positions as rows of numbers, as catalogs and records keep them: AT, OFFSET, OBJECT, BEFORE-OBJECT, FIRST-BLOCK and, where
 * there is an OBJECT_RANGE, BEFORE-RANGE, RANGE. A row of AT and OFFSET alone is of the same object as the row before it. So
 * 64 of them take 2 KB for a volume, which is one object, and 5 KB at the very most.
 */
import type { Position } from './positions.js'

export type PositionIndex = readonly (readonly number[])[]

/** Null where there is none. */
export function indexOf(positions: readonly Position[]): PositionIndex | null {
  if (positions.length === 0) return null
  return positions.map((position, index) => {
    const { at, offset, object, beforeObject, firstBlock, range } = position
    if (positions[index - 1]?.object === object) return [at, offset]
    return [at, offset, object, beforeObject, firstBlock, ...(range === null ? [] : [range.before, range.at])]
  })
}

/** The positions in an index; none if there is none, or if it is not of this form: then the stream is read from its start. */
export function positionsIn(index: PositionIndex | null): readonly Position[] {
  const positions: Position[] = []
  for (const row of index ?? []) {
    const position = positionIn(row, positions.at(-1))
    if (position === null) return []
    positions.push(position)
  }
  return positions
}

function positionIn(row: readonly number[], before: Position | undefined): Position | null {
  const [at, offset, object, beforeObject, firstBlock, beforeRange, rangeAt] = row
  if (at === undefined || offset === undefined) return null
  if (row.length === 2) return before === undefined ? null : { ...before, at, offset }
  if (object === undefined || beforeObject === undefined || firstBlock === undefined) return null
  if (beforeRange === undefined) return { at, offset, object, beforeObject, firstBlock, range: null }
  if (rangeAt === undefined) return null
  return { at, offset, object, beforeObject, firstBlock, range: { before: beforeRange, at: rangeAt } }
}
