import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { recordNames } from '#src/stream/records.js'
import { StreamParser } from '#src/stream/parser.js'
import type { Begin } from '#src/stream/begin.js'
import { fixture } from '../fixtures.js'
import { join, ReferenceFletcher4, split } from './reference.js'
import { cut, dumpOf, inMemory, parsed, recorded, verdictOf } from './streams.js'
import { bytesOf, packageStream, simpleStream } from './writer.js'

describe('every recorded stream', () => {
  for (const { file, kind, bytes, begin, complete } of recorded) {
    const verdict = verdictOf(fixture(file))
    const [first] = verdict.substreams

    it(`${file} is ${complete ? 'whole' : 'not whole'}, and what its manifest says`, () => {
      assert.equal(verdict.outcome, complete ? 'whole' : 'truncated')
      assert.equal(verdict.bytes, bytes)
      assert.equal(verdict.kind, begin.hdrtype === 2 ? 'package' : kind)
      assert.equal(first?.toname, begin.toname)
      assert.equal(first.toguid, begin.toguid)
      assert.equal(first.fromguid ?? '0', begin.fromguid)
      assert.equal(first.createdSeconds, begin.creation_time)
      const features = begin.features.map(name => (name === 'EMBED' ? 'embed_data' : name.toLowerCase()))
      assert.deepEqual(first.features.toSorted(), features.toSorted())
      assert.deepEqual(verdict.missing, [])
    })

    it(`${file} has the records that zstream dump counts`, () => {
      const dump = dumpOf(file)
      for (const [, name, records, payload] of dump.matchAll(/Total DRR_(\w+) records = (\d+) \((\d+) bytes\)/g)) {
        const known = recordNames.find(known => known === name)
        assert.ok(known)
        const total = (counts: 'records' | 'payloadBytes') =>
          verdict.substreams.reduce((sum, substream) => sum + (substream[counts][known] ?? 0), 0)
        assert.deepEqual([name, total('records'), total('payloadBytes')], [name, Number(records), Number(payload)])
      }
      const ranges = verdict.substreams.reduce((sum, { records }) => sum + (records.OBJECT_RANGE ?? 0), 0)
      assert.equal(ranges, dump.split('\n').filter(line => line.startsWith('OBJECT_RANGE')).length)
    })

    it(`${file} has the snapshots that zstream dump lists`, () => {
      const lines = (field: string) =>
        [...dumpOf(file).matchAll(new RegExp(`^\\t${field} = (.*)$`, 'gm'))].map(([, value = '']) => value)
      const guids = (field: string) => lines(field).map(value => BigInt(`0x${value}`).toString())
      assert.deepEqual(
        verdict.substreams.map(({ toname }) => toname),
        lines('toname'),
      )
      assert.deepEqual(
        verdict.substreams.map(({ toguid }) => toguid),
        guids('toguid'),
      )
      assert.deepEqual(
        verdict.substreams.map(({ fromguid }) => fromguid ?? '0'),
        guids('fromguid'),
      )
    })
  }

  it("raw ones say their IV-set GUIDs, and an increment's is its base's", () => {
    const full = verdictOf(fixture('raw-w-full.zs')).substreams[0]
    const increment = verdictOf(fixture('raw-w-incr.zs')).substreams[0]
    assert.equal(increment?.toIvset, BigInt('0x6ace93598342c6').toString())
    assert.equal(increment.fromIvset, full?.toIvset)
    assert.equal(full?.fromIvset, null)
  })

  it('one of zfs send -t says where it goes on', () => {
    const [resumed] = verdictOf(fixture('resumed-t.zs')).substreams
    assert.deepEqual(resumed?.resume, { object: '2', offset: String(0x160000) })
  })

  it('a package lists what it was made from', () => {
    const [envelope] = verdictOf(fixture('repl-R-incr.zs')).substreams
    const { fromsnap, tosnap, notRecursive, filesystems } = envelope?.listing ?? assert.fail()
    assert.deepEqual([fromsnap, tosnap, notRecursive], ['one', 'two', false])
    assert.deepEqual(
      filesystems.map(({ name }) => name),
      ['tank/tree', 'tank/tree/kid', 'tank/tree/kid/baby'],
    )
    assert.deepEqual(filesystems[2]?.snapshots[1], {
      name: 'tank/tree/kid/baby@two',
      guid: BigInt('0xc7bd319b1d92f30e').toString(),
    })
    assert.equal(verdictOf(fixture('plain-props-p.zs')).substreams[0]?.listing?.notRecursive, true)
  })

  it('facts are JSON', () => {
    const { substreams } = verdictOf(fixture('repl-R-full.zs'))
    assert.deepEqual(JSON.parse(JSON.stringify(substreams)), substreams)
  })
})

const copy = (bytes: Uint8Array) => Uint8Array.from(bytes)

describe('the parser', () => {
  it('makes the same of a stream however it is cut, and wherever it lies', () => {
    const names = ['chain-2-3.zs', 'plain-all-I.zs', 'raw-w-incr.zs', 'lz4-Lec-full.zs', 'repl-R-incr.zs', 'saved-S.zs']
    const streams = names.map(name => {
      const bytes = fixture(name)
      return { bytes, verdict: verdictOf(bytes), there: inMemory(bytes) }
    })
    const length = fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 300_000 }))
    const property = fc.property(
      fc.constantFrom(...streams),
      fc.array(length, { minLength: 1, maxLength: 8 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
      ({ bytes, verdict, there: { memory, bytes: there } }, lengths, places) => {
        assert.deepEqual(parsed(cut(bytes, lengths)).end(), verdict)
        assert.deepEqual(parsed(cut(there, lengths), { memory }).end(), verdict)
        const chunks = [...cut(there, lengths)].map((chunk, turn) =>
          places[turn % places.length] ? chunk : copy(chunk),
        )
        assert.deepEqual(parsed(chunks, { memory }).end(), verdict)
      },
    )
    fc.assert(property, { numRuns: 60 })
    for (const { bytes, verdict, there } of streams.slice(0, 1)) {
      assert.deepEqual(parsed(cut(bytes, [1])).end(), verdict)
      assert.deepEqual(parsed(cut(there.bytes, [1]), { memory: there.memory }).end(), verdict)
    }
  })

  it('keeps nothing of the chunks it was given', () => {
    const parser = new StreamParser()
    const buffer = Buffer.alloc(1000)
    for (const chunk of cut(fixture('raw-w-incr.zs'), [1000])) {
      buffer.set(chunk)
      parser.push(buffer.subarray(0, chunk.length))
      buffer.fill(0xaa)
    }
    assert.equal(parser.end().outcome, 'whole')
  })

  it('tells of each BEGIN at once, before a byte behind it is needed', () => {
    const begins: Begin[] = []
    const stream = fixture('raw-w-full.zs')
    const length = split(stream)[0]?.bytes.length ?? 0
    const parser = parsed([stream.subarray(0, length - 1)], { onBegin: begin => begins.push(begin) })
    assert.equal(begins.length, 0)
    parser.push(stream.subarray(length - 1, length))
    assert.deepEqual(
      begins.map(({ toname }) => toname),
      ['tank/secret@one'],
    )
  })

  it('lets what onBegin throws through', () => {
    const onBegin = () => {
      throw new Error('another snapshot')
    }
    assert.throws(() => parsed([fixture('chain-1.zs')], { onBegin }), /another snapshot/)
  })

  it('goes on in the middle from an anchor', () => {
    const stream = fixture('zstd-c-full.zs')
    const before = parsed([stream.subarray(0, 200_000)], {})
    const anchor = before.anchor() ?? assert.fail()
    const [begin] = before.end().substreams
    assert.ok(begin && anchor.start > 100_000)
    const after = parsed([stream.subarray(anchor.start)], { from: { begin, anchor } })
    assert.equal(after.end().outcome, 'whole')
    assert.equal(after.position, stream.length)
    assert.deepEqual(after.anchor(), parsed([stream]).anchor())
    const damaged = Buffer.from(stream.subarray(anchor.start))
    damaged.writeUInt8(damaged.readUInt8(5000) ^ 1, 5000)
    assert.equal(parsed([damaged], { from: { begin, anchor } }).end().outcome, 'damaged')
  })

  const toguid = 2n ** 64n - 1n
  it('takes streams of any size and GUID', () => {
    const spec = { toname: 'tank/ä b@1', toguid, writes: 9, blockSize: 16 * 2 ** 20, features: ['large_blocks'] }
    const parser = parsed(simpleStream(spec))
    const verdict = parser.end()
    assert.equal(verdict.outcome, 'whole')
    assert.equal(verdict.substreams[0]?.toname, 'tank/ä b@1')
    assert.equal(verdict.substreams[0].toguid, '18446744073709551615')
    assert.equal(verdict.substreams[0].payloadBytes.WRITE, 9 * 16 * 2 ** 20)
    assert.equal(parser.anchor()?.offset, String(8 * 16 * 2 ** 20))
  })

  it('names unknown features by their bit, and does not mind them', () => {
    const stream = bytesOf(simpleStream({ toname: 'tank@1', toguid, writes: 1 }))
    const records = split(stream).map(({ bytes }) => Buffer.from(bytes))
    const [begin] = records
    begin?.writeBigUInt64LE(begin.readBigUInt64LE(16) | (1n << 42n), 16)
    const verdict = verdictOf(join(records))
    assert.equal(verdict.outcome, 'whole')
    assert.deepEqual(verdict.substreams[0]?.features, ['bit40'])
  })

  it('takes streams whose records carry no checksums, as they were made before 2014, but for their END', () => {
    const records = split(fixture('chain-2-3.zs')).map(({ bytes }) => Buffer.from(bytes))
    const bare = withoutRunningChecksums(records)
    assert.equal(verdictOf(bare).outcome, 'whole')
    assert.equal(parsed([bare]).whyNoAnchor(), 'its records carry no checksums')
    for (const at of [1000, bare.length - 312 + 20, bare.length - 40, bare.length - 312 + 100]) {
      const flipped = Buffer.from(bare)
      flipped.writeUInt8(flipped.readUInt8(at) ^ 4, at)
      assert.equal(verdictOf(flipped).outcome, 'damaged', `byte ${at}`)
    }
  })

  it('says which snapshots a package lacks that its listing promises', () => {
    const stream = fixture('repl-R-incr.zs')
    const records = split(stream)
    const begins = records.filter(({ type }) => type === 0)
    const [, , kid, baby] = begins
    assert.ok(kid && baby)
    const without = Buffer.concat([stream.subarray(0, kid.start), stream.subarray(baby.start)])
    const verdict = verdictOf(without)
    assert.equal(verdict.outcome, 'whole')
    assert.deepEqual(verdict.missing, [{ name: 'tank/tree/kid@two', guid: '7245492737291130649' }])
  })

  it('knows packages of any number of streams', () => {
    const streams = Array.from({ length: 200 }, (_, at) => ({
      toname: `tank@${at + 1}`,
      toguid: BigInt(at + 1),
      fromguid: BigInt(at),
      writes: 1,
      blockSize: 512,
    }))
    const verdict = parsed(packageStream({ toname: 'tank@200', toguid: 0n }, streams)).end()
    assert.equal(verdict.outcome, 'whole')
    assert.equal(verdict.kind, 'package')
    assert.equal(verdict.substreams.length, 201)
    assert.deepEqual(verdict.substreams[200]?.fromguid, '199')
  })
})

/** The stream with zeros for running checksums, and END's own checksum as that makes it. */
function withoutRunningChecksums(records: readonly Buffer[]): Buffer {
  const bare: Uint8Array[] = records.map((bytes, index) => (index === 0 ? bytes : Buffer.from(bytes).fill(0, 280, 312)))
  const sums = new ReferenceFletcher4()
  for (const bytes of bare.slice(0, -1)) sums.update(bytes)
  bare.at(-1)?.set(sums.bytes, 8)
  return Buffer.concat(bare)
}
