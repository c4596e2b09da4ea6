import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { recognise, type Format } from '#src/stream/magic.js'
import { fixture } from '../fixtures.js'

const stream = fixture('plain-empty-incr.zs')
const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex')

describe('what the first bytes are', () => {
  const cases: [what: string, bytes: Uint8Array, format: Format][] = [
    ['a send stream', stream, 'zfs-send'],
    ['a package', fixture('repl-R-incr.zs'), 'zfs-send'],
    [
      'a stream of another byte order',
      hex('00000000 00000000 00000002f5bacbac 0000000000000001'),
      'zfs-send-big-endian',
    ],
    ['zstd', hex('28b52ffd 04588900'), 'zstd'],
    ['gzip', gzipSync('x'), 'gzip'],
    ['xz', hex('fd377a585a00 0004'), 'xz'],
    ['lz4', hex('04224d18 64'), 'lz4'],
    ['bzip2', Buffer.from('BZh91AY&SY'), 'bzip2'],
    ['age', Buffer.from('age-encryption.org/v1\n-> X25519 '), 'age'],
    ['age, armored', Buffer.from('-----BEGIN AGE ENCRYPTED FILE-----\n'), 'age'],
    ['gpg -c', hex('8c0d040703022c'), 'openpgp'],
    ['gpg -e to an RSA key', hex('85010c03aabbccdd'), 'openpgp'],
    ['gpg -e to a curve25519 key', hex('845e03aabbccdd'), 'openpgp'],
    ['gpg -a', Buffer.from('-----BEGIN PGP MESSAGE-----\n'), 'openpgp'],
    ['text', Buffer.from('cannot open tank/home: dataset does not exist\n'), 'text'],
    ['text in UTF-8, cut within a letter', Buffer.from('é'.repeat(40)).subarray(0, 63), 'text'],
    ['zeros', new Uint8Array(64), 'unknown'],
    ['nothing', new Uint8Array(), 'unknown'],
    ['noise', hex('f00ba4de55aa00ff'), 'unknown'],
  ]
  for (const [what, bytes, format] of cases) it(`${what}: ${format}`, () => assert.equal(recognise(bytes), format))

  it('takes what could still become a send stream for one', () => {
    for (let length = 1; length <= 64; length++) assert.equal(recognise(stream.subarray(0, length)), 'zfs-send')
  })

  for (const command of ['zstd', 'gzip', 'xz', 'lz4', 'bzip2'] as const) {
    const { stdout, error } = spawnSync(command, ['-c'], { input: stream })
    it(`knows what ${command} makes`, { skip: error && `${command} is not installed` }, () =>
      assert.equal(recognise(stdout), command),
    )
  }
})
