/** Text that came from outside, for a line that people read. */

/** The text on one line and without what a terminal would obey: control characters are written as JSON escapes. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
