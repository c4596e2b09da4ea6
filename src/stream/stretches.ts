/** What must be read of a stored stream to go on with an interrupted receive, if positions in it are known. */
import { headBytes, type Position } from './positions.js'
import { headerLength } from './records.js'
import { isUntouched, type TokenFacts } from './token.js'

/** From the byte at `from`, where a record begins, to the one before `to`; null: to the end of the stream. */
export interface Stretch {
  readonly from: number
  readonly to: number | null
}

const whole: Stretch = { from: 0, to: null }

export const isWhole = ({ from, to }: Stretch): boolean => from === 0 && to === null

/**
 * The stretches in the order in which a Continuation takes them: BEGIN; the OBJECT_RANGE and the OBJECT that apply; all from
 * near the token's point on. One, the whole stream, where no position helps. Each begins with a record that is needed for its checksum only,
 * so the last one does before the point, not at it.
 */
export function stretchesFor(token: TokenFacts, positions: readonly Position[]): readonly Stretch[] {
  if (isUntouched(token)) return [whole]
  const [object, offset] = [BigInt(token.object), BigInt(token.offset)]
  const near = positions.findLast(
    each => each.object < object || (BigInt(each.object) === object && each.offset < offset),
  )
  if (near === undefined) return [whole]
  const { at, range, beforeObject, firstBlock } = near
  const isWithin = BigInt(near.object) === object
  return [
    { from: 0, to: headBytes },
    ...(range === null ? [] : [{ from: range.before, to: range.at + headerLength }]),
    // The header of the first block proves what lies between.
    ...(isWithin ? [{ from: beforeObject, to: firstBlock + headerLength }] : []),
    { from: at, to: null },
  ]
}
