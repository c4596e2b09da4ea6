import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addition, withEdge } from '#src/chain/addition.js'
import { isSound } from '#src/chain/chain.js'
import { anyGraph, isSupported, soundGraph } from './brute-force.js'
import { edge, edges } from './notation.js'

const renamed = { name: 'tank/home@b', guid: '7' }

describe('what may be added', () => {
  const cases: [what: string, given: string[], added: string[], reasons: string[]][] = [
    ['a full stream to nothing', [], ['a'], []],
    ['an increment on what is stored', ['a'], ['a>b'], []],
    ['a second way to a snapshot', ['a', 'a>b', 'b>c'], ['a>c'], []],
    ['a package beside the single steps', ['a', 'a>b', 'b>c'], ['a>b+c'], []],
    ['edges that support each other, in any order', [], ['b>c', 'a>b', 'a'], []],
    ['not an increment without its base', [], ['a>b'], ['base']],
    ['not an increment on an unsupported one', ['x>a'], ['a>b'], ['base']],
    ['not a cycle', [], ['a>b', 'b>a'], ['base', 'base']],
    ['not what is stored', ['a', 'a>b'], ['a>b'], ['duplicate']],
    ['not the same twice', [], ['a', 'a'], ['duplicate']],
    ['damage elsewhere is no objection', ['x>y'], ['a'], []],
  ]
  for (const [what, given, added, reasons] of cases) {
    it(what, () => {
      assert.deepEqual(
        addition(edges(...given), edges(...added)).map(one => one.reason),
        reasons,
      )
    })
  }

  it('what is missing is named', () => {
    const message = /^tank\/home@b <- tank\/home@a could not be restored: it needs tank\/home@a \(GUID \d+\), which/
    assert.throws(() => withEdge([], edge('a>b')), { status: 3, message })
  })
  it('not a snapshot that was taken again under an old name', () => {
    const [objection] = addition(edges('a', 'a>b'), [edge('a>b', { snapshot: renamed, provides: [renamed] })])
    assert.equal(objection?.reason, 'name')
    assert.match(objection.what, /^tank\/home@b has the GUID 7, but the stored snapshot of that name has 131098/)
  })
  it('not an increment on a base that was taken again under an old name', () => {
    const onto = edge('b>c', { base: renamed, needs: [renamed] })
    assert.throws(() => withEdge(edges('a', 'a>b'), onto), { status: 3, message: /@b has the GUID 7/ })
  })
  it('the same snapshot under a new name is fine: the dataset was renamed', () => {
    const moved = { name: 'pool/house@b', guid: edge('b').snapshot.guid }
    const [volume] = edge('b').volumes
    const again = edge('b>c', { base: moved, needs: [moved], volumes: [{ ...volume, key: 'new' }] })
    assert.deepEqual(addition(edges('a', 'a>b'), [again]), [])
  })
  it('not an object that belongs to another edge', () => {
    const [volume] = edge('a').volumes
    const [objection] = addition(edges('a'), [
      edge('a>b', { volumes: edge('a>b').volumes }),
      edge('c', { volumes: [edge('c').volumes[0], volume] }),
    ])
    assert.equal(objection?.reason, 'key')
    assert.equal(objection.edge.snapshot.name, 'tank/home@c')
  })
})

it('adding keeps a sound catalog sound, and refuses nothing else', () => {
  fc.assert(
    fc.property(soundGraph, anyGraph, (all, [added]) => {
      if (added === undefined) return
      const fresh = { ...added, volumes: [{ ...added.volumes[0], key: 'new' }] as const }
      const reasons = addition(all, [fresh]).map(one => one.reason)
      if (reasons[0] === 'duplicate') return
      assert.equal(reasons.length === 0, isSupported(fresh, [...all, fresh]))
      if (reasons.length === 0) assert.ok(isSound(withEdge(all, fresh)))
    }),
    { numRuns: 500 },
  )
})
