import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { before, calendar, parseSpan, type Period } from '#src/chain/period.js'
import { zone } from './zones.js'

describe('which period a time is in', () => {
  const cases: [what: string, where: string, time: string, period: Period, name: string][] = [
    ['an hour', 'UTC', '2026-11-24T13:59:59Z', 'hourly', '2026-11-24T13Z'],
    ['a day', 'UTC', '2026-11-24T23:59:59Z', 'daily', '2026-11-24'],
    ['a month', 'UTC', '2026-11-30T23:59:59Z', 'monthly', '2026-11'],
    ['a year', 'UTC', '2026-12-31T23:59:59Z', 'yearly', '2026'],
    ['the same moment is in the next year further east', 'Asia/Tokyo', '2026-12-31T23:59:59Z', 'yearly', '2027'],
    ['and on the day before further west', 'America/New_York', '2026-11-24T04:59:59Z', 'daily', '2026-11-23'],
    ['a zone of half hours', 'Asia/Kolkata', '2026-11-24T12:40:00Z', 'hourly', '2026-11-24T18+05:30'],
    ['a week begins on Monday', 'UTC', '2026-11-23T00:00:00Z', 'weekly', '2026-W48'],
    ['and ends on Sunday', 'UTC', '2026-11-22T23:59:59Z', 'weekly', '2026-W47'],
    ['a week that belongs to the year before', 'UTC', '2027-01-03T12:00:00Z', 'weekly', '2026-W53'],
    ['a week that belongs to the year after', 'UTC', '2024-12-30T00:00:00Z', 'weekly', '2025-W01'],
    ['the first week after a year of 53', 'UTC', '2027-01-04T00:00:00Z', 'weekly', '2027-W01'],
    ['the hour before clocks are set back', 'Europe/Berlin', '2026-10-25T00:30:00Z', 'hourly', '2026-10-25T02+02:00'],
    ['is another than the one after it', 'Europe/Berlin', '2026-10-25T01:30:00Z', 'hourly', '2026-10-25T02+01:00'],
    ['the last hour of a day of 25', 'Europe/Berlin', '2026-10-25T22:59:59Z', 'daily', '2026-10-25'],
    ['the last hour of a day of 23', 'Europe/Berlin', '2026-03-29T21:59:59Z', 'daily', '2026-03-29'],
    ['the first of the next', 'Europe/Berlin', '2026-03-29T22:00:00Z', 'daily', '2026-03-30'],
    ['midnight is hour 0', 'Europe/Berlin', '2026-11-23T23:00:00Z', 'hourly', '2026-11-24T00+01:00'],
  ]
  for (const [what, where, time, period, name] of cases) {
    it(what, () => assert.equal(calendar(zone(where))(Date.parse(time), period), name))
  }
})

describe('spans of time', () => {
  const cases: [text: string, from: string, to: string][] = [
    ['30d', '2026-11-25T03:00:00Z', '2026-10-26T03:00:00Z'],
    ['2w', '2026-11-25T03:00:00Z', '2026-11-11T03:00:00Z'],
    ['36h', '2026-11-25T03:00:00Z', '2026-11-23T15:00:00Z'],
    ['1m', '2026-11-25T03:00:00Z', '2026-10-25T03:00:00Z'],
    ['1y1m', '2026-01-25T03:00:00Z', '2024-12-25T03:00:00Z'],
    ['1y5m7d2h', '2026-11-25T03:00:00Z', '2025-06-18T01:00:00Z'],
    // As Go's AddDate and JavaScript's Date have it: February 31 is March 3.
    ['1m', '2026-03-31T00:00:00Z', '2026-03-03T00:00:00Z'],
  ]
  for (const [text, from, to] of cases) {
    it(`${text} before ${from}`, () => {
      const span = parseSpan(text)
      assert.ok(span !== null)
      assert.equal(new Date(before(Date.parse(from), span)).toISOString(), to.replace('Z', '.000Z'))
    })
  }
  for (const text of ['', '30', 'd', '5d1y', '1.5d', '-1d', '30 d', '3s']) {
    it(`'${text}' is none`, () => assert.equal(parseSpan(text), null))
  }
})
