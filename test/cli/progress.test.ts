/** How far a command is: what is said of it, how fast it is, and when it is said. Rates and words take times as arguments. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, it, type TestContext } from 'node:test'
import type { Context } from '#src/cli/command.js'
import { startProgress } from '#src/cli/progress.js'
import { RecentRate, secondsLeft } from '#src/cli/progress/rate.js'
import { exactBytes, humanBytes, humanTime } from '#src/cli/amounts.js'
import { type Aim, progressLine, type State } from '#src/cli/progress/show.js'

const mebibyte = 1024 ** 2

describe('a number of bytes', () => {
  const cases: [bytes: number, is: string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KiB'],
    [1024, '1.0 KiB'],
    [99.9 * 1024, '99.9 KiB'],
    [100 * 1024, '100 KiB'],
    [1024 ** 2, '1.0 MiB'],
    [5 * 1024 ** 4, '5.0 TiB'],
    [3000 * 1024 ** 5, '3000 PiB'],
  ]
  for (const [bytes, is] of cases) it(`${bytes} is ${is}`, () => assert.equal(humanBytes(bytes), is))

  it('has all its digits where each may matter', () => assert.equal(exactBytes(3184128), '3,184,128'))
})

describe('a time', () => {
  const cases: [seconds: number, is: string][] = [
    [0, '0:00'],
    [59.9, '0:59'],
    [60, '1:00'],
    [3599, '59:59'],
    [3600, '1:00:00'],
    [86399, '23:59:59'],
    [86400, '1d 00h'],
    [11 * 86400 + 5 * 3600, '11d 05h'],
  ]
  for (const [seconds, is] of cases) it(`${seconds} s is ${is}`, () => assert.equal(humanTime(seconds), is))
})

describe('the rate', () => {
  it('is nothing before anything has come', () => {
    const rate = new RecentRate(0, 0)
    assert.equal(rate.perSecond(0), 0)
    assert.equal(rate.perSecond(5000), 0)
  })

  it('does not count what was there at the start', () => {
    const rate = new RecentRate(0, 1000)
    rate.note(1000, 1500)
    assert.equal(rate.perSecond(1000), 500)
  })

  it('is the recent one: an hour at another speed is forgotten in half a minute', () => {
    const rate = new RecentRate(0, 0)
    let bytes = 0
    for (let second = 1; second <= 3600; second += 1) rate.note(second * 1000, (bytes += 1000))
    assert.equal(rate.perSecond(3600_000), 1000)
    for (let second = 3601; second <= 3630; second += 1) rate.note(second * 1000, (bytes += 10))
    assert.equal(rate.perSecond(3630_000), 10)
  })

  it('does not jump where parts come four at a time and a minute apart', () => {
    const rate = new RecentRate(0, 0)
    const seen: number[] = []
    for (let second = 1; second <= 1200; second += 1) {
      rate.note(second * 1000, Math.floor(second / 60) * 60 * mebibyte)
      if (second > 600) seen.push(rate.perSecond(second * 1000) / mebibyte)
    }
    assert.ok(Math.min(...seen) > 0.8 && Math.max(...seen) < 1.2, `${Math.min(...seen)} to ${Math.max(...seen)}`)
  })

  it('sinks while nothing comes', () => {
    const rate = new RecentRate(0, 0)
    rate.note(1000, 1000)
    rate.note(9000, 1000)
    assert.ok(rate.perSecond(10_000) === 100)
  })
})

describe('the time left', () => {
  const cases: [bytes: number, total: number | null, rate: number, is: number | null][] = [
    [0, 100, 10, 10],
    [100, 100, 10, 0],
    [0, 5, 10, 1],
    [0, null, 10, null],
    [0, 100, 0, null],
    [101, 100, 10, null],
  ]
  for (const [bytes, total, rate, is] of cases) {
    it(`${bytes} of ${total} at ${rate}/s is ${is}`, () => assert.equal(secondsLeft(bytes, total, rate), is))
  }
})

const aim: Aim = { verb: 'stored', what: null, total: 4 * 1024 ** 3, streams: 1 }
const state: State = {
  bytes: 1024 ** 3,
  parts: 64,
  streamsDone: 0,
  rate: 200 * mebibyte,
  secondsLeft: 15,
  seconds: 5,
}

describe('the line', () => {
  it('says bytes, share, rate, time left and parts', () => {
    assert.equal(progressLine(aim, state, Infinity), 'stored 1.0 GiB of 4.0 GiB, 25%, 200 MiB/s, 0:15 left, 64 parts')
  })

  it('says what it knows where the size is not known, or has proved wrong', () => {
    const unknown = { ...state, secondsLeft: null, parts: 1 }
    const line = 'stored 1.0 GiB, 200 MiB/s, 1 part'
    assert.equal(progressLine({ ...aim, total: null }, unknown, Infinity), line)
    assert.equal(progressLine({ ...aim, total: 1000 }, unknown, Infinity), line)
  })

  it('says which stream of how many', () => {
    const several = { ...aim, streams: 3 }
    const line = 'stored 1.0 GiB of 4.0 GiB, 25%, 200 MiB/s, 0:15 left'
    const without = { ...state, parts: null }
    assert.equal(progressLine(several, without, Infinity), `stream 1 of 3, ${line}`)
    assert.equal(progressLine(several, { ...without, streamsDone: 3 }, Infinity), `stream 3 of 3, ${line}`)
  })

  it('says how many are ready, where only that counts', () => {
    const waiting = { ...state, streamsDone: 2, seconds: 3700 }
    const thaw: Aim = { what: null, total: null, streams: 5 }
    assert.equal(progressLine(thaw, waiting, Infinity), '2 of 5 streams ready, waiting for 1:01:40')
    assert.equal(progressLine(thaw, waiting, 20), '2 of 5 streams ready')
  })

  it('leaves out what does not fit, the least important first, and is never longer than the width', () => {
    const cases: [width: number, line: string][] = [
      [62, 'stored 1.0 GiB of 4.0 GiB, 25%, 200 MiB/s, 0:15 left, 64 parts'],
      [61, 'stored 1.0 GiB of 4.0 GiB, 25%, 200 MiB/s, 0:15 left'],
      [51, 'stored 1.0 GiB of 4.0 GiB, 200 MiB/s, 0:15 left'],
      [40, 'stored 1.0 GiB of 4.0 GiB, 200 MiB/s'],
      [30, 'stored 1.0 GiB of 4.0 GiB'],
      [10, 'stored 1.0'],
      [0, ''],
      [-1, ''],
    ]
    for (const [width, line] of cases) assert.equal(progressLine(aim, state, width), line)
    for (let width = 0; width < 100; width += 1) {
      assert.ok(progressLine({ ...aim, streams: 12 }, state, width).length <= width)
    }
  })
})

describe('saying it', () => {
  /** A context with a stderr that can be read, `--progress` as given, and the clock in the test's hand. */
  function started(test: TestContext, how: string | undefined, terminal?: { isTTY: true; columns: number }) {
    test.mock.timers.enable({ apis: ['setInterval'] })
    const stderr = Object.assign(new PassThrough(), terminal)
    const asked: Context['asked'] = new EventEmitter()
    const abort = new AbortController()
    const args = { text: () => how } as unknown as Context['args']
    const progress = startProgress({ name: 'zfs2s3-put', args, stderr, asked, signal: abort.signal }, aim)
    const said = () => String((stderr.read() as Buffer | null) ?? '')
    const wait = (ms: number) => test.mock.timers.tick(ms)
    return { progress, stderr, asked, abort, said, wait }
  }

  it('is nothing where stderr is not a terminal', test => {
    const { progress, said, wait } = started(test, undefined)
    progress.add(5, 1)
    wait(10_000)
    progress.end()
    assert.equal(said(), '')
  })

  it('is nothing on a terminal with --progress none', test => {
    const { progress, said, wait } = started(test, 'none', { isTTY: true, columns: 80 })
    wait(10_000)
    progress.end()
    assert.equal(said(), '')
  })

  it('on a terminal is a line that is drawn twice a second and goes at the end', test => {
    const { progress, said, wait } = started(test, undefined, { isTTY: true, columns: 80 })
    progress.add(mebibyte, 1)
    progress.add(mebibyte, 1)
    wait(499)
    assert.equal(said(), '')
    wait(1)
    // eslint-disable-next-line no-control-regex -- the terminal's "erase to the end"
    assert.match(said(), /^\r\x1b\[Jstored 2\.0 MiB of 4\.0 GiB, 0%, .*, 2 parts\r$/)
    wait(10_000)
    assert.equal(said().match(/stored/g)?.length, 20)
    progress.end()
    assert.equal(said(), '\r\x1b[J')
    wait(10_000)
    assert.equal(said(), '')
  })

  it('fits a terminal that is resized', test => {
    const { progress, stderr, said, wait } = started(test, undefined, { isTTY: true, columns: 80 })
    wait(500)
    assert.ok(said().includes('0%'))
    Object.assign(stderr, { columns: 20 })
    wait(500)
    assert.equal(said().replace('\x1b[J', '').trim().length, 19)
    Object.assign(stderr, { columns: 0 })
    wait(500)
    assert.ok(said().includes('0%'))
    progress.end()
  })

  it('goes with the first signal, before anybody says anything', test => {
    const { progress, abort, said, wait } = started(test, undefined, { isTTY: true, columns: 80 })
    wait(500)
    said()
    abort.abort()
    assert.equal(said(), '\r\x1b[J')
    wait(5000)
    progress.end()
    assert.equal(said(), '')
  })

  it('steps aside for what else is written, and comes back', test => {
    const { progress, said, wait } = started(test, undefined, { isTTY: true, columns: 80 })
    progress.stepAside()
    assert.equal(said(), '')
    wait(500)
    said()
    progress.stepAside()
    assert.equal(said(), '\r\x1b[J')
    wait(500)
    assert.ok(said().includes('stored'))
    progress.end()
  })

  it('as JSON is a record a second, and a final one', test => {
    const { progress, said, wait } = started(test, 'json')
    wait(999)
    assert.equal(said(), '')
    wait(1)
    progress.add(mebibyte, 1)
    progress.end()
    wait(5000)
    const records = said().trimEnd().split('\n')
    const first = { event: 'progress', what: null, bytes: 0, total: aim.total, rate: 0, seconds_left: null }
    assert.equal(records.length, 2)
    assert.deepEqual(JSON.parse(records[0] ?? ''), { ...first, parts: null, streams_done: 0, streams: 1, final: false })
    const last = JSON.parse(records[1] ?? '') as Record<string, unknown>
    assert.deepEqual([last.bytes, last.parts, last.final], [mebibyte, 1, true])
  })

  it('when it is asked, is one line that names the command; after the end nothing', test => {
    const { progress, asked, said } = started(test, undefined)
    progress.add(mebibyte, 1)
    asked.emit('asked')
    assert.match(said(), /^zfs2s3-put: stored 1\.0 MiB of 4\.0 GiB, .*, 1 part\n$/)
    progress.end()
    asked.emit('asked')
    assert.equal(said(), '')
  })

  it('when it is asked with --progress json, is a record', test => {
    const { progress, asked, said } = started(test, 'json')
    asked.emit('asked')
    assert.equal((JSON.parse(said()) as { event: string }).event, 'progress')
    progress.end()
  })
})
