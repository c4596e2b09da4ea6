/** Cutting a stream into parts, working on several at a time, and where parts belong. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { Pieces } from '#src/stream/pieces.js'
import { compositeSha256, cutIntoParts, eachConcurrently, placeOf } from '#src/store/parts.js'

const partSize = 4

async function* streamOf(chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await turnOfLoop()
    yield Buffer.from(chunk)
  }
}

interface Cut {
  readonly number: number
  readonly text: string
}

async function cut(chunks: readonly string[], first = 1): Promise<Cut[]> {
  const parts: Cut[] = []
  for await (const part of cutIntoParts(streamOf(chunks), Pieces.anywhere(partSize), first, () => null)) {
    const { number, bytes } = part
    parts.push({ number, text: Buffer.from(bytes).toString() })
    part.release()
  }
  return parts
}

describe('cutting a stream into parts of four bytes', () => {
  const cases: [what: string, chunks: string[], parts: string[]][] = [
    ['an empty stream has no part', [], []],
    ['nor has one of empty chunks', ['', ''], []],
    ['one byte is a part', ['a'], ['a']],
    ['one byte less than a part', ['abc'], ['abc']],
    ['exactly one part has no empty part behind it', ['abcd'], ['abcd']],
    ['one byte more than a part', ['abcde'], ['abcd', 'e']],
    ['exactly two parts', ['abcdefgh'], ['abcd', 'efgh']],
    ['a chunk of many parts', ['abcdefghijklm'], ['abcd', 'efgh', 'ijkl', 'm']],
    ['a part of many chunks', ['a', '', 'b', 'c', 'd', 'e'], ['abcd', 'e']],
  ]
  for (const [what, chunks, parts] of cases) {
    it(what, async () => {
      assert.deepEqual(
        (await cut(chunks)).map(({ text }) => text),
        parts,
      )
    })
  }

  it('where the chunks end does not matter', async () => {
    const text = 'abcdefghijkl'
    const whole = await cut([text])
    for (let length = 0; length <= text.length; length++) {
      for (let size = 1; size <= text.length; size++) {
        const chunks = text.slice(0, length).match(new RegExp(`.{1,${size}}`, 'g')) ?? []
        assert.equal((await cut(chunks)).map(part => part.text).join('|'), pieces(text.slice(0, length)))
      }
    }
    assert.equal(whole.length, 3)
  })

  it('a buffer that was used before brings nothing of that', async () => {
    assert.deepEqual(
      (await cut(['aaaabbbbcccc', 'd'])).map(({ text }) => text),
      ['aaaa', 'bbbb', 'cccc', 'd'],
    )
  })

  it('numbers go on from the first one', async () => {
    assert.deepEqual(
      (await cut(['abcdefghi'], 7)).map(({ number }) => number),
      [7, 8, 9],
    )
  })

  it('a note is taken when exactly the bytes of its part have come', async () => {
    let seen = 0
    const counted = async function* () {
      for await (const chunk of streamOf(['ab', 'cd', 'ef', 'gh', 'i'])) {
        seen += chunk.length
        yield chunk
      }
    }
    const notes: number[] = []
    for await (const part of cutIntoParts(counted(), Pieces.anywhere(partSize), 1, () => seen)) notes.push(part.note)
    assert.deepEqual(notes, [4, 8, 9])
  })

  it('takes only as many buffers as are out at a time', async () => {
    const buffers = new Set<ArrayBufferLike>()
    for await (const part of cutIntoParts(
      streamOf(Array<string>(50).fill('abcdefgh')),
      Pieces.anywhere(partSize),
      1,
      () => null,
    )) {
      buffers.add(part.bytes.buffer)
      part.release()
    }
    assert.ok(buffers.size <= 2, `${buffers.size} buffers for one part at a time`)
  })

  it('a part that was read where it can stay is not copied, and one whose beginning came from elsewhere is', async () => {
    const lent = Pieces.inMemory(partSize, 3)
    const filled: Uint8Array[] = []
    const reading = async function* () {
      for (const [turn, text] of ['abcd', 'efgh', 'ij'].entries()) {
        const borrowed = lent.lend()
        assert.ok(borrowed !== null)
        const { piece } = borrowed
        filled.push(piece)
        for (const [at, letter] of Array.from(text).entries()) {
          await turnOfLoop()
          piece.set(Buffer.from(letter), at)
          yield turn === 0 && at === 0 ? Buffer.from(letter) : piece.subarray(at, at + 1)
        }
        lent.returned(borrowed)
      }
    }
    const seen: [text: string, stayed: boolean][] = []
    for await (const part of cutIntoParts(reading(), lent, 1, () => null)) {
      const { bytes } = part
      const stayed = filled.some(({ byteOffset, buffer }) => byteOffset === bytes.byteOffset && buffer === bytes.buffer)
      seen.push([Buffer.from(bytes).toString(), stayed])
      part.release()
    }
    assert.deepEqual(seen, [
      ['abcd', false],
      ['efgh', true],
      ['ij', true],
    ])
  })

  it('a part that should stay where it is and does not is a bug, not a part', async () => {
    const lent = Pieces.inMemory(partSize, 3)
    const reading = async function* () {
      await turnOfLoop()
      const { piece } = lent.lend() ?? assert.fail('there is one')
      yield piece.subarray(0, 2)
      yield piece.subarray(3, 4)
    }
    await assert.rejects(async () => {
      for await (const part of cutIntoParts(reading(), lent, 1, () => null)) part.release()
    }, /lies elsewhere/)
  })

  it('an error of the stream is thrown, and no part made of what came before it', async () => {
    const failing = async function* () {
      yield Buffer.from('abcdef')
      await turnOfLoop()
      throw new Error('zfs send died')
    }
    const texts: string[] = []
    await assert.rejects(async () => {
      for await (const part of cutIntoParts(failing(), Pieces.anywhere(partSize), 1, () => null))
        texts.push(String(part.number))
    }, /zfs send died/)
    assert.deepEqual(texts, ['1'])
  })
})

const pieces = (text: string): string => (text.match(/.{1,4}/g) ?? []).join('|')

describe('the place of a part', () => {
  const cases: [part: number, partsPerVolume: number, volume: number, number: number][] = [
    [1, 10_000, 1, 1],
    [10_000, 10_000, 1, 10_000],
    [10_001, 10_000, 2, 1],
    [20_000, 10_000, 2, 10_000],
    [3, 1, 3, 1],
  ]
  for (const [part, partsPerVolume, volume, number] of cases) {
    it(`part ${part} of volumes of ${partsPerVolume} is number ${number} in volume ${volume}`, () =>
      assert.deepEqual(placeOf(part, { partSize, partsPerVolume }), { volume, number }))
  }
})

it('the checksum of an object is that of its parts’ checksums, and their number', () => {
  const digests = ['a', 'b'].map(text => createHash('sha256').update(text).digest())
  const all = createHash('sha256').update(Buffer.concat(digests)).digest('base64')
  assert.equal(compositeSha256(digests), `${all}-2`)
})

describe('working on several at a time', () => {
  const nothing = () => undefined

  async function* counting(count: number, taken: number[] = []): AsyncGenerator<number> {
    for (let item = 1; item <= count; item++) {
      await turnOfLoop()
      taken.push(item)
      yield item
    }
  }

  it('does the work on each item once', async () => {
    const done: number[] = []
    const work = async (item: number) => {
      await turnOfLoop()
      done.push(item)
    }
    await eachConcurrently(counting(20), 3, work, nothing)
    assert.deepEqual(
      done.sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
  })

  for (const limit of [1, 3]) {
    it(`works on ${limit} at a time and takes an item only when somebody is free for it`, async () => {
      const taken: number[] = []
      let busy = 0
      let most = 0
      const work = async () => {
        busy += 1
        most = Math.max(most, busy)
        assert.ok(taken.length <= most + 1, `${taken.length} items taken`)
        for (let turns = 0; turns < 5; turns++) await turnOfLoop()
        assert.ok(busy <= limit)
        busy -= 1
        taken.pop()
      }
      await eachConcurrently(counting(10, taken), limit, work, nothing)
      assert.equal(most, limit)
    })
  }

  it('a failure is thrown after the work under way has ended', async () => {
    let ended = 0
    const work = async (item: number) => {
      if (item === 2) throw new Error('no')
      for (let turns = 0; turns < 5; turns++) await turnOfLoop()
      ended += 1
    }
    await assert.rejects(eachConcurrently(counting(3), 3, work, nothing), /no/)
    assert.ok(ended >= 1)
  })

  it('a failure ends a source that is silent, as a slow zfs send is', { timeout: 5000 }, async () => {
    let wake: () => void = nothing
    const silent = async function* () {
      yield 1
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
    const work = () => Promise.reject(new Error('part 1 is refused'))
    await assert.rejects(
      eachConcurrently(silent(), 2, work, () => wake()),
      /part 1 is refused/,
    )
  })

  it('an error of the source is thrown', async () => {
    const failing = async function* () {
      yield 1
      await turnOfLoop()
      throw new Error('the source broke')
    }
    await assert.rejects(
      eachConcurrently(failing(), 4, () => Promise.resolve(), nothing),
      /the source broke/,
    )
  })

  it('of several failures the first is thrown', async () => {
    const work = async (item: number) => {
      if (item > 1) await turnOfLoop()
      throw new Error(`failure ${item}`)
    }
    await assert.rejects(eachConcurrently(counting(4), 2, work, nothing), /failure 1/)
  })
})
