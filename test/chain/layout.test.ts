import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { layout, type Drawing } from '#src/chain/layout.js'
import type { Edge } from '#src/chain/edge.js'
import { anyGraph } from './brute-force.js'
import { edge, edges, text } from './notation.js'

const signs = { root: '#', link: '*', bypass: 'o' }

/** A line a row: its sign (`\` before it where a branch begins), the edge, and `(base said)` where it is not just above. */
const rowsOf = ({ rows }: Drawing): string[] =>
  rows.map(
    ({ edge, kind, column, forks, followsBase }) =>
      '. '.repeat(column) +
      (forks ? '\\' : '') +
      `${signs[kind]} ${text(edge)}${followsBase || edge.base === null ? '' : ' (base said)'}`,
  )
/** A line a rail: its lane, where it starts and where it leads. */
const railsOf = ({ rails }: Drawing): string[] =>
  rails.map(({ lane, from, to }) => `${lane}: ${from} > ${to.join(' ')}`)
const only = (given: readonly Edge[]): Drawing => {
  const [drawing, ...others] = layout(given)
  assert.ok(drawing !== undefined && others.length === 0)
  return drawing
}

describe('how edges are laid out', () => {
  const cases: [what: string, given: string[], rows: string[], rails?: string[]][] = [
    ['a chain goes straight down', ['a', 'a>b', 'b>c'], ['# a', '* a>b', '* b>c']],
    ['in whatever order they come', ['b>c', 'a>b', 'a'], ['# a', '* a>b', '* b>c']],
    [
      'a bypass is a row above its snapshot, with a rail',
      ['a', 'a>b', 'b>c', 'a>c'],
      ['# a', '* a>b', 'o a>c (base said)', '* b>c'],
      ['0: 0 > 2'],
    ],
    ['once the steps are gone it is the chain', ['a', 'a>c', 'c>d'], ['# a', '* a>c', '* c>d']],
    [
      'bypasses that follow one another share a lane',
      ['a', 'a>b', 'b>c', 'a>c', 'c>d', 'd>e', 'c>e'],
      ['# a', '* a>b', 'o a>c (base said)', '* b>c', '* c>d', 'o c>e (base said)', '* d>e'],
      ['0: 0 > 2', '0: 3 > 5'],
    ],
    [
      'the shorter one is nearer, and those from one snapshot share a rail',
      ['a', 'a>b', 'b>c', 'c>d', 'a>c', 'a>d', 'b>d'],
      ['# a', '* a>b', 'o a>c (base said)', '* b>c', 'o b>d (base said)', 'o a>d (base said)', '* c>d'],
      ['1: 0 > 2 5', '0: 1 > 4'],
    ],
    ['the longest branch goes straight on', ['a', 'a>b', 'a>c', 'c>d'], ['# a', '. \\* a>b', '* a>c', '* c>d']],
    [
      'what comes behind a branch stays on it',
      ['a', 'a>x', 'x>y', 'a>b', 'b>c', 'c>d'],
      ['# a', '. \\* a>x', '. * x>y', '* a>b', '* b>c', '* c>d'],
    ],
    ['another full stream of a snapshot is a row above it', ['a', 'a>b', 'b'], ['# a', 'o b', '* a>b']],
    [
      'what hangs on the middle of a package says on what',
      ['a', 'a>b+c+d', 'c>e', 'd>f'],
      ['# a', '* a>b+c+d', '. \\* c>e (base said)', '* d>f'],
    ],
    [
      'a package beside the steps is a bypass',
      ['a', 'a>b', 'b>c', 'a>b+c'],
      ['# a', '* a>b', 'o a>b+c (base said)', '* b>c'],
      ['0: 0 > 2'],
    ],
    ['a base that nothing leads to', ['b>c', 'c>d'], ['# b>c (base said)', '* c>d']],
    ['a cycle', ['a>b', 'b>a'], ['# a>b (base said)', '* b>a']],
    ['an edge from a snapshot to itself', ['a>a'], ['# a>a (base said)']],
  ]
  for (const [what, given, rows, rails = []] of cases) {
    it(what, () => {
      const drawing = only(edges(...given))
      assert.deepEqual(rowsOf(drawing), rows)
      assert.deepEqual(railsOf(drawing), rails)
    })
  }

  it('nothing is nothing', () => assert.deepEqual(layout([]), []))

  it('each dataset by itself, by name; what starts in another one says so', () => {
    const of = (dataset: string, one: Edge): Edge => ({
      ...one,
      snapshot: { ...one.snapshot, name: one.snapshot.name.replace('tank/home', dataset) },
    })
    const drawings = layout([of('tank/z', edge('a')), of('tank/clone', edge('a>b')), of('tank/clone', edge('b>c'))])
    assert.deepEqual(
      drawings.map(({ dataset, rows }) => [dataset, rows.map(({ kind, followsBase }) => [kind, followsBase])]),
      [
        [
          'tank/clone',
          [
            ['root', false],
            ['link', true],
          ],
        ],
        ['tank/z', [['root', false]]],
      ],
    )
  })

  it('branches by the time of their snapshots', () => {
    const at = (day: string) => ({ created: `2026-01-${day}T00:00:00Z` })
    const given = [edge('a', at('01')), edge('a>x', at('03')), edge('a>y', at('02')), edge('a>z', at('04'))]
    assert.deepEqual(rowsOf(only(given)), ['# a', '. \\* a>y', '. \\* a>x', '* a>z'])
  })

  it('any graph: each edge is one row, rails of a lane do not meet, and nothing is indented more than the logarithm', () => {
    fc.assert(
      fc.property(anyGraph, all => {
        for (const { rows, rails } of layout(all)) {
          assert.deepEqual(
            rows.map(({ index }) => index).sort((a, b) => a - b),
            all.map((_, index) => index),
          )
          for (const { column } of rows) assert.ok(2 ** column <= rows.length)
          for (const one of rails) {
            assert.ok(one.to.every(row => rows[row]?.kind === 'bypass') && rows[one.from]?.kind !== 'bypass')
            for (const other of rails) {
              assert.ok(one === other || one.lane !== other.lane || one.bottom < other.top || other.bottom < one.top)
            }
          }
        }
      }),
    )
  })

  it('a chain of 100,000 with a bypass for every hundred, in a few seconds', () => {
    const steps = Array.from({ length: 100_000 }, (_, n) => (n === 0 ? 's0' : `s${n - 1}>s${n}`))
    const given = edges(...steps, ...Array.from({ length: 999 }, (_, n) => `s${100 * n}>s${100 * n + 100}`))
    const start = process.cpuUsage()
    const drawing = only(given)
    const { user } = process.cpuUsage(start)
    assert.deepEqual([drawing.rows.length, drawing.rails.length], [100_999, 999])
    assert.ok(drawing.rows.every(({ column }) => column === 0) && drawing.rails.every(({ lane }) => lane === 0))
    assert.ok(user < 10e6, `${user / 1e6} s`)
  })
})
