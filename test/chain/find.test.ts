import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { argumentsToName, edgeFinder, recordToName } from '#src/chain/find.js'
import { edgeToRecord } from '#src/chain/record.js'
import { edge, edges, snapshot, text } from './notation.js'

const all = edges('a', 'a>b', 'a>c', 'b>c', 'c', 'c>d+e')
const find = edgeFinder(all)
const name = (label: string) => `tank/home@${label}`

describe('finding an edge', () => {
  it('by its snapshot, where only one leads there', () => {
    assert.equal(text(find(argumentsToName(name('b'), undefined))), 'a>b')
  })
  it('by both its ends', () => {
    assert.equal(text(find(argumentsToName(name('c'), name('b')))), 'b>c')
  })
  it('"base": null means the full stream; no base at all means any', () => {
    assert.equal(text(find(recordToName({ snapshot: name('c'), base: null }))), 'c')
    assert.throws(() => find(recordToName({ snapshot: name('c') })), { status: 3 })
  })
  it('by the record that was printed for it', () => {
    for (const one of all) assert.equal(find(recordToName(edgeToRecord(one))), one)
  })
  it('by GUIDs, which win over names', () => {
    const { guid } = snapshot('b')
    assert.equal(text(find(recordToName({ snapshot: 'pool/new@name', guid }))), 'a>b')
    const byGuids = { snapshot: name('x'), guid: snapshot('c').guid, base: name('x'), base_guid: snapshot('b').guid }
    assert.equal(text(find(recordToName(byGuids))), 'b>c')
  })
  it('by the key where all else is equal', () => {
    const twice = edges('a', 'a')
    assert.equal(edgeFinder(twice)(recordToName({ snapshot: name('a'), key: `1/${name('a')}` })), twice[1])
  })
})

describe('no edge is guessed', () => {
  const cases: [what: string, name: object, message: RegExp, remedy: RegExp][] = [
    ['an unknown dataset', { snapshot: 'x@a' }, /^x@a is not stored$/, /zfs2s3-graph/],
    ['an unknown snapshot', { snapshot: name('q') }, /@q is not stored/, /of that dataset there is: tank\/home@e/],
    ['another base', { snapshot: name('b'), base: name('q') }, /@b <- .*@q is not stored/, /there is: .*@b <- .*@a/],
    ['no such full stream', { snapshot: name('b'), base: null }, /@b \(full\) is not stored/, /@b <- .*@a/],
    ['an old GUID', { snapshot: name('b'), guid: '5' }, /another snapshot of that name \(GUID \d+\)/, /@b <- .*@a/],
    ['a part of a package', { snapshot: name('d') }, /@d is not stored by itself/, /it is part of: .*@e <- .*@c/],
    ['several ways', { snapshot: name('c') }, /@c is ambiguous: .*@c <- .*@a, .*@c <- .*@b, .*@c \(full\)/, /--base/],
  ]
  for (const [what, record, message, remedy] of cases) {
    it(what, () => assert.throws(() => find(recordToName(record)), { status: 3, message, remedy }))
  }
  it('twice the same ends: told apart by GUID and key', () => {
    const again = [edge('a'), edge('a', { snapshot: { name: name('a'), guid: '7' } })]
    assert.throws(() => edgeFinder(again)(argumentsToName(name('a'), undefined)), { message: /GUID 7, key/ })
  })
  it('what is not a name at all is wrong usage', () => {
    assert.throws(() => argumentsToName('tank/home', undefined), { status: 2 })
    assert.throws(() => argumentsToName('tank/home@a', '@b'), { status: 2 })
    assert.throws(() => recordToName({ guid: '1' }), { status: 2 })
    assert.throws(() => recordToName({ snapshot: 't@a', guid: 1 }), { status: 2, message: /2\^53/ })
  })
})
