import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fitted, textWidth } from '#src/cli/text-width.js'

describe('the width of text on a terminal', () => {
  const cases: [text: string, width: number][] = [
    ['', 0],
    ['tank/home@a', 11],
    ['─┼▸◆…', 5],
    ['日本', 4],
    ['한국', 4],
    ['e\u0301', 1],
    ['\u200b', 0],
    ['😀', 2],
    ['ＡＢ', 4],
  ]
  for (const [text, width] of cases) it(JSON.stringify(text), () => assert.equal(textWidth(text), width))
})

describe('text that is made to fit', () => {
  const cases: [text: string, width: number, fitting: string][] = [
    ['abc', 5, 'abc  '],
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['abcd', 1, '…'],
    ['abcd', 0, ''],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日… '],
  ]
  for (const [text, width, fitting] of cases)
    it(`${text} in ${width}`, () => assert.equal(fitted(text, width, '…'), fitting))
})
