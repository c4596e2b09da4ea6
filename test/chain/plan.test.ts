import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Edge } from '#src/chain/edge.js'
import { plan, type Preference } from '#src/chain/plan.js'
import { edge, edges, snapshot, text } from './notation.js'

/** Edges with sizes: `100 a>b`. */
const sized = (...specs: string[]): Edge[] =>
  specs.map((spec, index) => {
    const [bytes = '', notation = ''] = spec.split(' ')
    const made = edge(notation)
    return { ...made, volumes: [{ ...made.volumes[0], key: `${index}`, bytes: Number(bytes) }] }
  })

const planned = (stored: readonly Edge[], target: string, have: string[] = [], prefer: Preference = 'bytes') =>
  plan(stored, snapshot(target).guid, new Set(have.map(label => snapshot(label).guid)), prefer).map(text)

const chain = sized('100 a', '10 a>b', '10 b>c', '10 c>d')

describe('a plan', () => {
  const cases: [
    what: string,
    stored: Edge[],
    target: string,
    have: string[],
    prefer: Preference,
    expected: string[],
  ][] = [
    ['is the whole chain, in the order to receive it', chain, 'd', [], 'bytes', ['a', 'a>b', 'b>c', 'c>d']],
    ['stops at the snapshot that is wanted', chain, 'b', [], 'bytes', ['a', 'a>b']],
    ['begins at what is there', chain, 'd', ['b'], 'bytes', ['b>c', 'c>d']],
    ['is empty for what is there', chain, 'd', ['d'], 'bytes', []],
    ['knows nothing of what is there but not stored', chain, 'b', ['x'], 'bytes', ['a', 'a>b']],
    [
      'takes a bypass that is smaller',
      sized('100 a', '10 a>b', '10 b>c', '10 c>d', '25 a>d'),
      'd',
      [],
      'bytes',
      ['a', 'a>d'],
    ],
    [
      'leaves a bypass that is larger',
      sized('100 a', '10 a>b', '10 b>c', '30 a>c'),
      'c',
      [],
      'bytes',
      ['a', 'a>b', 'b>c'],
    ],
    [
      'takes it all the same for fewer links',
      sized('100 a', '10 a>b', '10 b>c', '30 a>c'),
      'c',
      [],
      'links',
      ['a', 'a>c'],
    ],
    [
      'takes the fewer links of two that are as large',
      sized('100 a', '10 a>b', '10 b>c', '20 a>c'),
      'c',
      [],
      'bytes',
      ['a', 'a>c'],
    ],
    ['takes a second full stream if that is less', sized('100 a', '50 a>b', '120 b'), 'b', [], 'bytes', ['b']],
    [
      'takes a package once for all that it brings',
      sized('100 a', '40 a>b+c', '5 b+c>d'),
      'd',
      [],
      'bytes',
      ['a', 'a>b+c', 'b+c>d'],
    ],
    [
      'has all that an edge with several needs needs',
      sized('10 a', '20 b', '5 a+b>c'),
      'c',
      [],
      'bytes',
      ['a', 'b', 'a+b>c'],
    ],
    ['comes out of a cycle', sized('9 a>b', '9 b>a', '50 b'), 'a', [], 'bytes', ['b', 'b>a']],
  ]
  for (const [what, stored, target, have, prefer, expected] of cases) {
    it(what, () => assert.deepEqual(planned(stored, target, have, prefer), expected))
  }

  it('is refused where nothing brings the snapshot', () => {
    assert.throws(() => planned(chain, 'x'), { status: 3, message: /no stored stream brings GUID/ })
  })
  it('is refused where a base is missing, which is named', () => {
    assert.throws(() => planned(edges('b>c', 'c>d'), 'd'), {
      status: 3,
      message: /missing is tank\/home@b .*the base of/,
    })
  })
  it('is refused in a cycle', () => {
    assert.throws(() => planned(edges('a>b', 'b>a'), 'a'), { status: 3, message: /need each other/ })
  })
  it('follows 100,000 links', () => {
    const long = Array.from(
      { length: 100_000 },
      (_, index) => sized(index === 0 ? '1 n0' : `1 n${index - 1}>n${index}`)[0],
    )
    const stored = long.flatMap((each, index) =>
      each === undefined ? [] : [{ ...each, volumes: [{ ...each.volumes[0], key: `${index}` }] as const }],
    )
    assert.equal(plan(stored, snapshot('n99999').guid, new Set(), 'bytes').length, 100_000)
  })
})

/** The least bytes of any path, by trying all of them; Infinity where there is none. For edges with one need at most. */
function leastBytes(
  stored: readonly Edge[],
  target: string,
  have: ReadonlySet<string>,
  without: ReadonlySet<Edge>,
): number {
  if (have.has(target)) return 0
  let least = Infinity
  for (const each of stored) {
    if (without.has(each) || !each.provides.some(({ guid }) => guid === target)) continue
    const base = each.base === null ? 0 : leastBytes(stored, each.base.guid, have, new Set([...without, each]))
    least = Math.min(least, base + (each.volumes[0].bytes ?? 0))
  }
  return least
}

const labels = ['a', 'b', 'c', 'd', 'e']
const anyEdge = fc
  .tuple(fc.integer({ min: 0, max: 30 }), fc.option(fc.constantFrom(...labels)), fc.constantFrom(...labels))
  .map(([bytes, from, to]) => `${bytes} ${from === null || from === to ? to : `${from}>${to}`}`)

describe('any plan', () => {
  it('can be received in its order, ends with the snapshot, and is as small as any', () => {
    fc.assert(
      fc.property(
        fc.array(anyEdge, { maxLength: 9 }),
        fc.constantFrom(...labels),
        fc.subarray(labels),
        (specs, target, has) => {
          const stored = sized(...specs)
          const { guid } = snapshot(target)
          const have = new Set(has.map(label => snapshot(label).guid))
          const least = leastBytes(stored, guid, have, new Set())
          if (least === Infinity) {
            assert.throws(() => plan(stored, guid, have, 'bytes'), { status: 3 })
            return
          }
          const steps = plan(stored, guid, have, 'bytes')
          const there = new Set(have)
          for (const step of steps) {
            for (const need of step.needs) assert.ok(there.has(need.guid))
            for (const brought of step.provides) there.add(brought.guid)
          }
          assert.ok(there.has(guid))
          assert.equal(
            steps.reduce((bytes, step) => bytes + (step.volumes[0].bytes ?? 0), 0),
            least,
          )
        },
      ),
    )
  })
})
