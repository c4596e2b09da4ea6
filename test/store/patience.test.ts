/** How long a failing request is tried again. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { patiently } from '#src/store/patience.js'

const dropped = () => Object.assign(new Error('the line broke'), { code: 'ECONNRESET' })
const answer = (status: number, code: string) =>
  Object.assign(new Error(code), { name: code, $metadata: { httpStatusCode: status } })

/** Work that fails with these errors in turn and then succeeds; counts how often it was done. */
function failing(...errors: Error[]) {
  const work = {
    tries: 0,
    run: (): Promise<string> => {
      const error = errors[work.tries++]
      return error === undefined ? Promise.resolve('done') : Promise.reject(error)
    },
  }
  return work
}

const never = new AbortController().signal

describe('patience', () => {
  it('what succeeds is done once', async () => {
    const work = failing()
    assert.equal(await patiently(work.run, { retryForMs: 60_000, signal: never }), 'done')
    assert.equal(work.tries, 1)
  })

  const passing: [what: string, error: Error][] = [
    ['a line that broke', dropped()],
    ['S3 asking to slow down', answer(503, 'SlowDown')],
    ['an error inside S3', answer(500, 'InternalError')],
    ['too many requests', answer(429, 'TooManyRequests')],
    ['a request that S3 waited for too long', answer(400, 'RequestTimeout')],
  ]
  for (const [what, error] of passing) {
    it(`${what} is waited out`, async () => {
      const work = failing(error)
      assert.equal(await patiently(work.run, { retryForMs: 60_000, signal: never }), 'done')
      assert.equal(work.tries, 2)
    })
  }

  const lasting: [what: string, error: Error][] = [
    ['a refusal', answer(403, 'AccessDenied')],
    ['a missing bucket', answer(404, 'NoSuchBucket')],
    ['what a service has not implemented', answer(501, 'NotImplemented')],
    ['a bug', new TypeError('undefined is not a function')],
  ]
  for (const [what, error] of lasting) {
    it(`${what} is thrown at once`, async () => {
      const work = failing(error)
      await assert.rejects(patiently(work.run, { retryForMs: 60_000, signal: never }), error)
      assert.equal(work.tries, 1)
    })
  }

  it('is told how often it was tried before', async () => {
    const before: number[] = []
    await patiently(
      tries => {
        before.push(tries)
        return tries === 0 ? Promise.reject(dropped()) : Promise.resolve()
      },
      { retryForMs: 60_000, signal: never },
    )
    assert.deepEqual(before, [0, 1])
  })

  it('without any time the first error is thrown', async () => {
    const work = failing(dropped())
    await assert.rejects(patiently(work.run, { retryForMs: 0, signal: never }), /the line broke/)
    assert.equal(work.tries, 1)
  })

  it('ends with the last error when its time is over', async () => {
    const work = failing(dropped(), ...Array.from({ length: 100 }, () => answer(503, 'SlowDown')))
    const begun = performance.now()
    await assert.rejects(patiently(work.run, { retryForMs: 600, signal: never }), /SlowDown/)
    assert.ok(work.tries >= 2)
    assert.ok(performance.now() - begun < 10_000)
  })

  it('an interruption ends the pause at once, with its reason', async () => {
    const controller = new AbortController()
    const work = failing(...Array.from({ length: 100 }, dropped))
    const run = () => {
      if (work.tries === 1) setImmediate(() => controller.abort(new Error('Ctrl-C')))
      return work.run()
    }
    const begun = performance.now()
    await assert.rejects(patiently(run, { retryForMs: 3_600_000, signal: controller.signal }), /Ctrl-C/)
    assert.ok(performance.now() - begun < 5000)
  })
})
