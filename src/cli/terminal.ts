/** What the other end of stdout can show. */
import type { Context } from './command.js'

type Output = Pick<Context, 'stdout' | 'env'>

/** How wide a line may be: COLUMNS, else what the terminal says, else 80. A terminal that doesn't know says 0. */
export const columnsOf = ({ stdout, env }: Output): number =>
  [Number(env.COLUMNS), stdout.columns ?? 0].find(columns => Number.isSafeInteger(columns) && columns > 0) ?? 80

/** If colours are wanted: on a terminal that has them, unless NO_COLOR is set (no-color.org). */
export const hasColours = ({ stdout, env }: Output): boolean => stdout.hasColors?.(env) ?? false

/** If the locale's characters are UTF-8 (POSIX, Environment Variables: LC_ALL beats LC_CTYPE beats LANG). */
export const isUtf8 = ({ env }: Pick<Context, 'env'>): boolean =>
  /utf-?8/i.test([env.LC_ALL, env.LC_CTYPE, env.LANG].find(Boolean) ?? '')
