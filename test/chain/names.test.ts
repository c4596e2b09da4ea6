import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { edgeTitle, listed, objectKey, parseKey, splitSnapshot, type ObjectName } from '#src/chain/names.js'
import { edge } from './notation.js'

describe('the name of a snapshot', () => {
  const good: [name: string, dataset: string, tag: string][] = [
    ['tank@a', 'tank', 'a'],
    ['tank/home@b', 'tank/home', 'b'],
    ['tank/vol-1_x:y.z@snap 1', 'tank/vol-1_x:y.z', 'snap 1'],
    [`tank/${'d'.repeat(200)}@${'s'.repeat(49)}`, `tank/${'d'.repeat(200)}`, 's'.repeat(49)],
  ]
  for (const [name, dataset, tag] of good) {
    it(`'${name.slice(0, 30)}' is one`, () => assert.deepEqual(splitSnapshot(name), { dataset, tag }))
  }
  const bad = ['', 'tank', '@a', 'tank@', 'tank@a@b', 'tank@a/b', '/tank@a', 'tank/@a', 'tank//x@a', 'tank/../x@a']
  bad.push('tank/.@a', 'tank@a#b', 'tank@a<b', 'tänk@a', 'tank@a\n', 'tank@%recv', `tank@${'s'.repeat(251)}`)
  for (const name of bad) it(`'${name.slice(0, 30)}' is none`, () => assert.equal(splitSnapshot(name), null))
})

const name = fc
  .tuple(fc.stringMatching(/^[a-zA-Z0-9_.: -]{1,12}$/), fc.stringMatching(/^[a-zA-Z0-9_.: -]{1,12}$/))
  .map(([dataset, tag]) => `tank/x${dataset}@${tag}`)
const object: fc.Arbitrary<ObjectName> = fc.record(
  { snapshot: name, base: fc.option(name), package: fc.boolean(), volume: fc.integer({ min: 1, max: 12_345 }) },
  { noNullPrototype: true },
)

describe('the key of an object', () => {
  const cases: [key: string, object: ObjectName][] = [
    ['tank/home@a', { snapshot: 'tank/home@a', base: null, package: false, volume: 1 }],
    ['tank/home@b <- tank/home@a', { snapshot: 'tank/home@b', base: 'tank/home@a', package: false, volume: 1 }],
    ['tank/home@b#2', { snapshot: 'tank/home@b', base: null, package: false, volume: 2 }],
    ['t@b <- t@a#package', { snapshot: 't@b', base: 't@a', package: true, volume: 1 }],
    ['t@b <- t@a#package#10', { snapshot: 't@b', base: 't@a', package: true, volume: 10 }],
  ]
  for (const [key, parts] of cases) {
    it(`'${key}' says what it is`, () => {
      assert.equal(objectKey(parts, ''), key)
      assert.deepEqual(parseKey(key, ''), parts)
      assert.deepEqual(parseKey(`my/prefix ${key}`, 'my/prefix '), parts)
    })
  }
  const foreign = [
    '',
    'readme.txt',
    'tank/home',
    't@a#1',
    't@a#0',
    't@a#02',
    't@a#',
    't@a#package#package',
    't@a#2#package',
  ]
  foreign.push('t@b <- ', 't@b <- t', 't@b <- t@a <- t@c', 't@b<-t@a', ' <- t@a', 't@a#2 ')
  for (const key of foreign) it(`'${key}' is foreign`, () => assert.equal(parseKey(key, ''), null))
  it('without the prefix is foreign', () => assert.equal(parseKey('t@a', 'x/'), null))

  it('is read back as what it was made of, spaces at the ends of names and all', () => {
    fc.assert(
      fc.property(object, fc.string(), (parts, prefix) => {
        assert.deepEqual(parseKey(objectKey(parts, prefix), prefix), parts)
      }),
    )
  })
  it('is made again from what was read: no two keys mean the same', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^t@[a-c# <-]{1,8}(#package|#[0-9]{1,2}| <- t@a){0,2}$/), key => {
        const parts = parseKey(key, '')
        if (parts !== null) assert.equal(objectKey(parts, ''), key)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('in messages', () => {
  it('an edge is called by its ends', () => {
    assert.equal(edgeTitle(edge('a')), 'tank/home@a (full)')
    assert.equal(edgeTitle(edge('a>b')), 'tank/home@b <- tank/home@a')
  })
  it('a long list is cut', () => {
    assert.equal(listed(['a', 'b']), 'a, b')
    assert.equal(listed(['a', 'b', 'c', 'd', 'e', 'f', 'g']), 'a, b, c, d, e and 2 more')
  })
})
