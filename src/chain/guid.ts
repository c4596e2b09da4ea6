/** GUIDs as they are written: unsigned 64-bit numbers in decimal, as strings. */

const largest = String(2n ** 64n - 1n)

/** If `value` is a GUID in its one way of writing: no sign, no leading zero, at most 2^64-1, and not 0 (which is none). */
export function isGuid(value: unknown): value is string {
  if (typeof value !== 'string' || !/^[1-9][0-9]{0,19}$/.test(value)) return false
  return value.length < largest.length || value <= largest
}
