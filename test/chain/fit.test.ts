import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StreamFacts } from '#src/chain/edge.js'
import { misfitRefused, misfits, type ArrivingStream } from '#src/chain/fit.js'
import { edge, snapshot } from './notation.js'

const plain: StreamFacts = {
  bytes: 1,
  raw: false,
  compressed: false,
  largeBlocks: false,
  features: [],
  toIvset: null,
  fromIvset: null,
}
const raw = (toIvset: string | null, fromIvset: string | null = null) => ({ ...plain, raw: true, toIvset, fromIvset })
const large = { ...plain, largeBlocks: true }

/** What arrives as the increment from one label to another. */
const arriving = (from: string | null, to: string, facts: StreamFacts): ArrivingStream => ({
  ...facts,
  snapshot: snapshot(to),
  fromGuid: from === null ? null : snapshot(from).guid,
})

describe('an increment on its base', () => {
  const cases: [what: string, base: StreamFacts | null, increment: StreamFacts, misfit: RegExp | null][] = [
    ['plain on plain', plain, plain, null],
    ['raw on raw, IV sets connected', raw('5'), raw('6', '5'), null],
    ['raw on raw, IV sets unknown', raw(null), raw('6', '5'), null],
    ['large on large', large, large, null],
    ['anything on what nobody has looked into', null, raw('6', '5'), null],
    ['raw on plain', plain, raw('6', '5'), /@b is a raw stream, but .*@a \(full\), which it would go onto, is not/],
    ['plain on raw', raw('5'), plain, /@b is not a raw stream, but/],
    ['raw on raw of another history', raw('5'), raw('7', '6'), /IV set of .*@b does not connect.* \(6 instead of 5\)/],
    ['large blocks switched on', plain, large, /@b has large blocks, but .*@a \(full\).* has none/],
    ['large blocks switched off', large, plain, /@b has none, but .*@a \(full\).* has large blocks/],
  ]
  for (const [what, base, increment, misfit] of cases) {
    it(`${what}: ${misfit === null ? 'fits' : 'refused'}`, () => {
      const refusal = misfitRefused(misfits([edge('a', { stream: base })], [arriving('a', 'b', increment)]), false)
      if (misfit === null) assert.equal(refusal, null)
      else assert.match(refusal?.message ?? '', misfit)
    })
  }

  it('a full stream has no base to fit on', () => {
    assert.deepEqual(misfits([edge('a', { stream: raw('5') })], [arriving(null, 'b', plain)]), [])
  })
  it('--allow-flag-change lets large blocks pass, and nothing else', () => {
    const found = misfits([edge('a', { stream: { ...raw('5'), largeBlocks: true } })], [arriving('a', 'b', plain)])
    assert.equal(found.length, 2)
    assert.match(misfitRefused(found, true)?.message ?? '', /raw/)
    assert.equal(misfitRefused(misfits([edge('a', { stream: large })], [arriving('a', 'b', plain)]), true), null)
  })
  it('every stored way to the base counts, not only the one that fits', () => {
    const both = [edge('a', { stream: raw('5') }), edge('a', { stream: plain })]
    assert.equal(misfits(both, [arriving('a', 'b', raw('6', '5'))]).length, 1)
  })
})

it('a bypass must fit what would then rely on it', () => {
  const chain = [edge('a', { stream: null }), edge('b>c', { stream: raw('7', '6') })]
  assert.deepEqual(misfits(chain, [arriving('a', 'b', raw('6', null))]), [])
  assert.match(misfits(chain, [arriving('a', 'b', plain)])[0]?.what ?? '', /@b is not a raw stream, but .*@c <- .*@b/)
  assert.equal(misfits(chain, [arriving('a', 'b', raw('8', null))]).length, 1)
})

it('each stream of a package is looked at', () => {
  const stored = [edge('a', { stream: plain }), edge('x', { stream: raw('5') })]
  const inner = [arriving('a', 'b', plain), arriving('b', 'c', plain), arriving('x', 'y', raw('9', '4'))]
  assert.equal(misfits(stored, inner).length, 1)
})
