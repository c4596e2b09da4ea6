/** Running programs: whatever ends badly or early, at either end, is an error, at once, and leaves no process behind. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { Failure } from '#src/failure.js'
import { feed, outputOf, startPipeline, startProgram, through } from '#src/zfs/child.js'

const mebibyte = 1024 * 1024

/** Gives `count` chunks of 64 KiB; then ends, throws `error`, or says nothing more. */
async function* source(count: number, then: 'end' | 'silence' | Error = 'end'): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(64 * 1024, 'zfs send ')
  for (let sent = 0; sent < count; sent++) yield chunk
  if (then === 'silence') await new Promise(() => undefined)
  if (then instanceof Error) throw then
}

async function lengthOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0
  for await (const chunk of chunks) length += chunk.length
  return length
}

/** Fails with what is wrong if it takes longer than any of these may. */
async function soon<T>(work: Promise<T>): Promise<T> {
  const timer = new AbortController()
  const late = sleep(10_000, undefined, { signal: timer.signal }).then(() => assert.fail('it hangs'))
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
    late.catch(() => undefined)
  }
}

/** Whether the process that wrote its number first still runs. A zombie that nobody has waited for does not. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const failsWith = (what: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error))
  assert.equal(error.status, 1)
  assert.match(error.message, new RegExp(what))
  return true
}

describe('a stream through a filter', () => {
  it('comes out as the filter writes it', async () => {
    const out: Uint8Array[] = []
    for await (const chunk of through(source(2), startPipeline('tr z Z | tr f F'))) out.push(chunk)
    assert.equal(
      Buffer.concat(out).toString(),
      Buffer.alloc(64 * 1024, 'ZFs send ')
        .toString()
        .repeat(2),
    )
  })

  it('of no bytes is what the filter makes of that', async () => {
    assert.equal(await soon(lengthOf(through(source(0), startPipeline('cat; echo end')))), 4)
  })

  it('passes with more than fits into any buffer, without a warning of too many listeners', async () => {
    const warnings: string[] = []
    const note = (warning: Error) => void warnings.push(warning.name)
    process.on('warning', note)
    assert.equal(await soon(lengthOf(through(source(400), startPipeline('cat')))), 25 * mebibyte)
    process.off('warning', note)
    assert.deepEqual(warnings, [])
  })

  const failing: [what: string, pipeline: string, why: string][] = [
    ['that fails at once', 'false', "the filter 'false' ended with status 1"],
    ['that fails after the last byte', 'cat; exit 3', 'ended with status 3'],
    ['whose first stage fails', 'false | cat', 'ended with status 1'],
    ['whose middle stage fails', 'cat | (cat; exit 5) | cat', 'ended with status 5'],
    ['whose last stage leaves early: SIGPIPE of the one before', 'cat | head -c 10', 'ended with status 141'],
    ['that is not there', 'no-such-program-here', 'ended with status 127'],
    ['that is killed', 'kill -KILL $$', 'was killed by SIGKILL'],
    ['one stage of which is killed', 'cat | sh -c "kill -KILL \\$\\$" | cat', 'ended with status 137'],
    ['that leaves early and says that all is well', 'head -c 10', 'ended before it had read the whole stream'],
    ['that leaves before the very end and says that all is well', 'head -c 6000000', 'ended before it had read'],
    ['that reads nothing and says that all is well', 'true', 'ended before it had read the whole stream'],
  ]
  for (const [what, pipeline, why] of failing) {
    it(`fails with a filter ${what}`, async () => {
      await assert.rejects(soon(lengthOf(through(source(100), startPipeline(pipeline)))), failsWith(why))
    })
  }

  for (const pipeline of ['false', 'true', 'head -c 10']) {
    it(`does not wait for a silent source when the filter '${pipeline}' has ended`, async () => {
      await assert.rejects(soon(lengthOf(through(source(1, 'silence'), startPipeline(pipeline)))), failsWith('ended'))
    })
  }

  it('fails with the error of its source, and the filter never sees an end of file', async () => {
    const wrong = new Error('the stream is damaged')
    const read: Uint8Array[] = []
    const all = async () => {
      for await (const chunk of through(source(3, wrong), startPipeline('cat; echo complete'))) read.push(chunk)
    }
    await assert.rejects(soon(all()), wrong)
    assert.ok(!Buffer.concat(read).toString().includes('complete'))
  })

  it('ends the filter, all of its stages, when its reader leaves early', async () => {
    const child = startPipeline("sh -c 'echo $$; cat' | cat")
    let pid = 0
    for await (const chunk of through(source(1000), child)) {
      pid = Number.parseInt(Buffer.from(chunk).toString())
      assert.ok(runs(pid))
      break
    }
    assert.ok(pid > 0 && !runs(pid))
  })

  it('waits for a stage that takes its time to end after the signal', async () => {
    const child = startPipeline('sh -c \'trap "sleep 0.2; exit" INT; echo $$; while :; do sleep 0.1; done\' | cat')
    for await (const chunk of child.stdout as AsyncIterable<Uint8Array>) {
      const pid = Number.parseInt(Buffer.from(chunk).toString())
      await soon(child.kill())
      assert.ok(!runs(pid))
      return
    }
    assert.fail('it wrote nothing')
  })
})

describe('a program', () => {
  it('gives what it writes, and no shell looks at its arguments', async () => {
    assert.equal(await lengthOf(outputOf(startProgram(['printf', '%s', '$HOME; `false` *']))), 16)
  })

  it('that has ended before anybody reads has lost nothing', async () => {
    const child = startProgram(['printf', 'whole'])
    await child.finished()
    await sleep(50)
    assert.equal(await soon(lengthOf(outputOf(child))), 5)
  })

  it('that ends badly behind the last byte is an error there', async () => {
    const output = outputOf(startProgram(['sh', '-c', 'printf whole; exit 1']))
    assert.equal(Buffer.from((await output.next()).value ?? []).toString(), 'whole')
    await assert.rejects(output.next(), failsWith("printf whole; exit 1' ended with status 1"))
  })

  it('that is not there says so', async () => {
    const child = startProgram(['no-such-program-here'])
    await assert.rejects(soon(lengthOf(outputOf(child))), failsWith("can't run 'no-such-program-here'"))
    assert.equal(await child.exitStatus(), null)
    await soon(child.kill())
  })

  it('that does not read keeps its writer waiting', async () => {
    const child = startProgram(['sh', '-c', 'read line; exec cat'], { feeds: true })
    const chunk = Buffer.alloc(4 * mebibyte)
    const first = feed(child, chunk)
    const taken = await Promise.race([first, sleep(200, 'waiting')])
    assert.equal(taken, 'waiting')
    await child.kill()
    assert.equal(await soon(first), false)
    assert.equal(await soon(feed(child, chunk)), false)
  })
})
