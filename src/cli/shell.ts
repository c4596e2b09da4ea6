/** Command lines that are printed for people to run. */

/** A word as a shell reads it back, quoted only where it must be. */
export const shellQuoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
