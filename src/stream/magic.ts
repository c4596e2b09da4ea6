/** What some bytes are, told by how they begin. */

export type Format =
  'zfs-send' | 'zfs-send-big-endian' | 'zstd' | 'gzip' | 'xz' | 'lz4' | 'bzip2' | 'age' | 'openpgp' | 'text' | 'unknown'

/** As many first bytes as `recognise` looks at; a send stream needs 16 of them to be told for certain. */
export const recognisableLength = 64

/** A BEGIN record's type (0), any payload length, and the magic 0x2F5bacbac (DMU_BACKUP_MAGIC). */
const begin = '0000 0000 .... .... accb baf5 0200 0000'
const bigEndianBegin = '0000 0000 .... .... 0000 0002 f5ba cbac'

/** Hexadecimal digits; a dot stands for any. */
const magics: readonly [pattern: string, format: Format][] = [
  ['28b52ffd', 'zstd'],
  ['1f8b', 'gzip'],
  ['fd377a585a00', 'xz'],
  ['04224d18', 'lz4'],
  ['02214c18', 'lz4'],
  ['425a68', 'bzip2'],
  // OpenPGP's first packet is a session key, for a public key (tag 1) or a passphrase (tag 3): the packet's tag, a length
  // of one or two bytes, a version (RFC 9580, 4.2 and 5).
  ['84..03', 'openpgp'],
  ['85....03', 'openpgp'],
  ['8c..04', 'openpgp'],
  ['8c..05', 'openpgp'],
  ['c1..03', 'openpgp'],
  ['c1....03', 'openpgp'],
  ['c1..06', 'openpgp'],
  ['c3..04', 'openpgp'],
  ['c3..05', 'openpgp'],
  ['c3..06', 'openpgp'],
]

const beginnings: readonly [text: string, format: Format][] = [
  ['age-encryption.org/', 'age'],
  ['-----BEGIN AGE ENCRYPTED FILE-----', 'age'],
  ['-----BEGIN PGP MESSAGE-----', 'openpgp'],
]

/** Whether `bytes` begin as the pattern says, or could if they went on: `prefix` says which of the two is asked. */
function fits(bytes: Uint8Array, pattern: string, prefix: boolean): boolean {
  const digits = pattern.replaceAll(' ', '')
  if (bytes.length * 2 < digits.length && !prefix) return false
  const hex = Buffer.from(bytes.subarray(0, digits.length / 2)).toString('hex')
  return Array.from(hex).every((digit, at) => digits[at] === '.' || digits[at] === digit)
}

/** Text has no control characters but those for layout, and what is not ASCII is UTF-8. */
function isText(bytes: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    return text.length > 0 && !/[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f]/.test(text)
  } catch {
    return false
  }
}

/**
 * What begins with these bytes. Fewer than 16 are a send stream if one can begin so; no bytes at all are `unknown`.
 */
export function recognise(bytes: Uint8Array): Format {
  const first = bytes.subarray(0, recognisableLength)
  if (first.length === 0) return 'unknown'
  if (fits(first, begin, true)) return 'zfs-send'
  if (fits(first, bigEndianBegin, true)) return 'zfs-send-big-endian'
  const text = Buffer.from(first).toString('latin1')
  return (
    magics.find(([pattern]) => fits(first, pattern, false))?.[1] ??
    beginnings.find(([beginning]) => text.startsWith(beginning))?.[1] ??
    (isText(first) ? 'text' : 'unknown')
  )
}

/** The format in words, as in "it is ...". */
export function formatInWords(format: Format): string {
  return words[format] ?? `compressed (${format})`
}

const words: Partial<Record<Format, string>> = {
  'zfs-send': 'a zfs send stream',
  'zfs-send-big-endian': 'a zfs send stream of a big-endian machine, which is not supported',
  age: 'encrypted (age)',
  openpgp: 'encrypted (openpgp)',
  text: 'text, not a zfs send stream',
  unknown: 'not a zfs send stream',
}
