/** One page of a list. */
import { refusal } from './errors.js'
import type { Exchange } from './service.js'

/** A list's entry, or what `delimiter` puts several together as. */
export type PageEntry<T> = { readonly item: T; readonly key: string } | { readonly prefix: string }

export interface Page<T> {
  readonly entries: readonly PageEntry<T>[]
  readonly truncated: boolean
}

/**
 * Takes from sorted `items` those under `prefix`, rolled up at `delimiter` (none if empty), at most `max`.
 * `afterPrefix` is the rolled-up prefix that an earlier page ended with, or ''.
 */
export function pageOf<T>(
  items: Iterable<T>,
  keyOf: (item: T) => string,
  { prefix, delimiter, afterPrefix, max }: { prefix: string; delimiter: string; afterPrefix: string; max: number },
): Page<T> {
  const entries: PageEntry<T>[] = []
  let rolled = afterPrefix
  for (const item of items) {
    const key = keyOf(item)
    if (!key.startsWith(prefix) || (rolled !== '' && key.startsWith(rolled))) continue
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    if (entries.length >= max) return { entries, truncated: max > 0 }
    if (end < 0) entries.push({ item, key })
    else {
      rolled = key.slice(0, end + delimiter.length)
      entries.push({ prefix: rolled })
    }
  }
  return { entries, truncated: false }
}

/** The number that a query parameter or header asks for, at most `highest`, which is also what is taken without it. */
export function countOf(name: string, value: string | undefined, highest: number): number {
  if (value === undefined || value === '') return highest
  if (!/^\d{1,9}$/.test(value))
    throw refusal('InvalidArgument', `Provided ${name} not an integer or within integer range`, {
      ArgumentName: name,
      ArgumentValue: value,
    })
  return Math.min(Number(value), highest)
}

/** Throws if `encoding-type` is anything but `url`. */
export function isUrlEncoded(exchange: Exchange): boolean {
  const type = exchange.query.get('encoding-type')
  if (type !== undefined && type !== 'url')
    throw refusal('InvalidArgument', 'Invalid Encoding Method specified in Request')
  return type === 'url'
}
