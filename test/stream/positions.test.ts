/** Positions noted in a stream, and what is read with them: the same continuation as from the start of the stream. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Continuation } from '#src/stream/continuation.js'
import { StreamParser } from '#src/stream/parser.js'
import { indexOf, positionsIn } from '#src/stream/position-index.js'
import { type Position, PositionCollector, type Spacing, usualSpacing } from '#src/stream/positions.js'
import { stretchesFor } from '#src/stream/stretches.js'
import { type TokenFacts, tokenFacts } from '#src/stream/token.js'
import { isLong } from '../crash/effort.js'
import { fixture } from '../fixtures.js'
import { BEGIN, FREE, join, OBJECT, pointOf, split, WRITE, WRITE_EMBEDDED } from './reference.js'
import { cut, parsed, randomFrom, recorded, verdictOf } from './streams.js'
import { bytesOf, simpleStream } from './writer.js'

const everywhere = { most: Infinity, distance: 1 }

function noted(stream: Uint8Array, spacing = everywhere): readonly Position[] {
  const positions = new PositionCollector(spacing)
  parsed([stream], { positions })
  return positions.positions
}

const tokenAt = (stream: Buffer, object: bigint, offset: bigint): TokenFacts =>
  tokenFacts(
    verdictOf(stream).substreams[0] ?? assert.fail(),
    { object: object.toString(), offset: offset.toString() },
    0,
  )

/** The continuation, and how many bytes of the stored stream it took; by the positions, if any are given. */
function continued(stream: Buffer, token: TokenFacts, positions: readonly Position[], lengths = [65536]) {
  const continuation = new Continuation(token, positions)
  const pieces: Uint8Array[] = []
  let read = 0
  for (let next = continuation.nextStretch(); next !== null; next = continuation.nextStretch()) {
    const bytes = stream.subarray(next.from, next.to ?? stream.length)
    read += bytes.length
    for (const chunk of cut(bytes, lengths)) pieces.push(...continuation.push(chunk))
  }
  assert.equal(continuation.end().outcome, 'whole')
  return { made: Buffer.concat(pieces), read }
}

const isBlock = ({ type }: { type: number }) => type === WRITE || type === WRITE_EMBEDDED

const simple = recorded.filter(({ kind, begin }) => begin.hdrtype === 1 && kind !== 'resumed' && kind !== 'saved')

describe('with positions in a stream', () => {
  for (const { file } of simple) {
    it(`${file}: it is continued from every block as without them, byte for byte`, () => {
      const stream = fixture(file)
      const all = noted(stream)
      const records = split(stream)
      const blocks = records.filter(isBlock)
      assert.equal(all.length, blocks.length, 'each block is one')
      const positions = positionsIn(JSON.parse(JSON.stringify(indexOf(all))) as number[][])
      assert.deepEqual(positions, all)
      const random = randomFrom(stream.length)
      // Of the longest streams some: each turn reads all of it.
      const step = isLong ? 1 : Math.ceil((blocks.length * stream.length) / 20_000_000)
      const points = records.filter(record => isBlock(record) || record.type === OBJECT).map(pointOf)
      for (let at = random(step); at < points.length; at += step) {
        const { object, offset } = points[at] ?? assert.fail()
        const token = tokenAt(stream, object, offset)
        // One block in three is known, at random.
        const known = positions.filter(() => random(3) === 0)
        const { made } = continued(stream, token, known, [1 + random(100_000), 1 + random(500)])
        assert.ok(made.equals(continued(stream, token, []).made), `object ${object}, offset ${offset}`)
      }
    })
  }

  it('only what is needed is read: the head, what the object says of itself, and the rest', () => {
    const stream = fixture('big-full.zs')
    const last = split(stream).findLast(isBlock) ?? assert.fail()
    const { object, offset } = pointOf(last)
    const token = tokenAt(stream, object, offset)
    const { made, read } = continued(stream, token, noted(stream))
    assert.ok(made.equals(continued(stream, token, []).made))
    assert.ok(read < 700_000 && stream.length > 10_000_000, `${read} bytes`)
  })

  it('a block at its very start is not enough, since nothing before it would prove it', () => {
    const stream = fixture('res-full.zs')
    const [first] = noted(stream)
    assert.ok(first)
    const at = (offset: number) => stretchesFor(tokenAt(stream, BigInt(first.object), BigInt(offset)), [first])
    assert.deepEqual(at(first.offset), [{ from: 0, to: null }])
    assert.equal(at(first.offset + 1).at(-1)?.from, first.at)
  })

  it('an increment of which nothing had arrived is wanted whole', () => {
    const stream = fixture('chain-2-3.zs')
    const [one] = noted(stream)
    assert.ok(one)
    assert.equal(stretchesFor(tokenAt(stream, 1n, 0n), [{ ...one, object: 0 }]).length, 1)
  })
})

describe('a stream that is continued by positions and is damaged', () => {
  for (const file of ['raw-w-full.zs', 'res-full.zs']) {
    it(`${file}: each bit that is read is checked, but those of the record that only begins a stretch`, () => {
      const stream = Buffer.from(fixture(file))
      const blocks = split(stream).filter(isBlock)
      const positions = noted(stream)
      const { object, offset } = pointOf(
        blocks.findLast(
          (each, index) => index > 0 && pointOf(blocks[index - 1] ?? each).object === pointOf(each).object,
        ) ?? assert.fail(),
      )
      const token = tokenAt(stream, object, offset)
      const stretches = stretchesFor(token, positions)
      assert.equal(stretches.length, file.startsWith('raw') ? 4 : 3)
      const good = continued(stream, token, positions).made
      let found = 0
      for (const { from, to } of stretches) {
        const end = Math.min(to ?? stream.length, from + 70_000)
        for (let at = from; at < end; at += at < from + 2000 ? 3 : 97) {
          stream.writeUInt8((stream[at] ?? 0) ^ 16, at)
          try {
            // What is not noticed is of no consequence.
            assert.ok(continued(stream, token, positions).made.equals(good), `byte ${at}`)
          } catch (error) {
            if (error instanceof assert.AssertionError && error.operator === '==') throw error
            found += 1
          }
          stream.writeUInt8((stream[at] ?? 0) ^ 16, at)
        }
      }
      assert.ok(found > 500, `${found} are noticed`)
    })
  }

  it('or of which the positions are those of other blocks: it is refused', () => {
    const stream = fixture('res-full.zs')
    const positions = noted(stream)
    const [wanted, behind] = [positions[4] ?? assert.fail(), positions[9] ?? assert.fail()]
    const token = tokenAt(stream, BigInt(wanted.object), BigInt(wanted.offset))
    for (const at of [behind.at, behind.at + 4, stream.length - 312, stream.length]) {
      const wrong = { ...wanted, at, offset: 0 }
      assert.throws(() => continued(stream, token, [wrong]), `at ${at}`)
    }
    for (const beforeObject of [4, behind.at]) {
      const wrong = { ...wanted, beforeObject, offset: 0 }
      assert.throws(() => continued(stream, token, [wrong]), `object at ${beforeObject}`)
    }
  })
})

describe('how many positions are noted', () => {
  const writes = 300
  const stream = bytesOf(simpleStream({ toname: 'tank/a@b', toguid: 1n, writes, blockSize: 1024 }))
  const record = 312 + 1024

  it('none in a stream shorter than the distance, and one behind it', () => {
    assert.equal(usualSpacing.distance, 256 * 1024 * 1024)
    const at = (spacing: Spacing) => noted(stream, spacing).map(each => each.at)
    const [first = 0, second = 0, third = 0, fourth = 0] = at(everywhere)
    assert.deepEqual(at({ most: Infinity, distance: stream.length }), [])
    assert.deepEqual(at({ most: Infinity, distance: stream.length - 2 * record }), [first + (writes - 1) * record])
    assert.deepEqual(at({ most: Infinity, distance: second }).slice(0, 2), [second, fourth])
    assert.deepEqual(at({ most: Infinity, distance: second + 1 }).slice(0, 1), [third])
  })

  for (const most of [1, 2, 5, 64]) {
    it(`${most} at most: every other one is dropped, and the distance doubled, when there are more`, () => {
      const positions = noted(stream, { most, distance: record })
      assert.ok(positions.length <= most && positions.length >= most / 2, `${positions.length}`)
      const distances = positions.map(({ at }, index) => at - (positions[index - 1]?.at ?? 0))
      const least = Math.min(...distances)
      assert.ok(least >= (writes * record) / most / 2)
      assert.ok(Math.max(...distances) < 2 * least + record)
    })
  }

  it('64 of them take less than 2 KB for one object, and 5 KB for as many', () => {
    const position = (index: number): Position => {
      const at = 10 ** 13 + index * 10 ** 11
      const range = { before: at - 30_000, at: at - 20_000 }
      return { at, offset: at - 1000, object: 128, beforeObject: 312, firstBlock: 1024, range }
    }
    const volume = Array.from({ length: 64 }, (_, index) => position(index))
    const size = (positions: readonly Position[]) => JSON.stringify(indexOf(positions)).length
    assert.ok(size(volume) < 2048 + 64, `${size(volume)} bytes`)
    const files = volume.map((each, index) => ({ ...each, object: 100_000 + index, offset: 4096, range: null }))
    assert.ok(size(files) < 5 * 1024, `${size(files)} bytes`)
  })
})

describe('a stream that is no use to note positions in', () => {
  const [begin, ...rest] = split(fixture('chain-1.zs')).map(({ bytes }) => bytes)
  const records = [begin ?? assert.fail(), ...rest]
  const typeOf = (record: Buffer) => record.readUInt32LE(0)
  const objects = records.flatMap((record, index) => (typeOf(record) === OBJECT ? [index] : []))
  const twice = (index: number) => [...records.slice(0, index + 1), ...records.slice(index)]

  it('has objects that do not ascend', () => {
    assert.ok(noted(join(records)).length > 0)
    for (const index of objects) assert.equal(noted(join(twice(index))).length, 0, `record ${index}`)
  })

  it('has blocks or holes that do not', () => {
    const stream = fixture('res-full.zs')
    const all = split(stream)
    // Two blocks of one object, one behind the other.
    const at = all.findIndex((one, index) => isBlock(one) && pointOf(one).offset > 0n && isBlock(all[index - 1] ?? one))
    const [before, behind] = [all[at - 1] ?? assert.fail(), all[at] ?? assert.fail()]
    const made = (...between: Buffer[]) =>
      join([
        ...all.slice(0, at - 1).map(({ bytes }) => bytes),
        ...between,
        ...all.slice(at + 1).map(({ bytes }) => bytes),
      ])
    const hole = (offset: bigint) => {
      const free = Buffer.alloc(312)
      free.writeUInt32LE(FREE, 0)
      behind.bytes.copy(free, 8, 8, 16)
      free.writeBigUInt64LE(offset, 16)
      behind.bytes.copy(free, 32, 40, 48)
      return free
    }
    assert.ok(noted(made(before.bytes, behind.bytes)).length > 0)
    assert.ok(noted(made(before.bytes, hole(pointOf(behind).offset - 1n), behind.bytes)).length > 0)
    assert.equal(noted(made(behind.bytes, before.bytes)).length, 0)
    assert.equal(noted(made(before.bytes, hole(pointOf(behind).offset + 1n), behind.bytes)).length, 0)
  })

  it('has records without checksums', () => {
    const bare = join(records)
    for (const { type, bytes } of split(bare)) if (type !== BEGIN) bytes.fill(0, 280, 312)
    assert.equal(noted(bare).length, 0)
  })

  it('is a package', () => {
    for (const file of ['plain-all-I.zs', 'plain-props-p.zs']) assert.equal(noted(fixture(file)).length, 0)
  })
})

describe('a stream that is taken up again in the middle', () => {
  for (const file of ['raw-w-full.zs', 'res-full.zs', 'chain-1.zs']) {
    it(`${file}: has the same positions, wherever it was cut`, () => {
      const stream = fixture(file)
      const spacing = { most: 7, distance: 1000 }
      const whole = noted(stream, spacing)
      const [begin] = verdictOf(stream).substreams
      assert.ok(begin && whole.length > 3)
      const random = randomFrom(1)
      for (let turn = 0; turn < 100; turn++) {
        // Taken behind several parts, as put does.
        const before = new PositionCollector(spacing)
        const parser = new StreamParser({ positions: before })
        const end = 1 + random(stream.length - 1)
        const taken: Position[] = []
        let passage = null
        for (const part of cut(stream.subarray(0, end), [1 + random(50_000)])) {
          parser.push(part)
          const here = before.take()
          taken.push(...(here?.positions ?? []))
          passage = here?.passage ?? null
        }
        const anchor = parser.anchor()
        if (anchor === null || passage === null) continue
        const behind = new PositionCollector(spacing)
        behind.goOn(JSON.parse(JSON.stringify(passage)) as typeof passage, taken)
        parsed([stream.subarray(anchor.start)], { from: { begin, anchor }, positions: behind })
        assert.deepEqual(behind.positions, whole, `cut at ${end}`)
      }
    })
  }
})
