/** Paths and queries exactly as they came: nothing is normalised, because a key may be `a//b` or `../c`. */
import { refusal } from './errors.js'

/** A request's target, decoded. */
export interface Target {
  /** The whole path with its leading slash, percent-decoded. */
  readonly path: string
  /** Names and values in the order they came; a name without `=` has the value ''. */
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly bucket: string
  readonly key: string
}

/** Percent-encoding as signatures want it: everything but the unreserved characters of RFC 3986. */
export const uriEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** The same for a path, whose slashes stay. */
export const uriEncodePath = (path: string): string => path.split('/').map(uriEncode).join('/')

/** S3's `encoding-type=url`: a space is a plus and slashes stay. */
export const listEncode = (text: string): string => uriEncodePath(text).replaceAll('%20', '+')

/** Takes a request line's target apart; throws InvalidURI if it is not percent-encoded UTF-8. */
export function parseTarget(target: string): Target {
  const mark = target.indexOf('?')
  const rawPath = mark < 0 ? target : target.slice(0, mark)
  const rawQuery = mark < 0 ? '' : target.slice(mark + 1)
  const path = decode(rawPath)
  if (!path.startsWith('/')) throw refusal('InvalidURI', "Couldn't parse the specified URI.")
  const slash = path.indexOf('/', 1)
  return {
    path,
    query: rawQuery
      .split('&')
      .filter(pair => pair !== '')
      .map(parsePair),
    bucket: slash < 0 ? path.slice(1) : path.slice(1, slash),
    key: slash < 0 ? '' : path.slice(slash + 1),
  }
}

function parsePair(pair: string): readonly [string, string] {
  const equals = pair.indexOf('=')
  const plain = (text: string) => decode(text.replaceAll('+', ' '))
  return equals < 0 ? [plain(pair), ''] : [plain(pair.slice(0, equals)), plain(pair.slice(equals + 1))]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refusal('InvalidURI', "Couldn't parse the specified URI.")
  }
}
