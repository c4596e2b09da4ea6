/**
 * Random bytes and mutated streams: nothing that comes in may throw, hang, or take much memory. Runs for as long as
 * ZFS2S3_FUZZ_SECONDS says (5 unless set); ZFS2S3_FUZZ_SEED repeats a run.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Failure } from '#src/failure.js'
import { Continuation } from '#src/stream/continuation.js'
import { StreamParser } from '#src/stream/parser.js'
import { Splicer } from '#src/stream/splice.js'
import { decodeToken, tokenFacts } from '#src/stream/token.js'
import { fixture } from '../fixtures.js'
import { join, resumed, split } from './reference.js'
import { cut, inMemory, parsed, randomFrom } from './streams.js'

const seconds = Number(process.env.ZFS2S3_FUZZ_SECONDS ?? 5)
const seed = Number(process.env.ZFS2S3_FUZZ_SEED ?? Date.now() % 1_000_000)
const random = randomFrom(seed)

const names = ['chain-2-3.zs', 'plain-empty-incr.zs', 'repl-R-incr.zs', 'raw-w-incr.zs', 'zstd-c-incr.zs', 'chain-1.zs']
const streams = names.map(name => ({ stream: fixture(name), records: split(fixture(name)) }))
const pick = <T>(items: readonly T[]): T => items[random(items.length)] ?? assert.fail()
const noise = (length: number) => Buffer.from(Array.from({ length }, () => random(256)))

/** Numbers that lengths, counts and types are likely to be mishandled at. */
const edges = [0, 1, 3, 4, 7, 8, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff, 0x1000000, 0x1000001, 64 * 2 ** 20]

/** Changes a few fields or bytes in place. */
function scribble(bytes: Buffer): Buffer {
  for (let times = 1 + random(4); times > 0 && bytes.length >= 8; times--) {
    const at = random(bytes.length - 4)
    if (random(2)) bytes.writeUInt32LE(pick(edges), at - (at % 4))
    else bytes.writeUInt8(random(256), at)
  }
  return bytes
}

const mutations: (() => Buffer)[] = [
  () => noise(random(2000)),
  () => Buffer.concat([pick(streams).stream.subarray(0, 16), noise(random(2000))]),
  () => scribble(Buffer.from(pick(streams).stream)),
  // With checksums that hold, what is behind them is reached.
  () => {
    const { records } = pick(streams)
    const target = random(Math.min(records.length, random(2) ? 1 : 99))
    return join(records.map(({ bytes }, at) => (at === target ? scribble(Buffer.from(bytes)) : bytes)))
  },
  () => {
    const { records } = pick(streams)
    return Buffer.concat(Array.from({ length: random(30) }, () => pick(records).bytes))
  },
  () => {
    const [one, other] = [pick(streams).stream, pick(streams).stream]
    return Buffer.concat([one.subarray(0, random(one.length)), other.subarray(random(other.length))])
  },
]

/** The act may only fail as foreseen. */
function mayFail(act: () => unknown): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
  }
}

const whole = fixture('chain-1.zs')
const [begin] = parsed([whole]).end().substreams
const anchor = parsed([whole.subarray(0, 40_000)]).anchor()
const rest = anchor && resumed(whole, BigInt(anchor.object), BigInt(anchor.offset))
const token = fixture('resumed-t.token').toString().trim()

it(`whatever comes in, the stream layer copes (seed ${seed}, ${seconds} s)`, () => {
  assert.ok(begin && anchor && rest)
  const facts = tokenFacts(begin, anchor, 0)
  const until = Date.now() + seconds * 1000
  let slowest = 0
  for (let turn = 0; Date.now() < until; turn++) {
    const bytes = pick(mutations)()
    const started = Date.now()
    const parser = new StreamParser()
    const lengths = [1 + random(5000), 1 + random(100_000)]
    for (const chunk of cut(bytes, lengths)) parser.push(chunk)
    const verdict = parser.end()
    const { memory, bytes: there } = inMemory(bytes)
    assert.deepEqual(parsed(cut(there, lengths), { memory }).end(), verdict)
    assert.equal(verdict.bytes, bytes.length)
    if (verdict.outcome !== 'whole') assert.ok(verdict.at <= bytes.length && verdict.record >= 1)
    JSON.stringify(verdict)
    mayFail(() => parser.anchor())
    const splicer = new Splicer(begin, anchor)
    const changed = random(2) ? scribble(Buffer.from(rest)) : bytes
    mayFail(() => [...cut(changed, [1 + random(9000)])].forEach(chunk => splicer.push(chunk)))
    mayFail(() => new Continuation(facts).push(bytes))
    const at = random(token.length)
    mayFail(() => decodeToken(token.slice(0, at) + pick(['', '0', 'f', '-']) + token.slice(at + random(3))))
    slowest = Math.max(slowest, Date.now() - started)
  }
  assert.ok(slowest < 2000, `one took ${slowest} ms`)
  const megabytes = process.memoryUsage().rss / 2 ** 20
  assert.ok(megabytes < 600, `${megabytes} MiB`)
})
