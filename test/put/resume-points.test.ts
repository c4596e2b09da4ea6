/** Behind each part stands where the stream can be taken up, and a hash of what lies between there and the part's end. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { ResumePoints } from '#src/commands/put/resume-points.js'
import type { ResumePoint } from '#src/store/notes.js'
import { StreamParser } from '#src/stream/parser.js'
import { fixture } from '../fixtures.js'

const stream = fixture('res-full.zs')
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes)

/** The points behind the parts from `first` on, of `partSize` bytes each, with `points` of a parser that goes along. */
function pointsOf(partSize: number): (ResumePoint | null)[] {
  const parser = new StreamParser()
  const points = new ResumePoints(parser)
  const taken: (ResumePoint | null)[] = []
  for (let at = 0; at < stream.length; at += partSize) {
    const part = stream.subarray(at, at + partSize)
    parser.push(part)
    taken.push(points.take(part))
  }
  return taken
}

describe('resume points', () => {
  // Shorter than a header; than a block of 128 KiB, so that a record lies across many parts; longer; and all in one.
  for (const partSize of [300, 10_000, 131_072, 500_000, stream.length]) {
    it(`behind parts of ${partSize} bytes have the hash of the bytes from the anchor on`, () => {
      const points = pointsOf(partSize)
      const first = points.findIndex(point => point !== null)
      points.forEach((point, index) => {
        const end = Math.min((index + 1) * partSize, stream.length)
        if (point === null) return assert.ok(index < first, `part ${index + 1} has no point`)
        const { start } = point.anchor
        assert.ok(start < end)
        assert.equal(point.tail, sha256(stream.subarray(start, end)).digest('hex'), `part ${index + 1}`)
      })
      assert.ok(first >= 0 && first * partSize < 5000, 'the first one comes as soon as there is an object')
    })
  }

  it('go on behind a point as if there had been no break', () => {
    const partSize = 10_000
    const whole = pointsOf(partSize)
    for (const done of [1, 10, 50]) {
      const point = whole[done - 1]
      assert.ok(point)
      const parser = new StreamParser()
      parser.push(stream.subarray(0, done * partSize))
      const points = new ResumePoints(parser, done * partSize)
      points.goOn(point.anchor, sha256(stream.subarray(point.anchor.start, done * partSize)))
      let behind = 0
      for (let part = done; part < done + 40; part++) {
        const bytes = stream.subarray(part * partSize, (part + 1) * partSize)
        parser.push(bytes)
        const taken = points.take(bytes)
        // The record that the break is in is hashed from its start again only once it is complete.
        if (taken === null) assert.equal(behind, 0, `part ${part + 1} has no point`)
        else assert.deepEqual(taken, whole[part])
        if (taken !== null && taken.anchor.start >= done * partSize) behind++
      }
      assert.ok(behind > 0)
    }
  })

  it('are null where nothing can be taken up, and stay so', () => {
    const points = new ResumePoints({ anchor: () => null, recordStart: 0 })
    assert.deepEqual([points.take(stream.subarray(0, 100)), points.take(stream.subarray(100, 200))], [null, null])
  })
})
