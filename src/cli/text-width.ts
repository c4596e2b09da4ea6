/** How much room text takes on a terminal. */

const mark = /\p{Mn}|\p{Me}|\p{Cf}/u
// What Unicode's East Asian Width calls wide or fullwidth (UAX #11), in blocks, and emoji.
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u

const widthOfCharacter = (character: string): number => (mark.test(character) ? 0 : wide.test(character) ? 2 : 1)

/** In columns. */
export function textWidth(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  return Array.from(text).reduce((width, character) => width + widthOfCharacter(character), 0)
}

/** Text in exactly `width` columns: filled up with blanks, or cut, and then it ends with `ellipsis`. */
export function fitted(text: string, width: number, ellipsis: string): string {
  const room = width - textWidth(text)
  if (room >= 0) return text + ' '.repeat(room)
  const end = textWidth(ellipsis) <= width ? ellipsis : ''
  let kept = ''
  let left = width - textWidth(end)
  for (const character of text) {
    left -= widthOfCharacter(character)
    if (left < 0) break
    kept += character
  }
  return fitted(kept + end, width, '')
}
