/** How far a transfer is: on a terminal only. */
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { exactBytes, humanBytes, showProgress } from '#src/cli/progress.js'

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

describe('the progress line', () => {
  it('is nothing where stderr is not a terminal', test => {
    test.mock.timers.enable({ apis: ['setInterval'] })
    const stderr = new PassThrough()
    const progress = showProgress({ stderr }, 'stored')
    progress.add(5)
    test.mock.timers.tick(10_000)
    progress.end()
    assert.equal(stderr.read(), null)
  })

  it('says on a terminal how much there is, and goes at the end', test => {
    test.mock.timers.enable({ apis: ['setInterval'] })
    const stderr = Object.assign(new PassThrough(), { isTTY: true })
    const progress = showProgress({ stderr }, 'stored')
    progress.add(1024 ** 2)
    progress.add(1024 ** 2)
    test.mock.timers.tick(500)
    assert.match(String(stderr.read()), /stored 2\.0 MiB, .*\/s$/)
    progress.end()
    test.mock.timers.tick(10_000)
    // eslint-disable-next-line no-control-regex -- the terminal's "erase the line"
    assert.match(String(stderr.read()), /^\r\x1b\[K$/)
  })
})
