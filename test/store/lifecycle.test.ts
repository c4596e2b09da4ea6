import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { covers, coversAll, type LifecycleRule, moves } from '#src/store/lifecycle.js'
import { rule } from '../doctor/rules.js'

const object = { key: 'zfs/tank/home@a', bytes: 1000 }
const kib = 1024

describe('a rule covers an object', () => {
  const cases: [what: string, facts: Partial<LifecycleRule>, bytes: number | null, expected: boolean][] = [
    ['without a filter', {}, 1000, true],
    ['whose key begins with its prefix', { prefix: 'zfs/tank' }, 1000, true],
    ['not of another prefix', { prefix: 'logs/' }, 1000, false],
    ['not of a prefix that is longer than the key', { prefix: 'zfs/tank/home@a2' }, 1000, false],
    ['not if it is for tagged ones', { isForTagged: true }, 1000, false],
    ['that is larger', { largerThan: 999 }, 1000, true],
    ['not one that is just as large', { largerThan: 1000 }, 1000, false],
    ['that is smaller', { smallerThan: 1001 }, 1000, true],
    ['not one that is just as small', { smallerThan: 1000 }, 1000, false],
    ['between two lengths', { largerThan: 1, smallerThan: 2000 }, 1000, true],
    ['not outside them', { largerThan: 1, smallerThan: 500 }, 1000, false],
    ['of unknown length, perhaps', { largerThan: 1_000_000 }, null, true],
  ]
  for (const [what, facts, bytes, expected] of cases) {
    it(what, () => assert.equal(covers(rule(facts), { ...object, bytes }), expected))
  }
})

describe('a rule covers all behind a prefix', () => {
  const cases: [prefix: string, of: string, isForTagged: boolean, expected: boolean][] = [
    ['', '', false, true],
    ['', 'zfs/', false, true],
    ['zfs', 'zfs/', false, true],
    ['zfs/', 'zfs/', false, true],
    ['zfs/tank', 'zfs/', false, false],
    ['logs/', 'zfs/', false, false],
    ['', 'zfs/', true, false],
  ]
  for (const [of, prefix, isForTagged, expected] of cases) {
    it(`'${prefix}': one for '${of}'${isForTagged ? ' that are tagged' : ''}: ${expected}`, () =>
      assert.equal(coversAll(rule({ prefix: of, isForTagged }), prefix), expected))
  }
})

describe('a rule moves', () => {
  const cases: [
    what: string,
    facts: Partial<LifecycleRule>,
    bytes: number | null,
    smallOnesToo: boolean,
    expected: boolean,
  ][] = [
    ['what has 128 KiB', {}, 128 * kib, false, true],
    ['nothing smaller', {}, 128 * kib - 1, false, false],
    ['smaller ones, where that is set', {}, 1, true, true],
    ['smaller ones, if it says a size', { largerThan: 10 }, 11, false, true],
    ['nothing that it does not cover', { prefix: 'logs/' }, 128 * kib, true, false],
    ['what may be of any length', {}, null, false, true],
  ]
  for (const [what, facts, bytes, smallOnesToo, expected] of cases) {
    it(what, () => assert.equal(moves(rule(facts), { ...object, bytes }, smallOnesToo), expected))
  }
})
