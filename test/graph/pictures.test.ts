/** What graph draws: trees for terminals, and files for other programs. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { annotate } from '#src/chain/annotate.js'
import type { Edge } from '#src/chain/edge.js'
import { layout } from '#src/chain/layout.js'
import { textWidth } from '#src/cli/text-width.js'
import { dotLines } from '#src/commands/graph/dot.js'
import { svgLines } from '#src/commands/graph/svg.js'
import { treeLines, type TreeLook } from '#src/commands/graph/tree.js'
import { anyCatalog } from '../chain/any-edge.js'
import { anyGraph } from '../chain/brute-force.js'
import { edges } from '../chain/notation.js'

const plain: TreeLook = { columns: 80, colours: false, utf8: true }
const tree = (all: readonly Edge[], look: Partial<TreeLook> = {}): string[] => [
  ...treeLines(layout(all), annotate(all), { ...plain, ...look }),
]
const picture = (lines: string): string[] =>
  lines
    .split('\n')
    .slice(1, -1)
    .map(line => line.slice(6))

/** The edges, each of 1 MiB and a day younger than the one before. */
const stored = (...texts: string[]): Edge[] =>
  edges(...texts).map((edge, n) => ({
    ...edge,
    volumes: [{ ...edge.volumes[0], bytes: 1024 ** 2 }],
    created: `2026-01-${String(n + 1).padStart(2, '0')}T03:00:00Z`,
    storageClass: 'STANDARD',
  }))
const chain = stored('a', 'a>b', 'b>c', 'a>c', 'b>x', 'x>y', 'c>d', 'd>e', 'p>q')

describe('--tree', () => {
  it('draws a chain, a bypass, a branch, and what is lost', () => {
    assert.deepEqual(
      tree(chain),
      picture(`
      tank/home  9 streams, 9.0 MiB
      ╭─■ @a full   1.0 MiB  needed by 2     2026-01-01  STANDARD
      │ ● @b        1.0 MiB  needed by 2     2026-01-02  STANDARD
      │ ├─● @x      1.0 MiB  needed by 1     2026-01-05  STANDARD
      │ │ ● @y      1.0 MiB  removable       2026-01-06  STANDARD
      ╰▸◆ @c ← @a   1.0 MiB  removable       2026-01-04  STANDARD
        ● @c        1.0 MiB  removable       2026-01-03  STANDARD
        ● @d        1.0 MiB  needed by 1     2026-01-07  STANDARD
        ● @e        1.0 MiB  removable       2026-01-08  STANDARD
        ✗ @q ← @p   1.0 MiB  not restorable  2026-01-09  STANDARD
      `),
    )
  })
  it('in ASCII where the locale has no more', () => {
    assert.deepEqual(
      tree(chain, { utf8: false }).slice(0, 6),
      picture(`
      tank/home  9 streams, 9.0 MiB
      .-# @a full    1.0 MiB  needed by 2     2026-01-01  STANDARD
      | * @b         1.0 MiB  needed by 2     2026-01-02  STANDARD
      | |-* @x       1.0 MiB  needed by 1     2026-01-05  STANDARD
      | | * @y       1.0 MiB  removable       2026-01-06  STANDARD
      '>o @c <- @a   1.0 MiB  removable       2026-01-04  STANDARD
      `),
    )
  })
  it('leaves out what is on the right, then cuts names', () => {
    assert.equal(tree(chain, { columns: 49 })[1], '╭─■ @a full   1.0 MiB  needed by 2     2026-01-01')
    assert.equal(tree(chain, { columns: 48 })[1], '╭─■ @a full   1.0 MiB  needed by 2')
    assert.equal(tree(chain, { columns: 30 })[1], '╭─■ @a full   1.0 MiB')
    assert.equal(tree(chain, { columns: 18 })[1], '╭─■ @a …   1.0 MiB')
  })
  it('colours are escape sequences, and change nothing else', () => {
    const coloured = tree(chain, { colours: true })
    assert.ok(coloured[1]?.includes('\x1b[33m■\x1b[0m'))
    assert.deepEqual(
      coloured.map(line => line.replaceAll(/\p{Cc}\[\d+m/gu, '')),
      tree(chain),
    )
  })
  it('any graph, any names, any width: no line is longer, and nothing in it moves the cursor', () => {
    const look = fc.record({ columns: fc.integer({ min: 1, max: 120 }), utf8: fc.boolean() })
    fc.assert(
      fc.property(fc.oneof(anyGraph, anyCatalog), look, (all, given) => {
        for (const line of tree(all, given)) {
          assert.ok(textWidth(line) <= given.columns, line)
          assert.doesNotMatch(line, /\p{Cc}|\s$/u)
        }
      }),
    )
  })
})

describe('--svg', () => {
  const svg = (all: readonly Edge[]): string => svgLines(layout(all), annotate(all)).join('\n')

  it('is well-formed, whatever the names', () => {
    fc.assert(fc.property(fc.oneof(anyGraph, anyCatalog), all => assertWellFormed(svg(all))))
  })
  it('has no script, and nothing from elsewhere', () => {
    const links = svg(chain).match(/https?:[^"']*|href|<script|\bon\w+=|url\([^)]*\)|@import/g) ?? []
    assert.deepEqual(new Set(links), new Set(['http://www.w3.org/2000/svg', 'url(#arrow)']))
  })
  it('has a dot a stream, a path for each bypass and each increment that hangs on another', () => {
    const count = (what: RegExp): number => svg(chain).match(what)?.length ?? 0
    assert.deepEqual(
      [count(/class="dot /g), count(/class="rail"/g), count(/class="chain"/g), count(/class="dot lost"/g)],
      [9, 1, 6, 1],
    )
  })
  it('names are text', () => {
    const [one] = edges('a')
    assert.ok(one !== undefined)
    const evil = { ...one, snapshot: { ...one.snapshot, name: 'tank/</text><script>@"&\x1b' } }
    assert.match(svg([evil]), /tank\/&lt;\/text&gt;&lt;script&gt;@&quot;&amp;\\u001b/)
  })
})

/** Throws where a document is no XML: text and attributes without < and &, tags that match. */
function assertWellFormed(document: string): void {
  const open: string[] = []
  const token = /<(\/?)([a-zA-Z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>|([^<]+)/gy
  let at = 0
  for (const [whole, closes, name = '', attributes = '', isEmpty, text = ''] of document.matchAll(token)) {
    at += whole.length
    assert.doesNotMatch(attributes + text, /&(?!(?:amp|lt|gt|quot);)|(?!\n)\p{Cc}|[\ufffe\uffff]|\p{Cs}/u)
    if (closes) assert.equal(open.pop(), name)
    else if (name !== '' && isEmpty === '') open.push(name)
  }
  assert.deepEqual([at, open], [document.length, []], document.slice(at, at + 80))
}

describe('--dot', () => {
  const dot = (all: readonly Edge[]): string[] => dotLines(layout(all), annotate(all))

  it('has a node a snapshot and an arrow a stream', () => {
    const [a = '', b = ''] = [chain[0], chain[1]].map(edge => edge?.snapshot.guid)
    const lines = dot(chain)
    assert.ok(lines.includes(`    "${a}" [label="@a" shape="box"]`))
    assert.ok(lines.includes(`    "${b}" [label="@b" shape="ellipse"]`))
    assert.ok(lines.includes(`  "${a}" -> "${b}" [label="1.0 MiB"]`))
    assert.deepEqual(
      [lines.filter(line => line.includes(' -> ')).length, lines.join('\n').match(/dashed/g)?.length],
      [8, 3],
    )
  })
  it('is the language of Graphviz, whatever the names', () => {
    const id = String.raw`(?:[a-zA-Z_]\w*|"(?:[^"\\]|\\.)*"|\d+)`
    const list = String.raw`\[${id}=${id}(?: ${id}=${id})*\]`
    const line = new RegExp(
      String.raw`^ *(?:(?:digraph|subgraph) ${id} \{|\}|${id}=${id}|(?:node|edge) ${list}|${id} ${list}|${id} -> ${id} ${list})$`,
    )
    fc.assert(
      fc.property(fc.oneof(anyGraph, anyCatalog), all => {
        for (const one of dot(all)) assert.match(one, line)
      }),
    )
  })
})
