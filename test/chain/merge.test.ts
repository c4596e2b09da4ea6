/** Edges that are brought to those that are stored. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Edge } from '#src/chain/edge.js'
import { merge, supported } from '#src/chain/merge.js'
import { anyEdge } from './any-edge.js'
import { edge, edges, text } from './notation.js'

const stream = {
  bytes: null,
  raw: true,
  compressed: false,
  largeBlocks: false,
  features: [],
  toIvset: null,
  fromIvset: null,
}

describe('merging edges', () => {
  it('adds what is new, and is the very same list if nothing is', () => {
    const stored = edges('a', 'a>b')
    assert.deepEqual(merge(stored, edges('a>b', 'b>c')).added.map(text), ['b>c'])
    assert.equal(merge(stored, stored).edges, stored)
    assert.equal(merge(stored, []).edges, stored)
  })

  it('the same twice says nothing new', () =>
    fc.assert(
      fc.property(anyEdge, one => {
        const { edges: once } = merge([], [one, one])
        assert.deepEqual(once, [one])
        const again = merge(once, [one])
        assert.equal(again.edges, once)
        assert.deepEqual(again.contradictions, [])
      }),
    ))

  it('the same ends under another key are another object', () => {
    const [other] = edge('a').volumes
    const again = edge('a', { volumes: [{ ...other, key: 'elsewhere' }] })
    const merged = merge(edges('a'), [again])
    assert.deepEqual([merged.edges.length, merged.objections], [2, []])
  })

  const cases: [what: string, stored: Partial<Edge>, brought: Partial<Edge>, expected: Partial<Edge> | string[]][] = [
    [
      'null is filled from what is brought',
      { created: null },
      { created: '2026-01-01T00:00:00Z' },
      { created: '2026-01-01T00:00:00Z' },
    ],
    ['what is stored stays where null is brought', { partSize: 5 }, { partSize: null }, { partSize: 5 }],
    [
      'of what was observed, what is stored stays',
      { storageClass: 'STANDARD' },
      { storageClass: 'GLACIER' },
      { storageClass: 'STANDARD' },
    ],
    [
      'a null within is filled too',
      { stream },
      { stream: { ...stream, bytes: 7 } },
      { stream: { ...stream, bytes: 7 } },
    ],
    ['two facts', { partSize: 5, verified: true }, { partSize: 6, verified: false }, ['part_size', 'verified']],
    ['no filter is not an unknown one', { filter: null }, { filter: 'cat' }, ['filter']],
    ['within', { stream }, { stream: { ...stream, raw: false } }, ['stream.raw']],
    [
      'other ends',
      {},
      { snapshot: { name: 'tank/home@a', guid: '7' }, provides: [{ name: 'tank/home@a', guid: '7' }] },
      ['guid'],
    ],
  ]
  for (const [what, stored, brought, expected] of cases) {
    it(what, () => {
      const merged = merge([edge('a', stored)], [edge('a', brought)])
      if (Array.isArray(expected))
        assert.deepEqual(
          merged.contradictions.map(({ field }) => field),
          expected,
        )
      else assert.deepEqual([merged.edges, merged.contradictions], [[edge('a', expected)], []])
    })
  }

  it('objects to what could not be restored, and knows what could', () => {
    const [stored, brought] = [edges('a'), edges('a>b', 'c>d', 'd>e')]
    assert.deepEqual(
      merge(stored, brought).objections.map(each => [each.reason, text(each.edge)]),
      [
        ['base', 'c>d'],
        ['base', 'd>e'],
      ],
    )
    assert.deepEqual(supported(stored, brought).map(text), ['a>b'])
  })
})
