/** The hours, days, weeks, months and years that retention counts in, and spans of time. Pure: the time zone is an argument. */

/** How far the clocks of a time zone are ahead of UTC at a time (ms since 1970), in ms. */
export type Offset = (time: number) => number

/** That of UTC. */
export const utc: Offset = () => 0

/** What a policy can keep one snapshot of. */
export type Period = 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly'

export const periods: readonly Period[] = ['hourly', 'daily', 'weekly', 'monthly', 'yearly']

/**
 * A function that names the period which a time (ms since 1970) is in: `2026-10-25T02+01:00`, `2026-10-25`, `2026-W43`,
 * `2026-10`, `2026`. Where clocks are set back, the two hours that look alike are two.
 */
export function calendar(offsetOf: Offset): (time: number, period: Period) => string {
  return (time, period) => {
    const offset = offsetOf(time)
    // Where the date and time in UTC are those that the clock on the wall shows.
    const wall = new Date(time + offset)
    if (period === 'weekly') return isoWeek(wall)
    const text = wall.toISOString()
    if (period === 'hourly') return text.slice(0, 13) + written(offset)
    return text.slice(0, { daily: 10, monthly: 7, yearly: 4 }[period])
  }
}

const minute = 60_000
const day = 86_400_000

function written(offset: number): string {
  if (offset === 0) return 'Z'
  const minutes = Math.round(Math.abs(offset) / minute)
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** ISO 8601: weeks begin on Monday, and belong to the year that their Thursday is in. */
function isoWeek(wall: Date): string {
  const weekday = (wall.getUTCDay() + 6) % 7
  const thursday = new Date(wall.getTime() + (3 - weekday) * day)
  const year = thursday.getUTCFullYear()
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * day)) + 1
  return `${year}-W${String(week).padStart(2, '0')}`
}

/** A span of time as people say it: months differ in length. */
export interface Span {
  readonly years: number
  readonly months: number
  readonly days: number
  readonly hours: number
}

/** `30d`, `1y6m`, `2w`, `36h`, with the letters of restic (m is a month), and w for a week. Null where it is none. */
export function parseSpan(text: string): Span | null {
  const match = /^(?:(\d{1,4})y)?(?:(\d{1,4})m)?(?:(\d{1,4})w)?(?:(\d{1,5})d)?(?:(\d{1,6})h)?$/.exec(text)
  if (match === null || text === '') return null
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0] = match.slice(1).map(digits => Number(digits || 0))
  return { years, months, days: 7 * weeks + days, hours }
}

/** The time that lies a span before another. Days have 24 hours; years and months are those of UTC's calendar. */
export function before(time: number, { years, months, days, hours }: Span): number {
  const date = new Date(time)
  date.setUTCFullYear(date.getUTCFullYear() - years, date.getUTCMonth() - months)
  return date.getTime() - days * day - hours * 60 * minute
}
