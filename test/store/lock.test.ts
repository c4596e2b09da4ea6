import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { extension, holds, type Lock } from '#src/store/lock.js'

const now = new Date('2026-06-01T00:00:00Z')
const lock = (mode: 'GOVERNANCE' | 'COMPLIANCE', day: string): Lock => ({ mode, until: `2026-06-${day}T00:00:00Z` })

describe('the lock to set, so that an object is locked as long as it should be', () => {
  const wanted = lock('GOVERNANCE', '10')
  const cases: [what: string, current: Lock | null, wanted: Lock, expected: Lock | null][] = [
    ['is what is wanted where there is none', null, wanted, wanted],
    ['or where it has run out', { ...wanted, until: '2026-05-01T00:00:00Z' }, wanted, wanted],
    ['is longer', lock('GOVERNANCE', '05'), wanted, wanted],
    ['is none where it is long enough', lock('GOVERNANCE', '10'), wanted, null],
    ['is none where it is longer', lock('GOVERNANCE', '20'), wanted, null],
    ['stays strict', lock('COMPLIANCE', '05'), wanted, lock('COMPLIANCE', '10')],
    ['is none where it is longer and stricter', lock('COMPLIANCE', '20'), wanted, null],
    ['becomes strict', lock('GOVERNANCE', '10'), lock('COMPLIANCE', '10'), lock('COMPLIANCE', '10')],
    [
      'is not shortened by becoming strict',
      lock('GOVERNANCE', '20'),
      lock('COMPLIANCE', '10'),
      lock('COMPLIANCE', '20'),
    ],
  ]
  for (const [what, current, asked, expected] of cases) {
    it(what, () => assert.deepEqual(extension(current, asked, now), expected))
  }
})

describe('a lock', () => {
  it('holds to the second', () => {
    assert.equal(holds({ ...lock('GOVERNANCE', '01'), until: '2026-06-01T00:00:01Z' }, now), true)
    assert.equal(holds(lock('GOVERNANCE', '01'), now), false)
    assert.equal(holds(null, now), false)
  })
})
