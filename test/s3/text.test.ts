import fc from 'fast-check'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { byKey } from './records.js'
import { listEncode, parseTarget, uriEncodePath } from './uri.js'
import { childrenOf, leaf, parseXml, textOf, xmlDocument } from './xml.js'

describe('request targets', () => {
  const cases: [target: string, bucket: string, key: string][] = [
    ['/', '', ''],
    ['/b', 'b', ''],
    ['/b/', 'b', ''],
    ['/b/k', 'b', 'k'],
    ['/b//k', 'b', '/k'],
    ['/b/a/../c', 'b', 'a/../c'],
    ['/b/%2e%2e/c', 'b', '../c'],
    ['/b/a+b%20c%2Fd%25', 'b', 'a+b c/d%'],
    ['/b/%C3%BC?x=%C3%BC+1&y', 'b', 'ü'],
  ]
  for (const [target, bucket, key] of cases)
    it(`${target} is ${bucket || 'no bucket'} and ${key || 'no key'}`, () => {
      const parsed = parseTarget(target)
      assert.deepEqual([parsed.bucket, parsed.key], [bucket, key])
    })

  it('a query has values, empty ones too, and plus is a space there', () =>
    assert.deepEqual(parseTarget('/b/k?x=%C3%BC+1&y&z=').query, [
      ['x', 'ü 1'],
      ['y', ''],
      ['z', ''],
    ]))

  for (const target of ['/b/%', '/b/%zz', '/b/%ff', 'b/k'])
    it(`${target} is refused`, () => assert.throws(() => parseTarget(target), { code: 'InvalidURI' }))

  it('any key comes back from its encoded path', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), key =>
        assert.equal(parseTarget(`/b/${uriEncodePath(key)}`).key, key),
      ),
    ))

  it('a list encodes a space as plus and leaves slashes', () =>
    assert.equal(listEncode('a b/c+d (1)'), 'a+b/c%2Bd+%281%29'))
})

it('keys are ordered by their UTF-8 bytes', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) =>
      assert.equal(Math.sign(byKey(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b))),
    ),
  ))

describe('XML', () => {
  it('text comes back as it was written, whatever characters are in it', () =>
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('\r\n\t\u0001<>&"\'];a\u007fü😀')) }), text =>
        assert.equal(textOf(parseXml(xmlDocument('Root', leaf('Key', text)), 'Root'), 'Key'), text),
      ),
    ))

  it('elements are found by name; comments, attributes and declarations are skipped', () => {
    const source = '<?xml version="1.0"?><!-- x --><R a="b"><P><N>1</N></P> <P/><O>&#65;&lt;</O></R>'
    const root = parseXml(source, 'R')
    assert.equal(childrenOf(root, 'P').length, 2)
    assert.equal(textOf(root, 'O'), 'A<')
  })

  for (const source of ['', 'x', '<R>', '<R></S>', '<R/><R/>', '<R>&x;</R>', '<R>&</R>', '<!DOCTYPE R><R/>', '<S/>'])
    it(`${source || 'nothing'} is refused`, () => assert.throws(() => parseXml(source, 'R'), { code: 'MalformedXML' }))
})
