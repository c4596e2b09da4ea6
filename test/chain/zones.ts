/** Time zones by name, for tests of calendars. */
import type { Offset } from '#src/chain/period.js'

/** That of an IANA name. Throws a RangeError for one that isn't known. */
export function zone(name: string): Offset {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return time => {
    const [month = 0, date = 0, year = 0, hour = 0, minutes = 0, seconds = 0] = format
      .format(time)
      .split(/\D+/)
      .map(Number)
    return Date.UTC(year, month - 1, date, hour, minutes, seconds) - Math.floor(time / 1000) * 1000
  }
}
