/**
 * How fast streams pass: node dist-test/stream/bench.js. Each line is one stream of 4 GiB in memory, in chunks as they come
 * from a pipe or a file.
 */
import { StreamParser } from '#src/stream/parser.js'
import { Splicer } from '#src/stream/splice.js'
import { resumed } from './reference.js'
import { parsed } from './streams.js'
import { bytesOf, simpleStream } from './writer.js'

const length = 4 * 2 ** 30

function report(what: string, bytes: number, act: () => void): void {
  const started = process.hrtime.bigint()
  act()
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  console.log(`${(bytes / 2 ** 30 / seconds).toFixed(2).padStart(6)} GiB/s  ${what}`)
}

for (const blockSize of [512, 4096, 128 * 1024, 1024 * 1024]) {
  const stream = bytesOf(simpleStream({ toname: 'tank@1', toguid: 1n, writes: 2 ** 25 / blockSize, blockSize }))
  for (const chunk of [64 * 1024, 1024 * 1024]) {
    const turns = Math.round(length / stream.length / (blockSize < 8192 ? 8 : 1))
    report(`parser, blocks of ${blockSize} bytes, chunks of ${chunk}`, turns * stream.length, () => {
      for (let turn = 0; turn < turns; turn++) {
        const parser = new StreamParser()
        for (let at = 0; at < stream.length; at += chunk) parser.push(stream.subarray(at, at + chunk))
        if (parser.end().outcome !== 'whole') throw new Error('not whole')
      }
    })
  }
}

const spec = { toname: 'tank@1', toguid: 1n, writes: length / 2 ** 17 }
report('writer, blocks of 131072 bytes', length, () => {
  for (const chunk of simpleStream(spec)) if (chunk.length === 0) throw new Error('empty')
})

const stream = bytesOf(simpleStream({ ...spec, writes: 256 }))
const begun = parsed([stream.subarray(0, 200_000)])
const [begin] = begun.end().substreams
const anchor = begun.anchor()
if (begin && anchor) {
  const rest = resumed(stream, BigInt(anchor.object), BigInt(anchor.offset))
  report('splicer, blocks of 131072 bytes, chunks of 65536', rest.length * 64, () => {
    for (let turn = 0; turn < 64; turn++) {
      const splicer = new Splicer(begin, anchor)
      for (let at = 0; at < rest.length; at += 65536) splicer.push(rest.subarray(at, at + 65536))
    }
  })
}
