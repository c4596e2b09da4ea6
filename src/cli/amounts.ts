/** Bytes and times as people read them. */

/** `1.2 GiB`: three digits at most, units of 1024. */
export function humanBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`
}

/** `3,184,128`: all digits, for messages in which each of them may matter. */
export const exactBytes = (bytes: number): string => bytes.toLocaleString('en-US')

/** `0:07`, `12:34`, `3:07:00`, `2d 03h`. */
export function humanTime(seconds: number): string {
  const whole = Math.floor(seconds)
  const two = (number: number) => String(number).padStart(2, '0')
  const [minutes, hours, days] = [Math.floor(whole / 60) % 60, Math.floor(whole / 3600) % 24, Math.floor(whole / 86400)]
  if (days > 0) return `${days}d ${two(hours)}h`
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}`
}
