import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { snapshotFinder } from '#src/chain/find-snapshot.js'
import { edge, edges, snapshot } from './notation.js'

const found = (text: string, stored = edges('a>b', 'c+d')) => snapshotFinder(stored)(text)

describe('which snapshot is meant', () => {
  it('by its name', () => assert.deepEqual(found('tank/home@b'), snapshot('b')))
  it('by its GUID', () => assert.deepEqual(found(snapshot('b').guid), snapshot('b')))
  it('also one that is only needed', () => assert.deepEqual(found('tank/home@a'), snapshot('a')))
  it('also one in the middle of a package', () => assert.deepEqual(found('tank/home@c'), snapshot('c')))

  it('none of that name: says what there is', () => {
    assert.throws(() => found('tank/home@x'), {
      status: 3,
      message: 'tank/home@x is not stored',
      remedy: 'of that dataset there is: tank/home@d, tank/home@c, tank/home@b, tank/home@a',
    })
    assert.throws(() => found('12'), { status: 3, message: '12 is not stored' })
  })

  it('a name that was given twice: asks for the GUID', () => {
    const again = { name: 'tank/home@b', guid: '7' }
    const stored = [...edges('a>b'), edge('b', { snapshot: again, provides: [again] })]
    assert.throws(() => found('tank/home@b', stored), { status: 3, message: 'tank/home@b is ambiguous' })
    assert.deepEqual(found('7', stored), again)
  })
})
