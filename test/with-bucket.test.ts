/** How a command ends that is interrupted while it works with a bucket. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Context, Interrupted } from '#src/cli/command.js'
import { withBucket } from '#src/commands/with-bucket.js'
import { badStream, Unfinished } from '#src/failure.js'

const place = {
  ...{ bucket: 'b', endpoint: 'http://127.0.0.1:1', region: 'us-east-1', profile: undefined, timeoutMs: 1000 },
  ...{ prefix: '', retryForMs: 0 },
}
const truncated = badStream('the stream ends early', 'send it again')

/** What is thrown where `error` is, and a signal comes before it gets any further. */
async function thrown(error: unknown, isInterrupted: boolean): Promise<unknown> {
  const controller = new AbortController()
  // Of a context only this is asked for.
  const context = { signal: controller.signal } as Context
  const work = () => {
    if (isInterrupted) controller.abort(new Interrupted('SIGINT'))
    throw error
  }
  return withBucket(context, work, place).catch((error: unknown) => error)
}

describe('what ends work with a bucket', () => {
  const unfinished = new Unfinished(truncated, 'the upload is pending', truncated)

  it('is the failure, with what is left', async () => {
    assert.equal(await thrown(unfinished, false), unfinished)
    assert.equal(unfinished.remedy, 'send it again; the upload is pending')
    assert.equal(unfinished.status, 4)
  })

  const interruptions: [what: string, error: unknown, note: string | undefined][] = [
    ['a failure', truncated, undefined],
    ['a failure that left something', unfinished, 'the upload is pending'],
    ['an interruption that says more', new Interrupted('SIGINT', 'the upload is pending'), 'the upload is pending'],
    ['any other error', new Error('aborted'), undefined],
  ]
  for (const [what, error, note] of interruptions) {
    it(`is the signal that comes during ${what}, and it still says what is left`, async () => {
      const end = await thrown(error, true)
      assert.ok(end instanceof Interrupted)
      assert.deepEqual([end.signal, end.note], ['SIGINT', note])
    })
  }
})
