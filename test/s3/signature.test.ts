import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeChunked } from './chunked.js'
import type { S3Error } from './errors.js'
import { verifySignature } from './signature.js'
import { parseTarget } from './uri.js'

// All signatures here are AWS's own: Amazon S3 API Reference, "Signature calculations for the Authorization header"
// (examples), "... Transferring payload in multiple chunks" and "... Using query parameters".
const trust = {
  credentials: {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  },
  region: 'us-east-1',
  nowMs: Date.parse('2013-05-24T00:00:00Z'),
  tokenExpired: false,
}
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const host = 'examplebucket.s3.amazonaws.com'
const date = '20130524T000000Z'

function requestOf(method: string, target: string, signature: string, given: Record<string, string>) {
  const headers: Record<string, string> = { host, 'x-amz-content-sha256': empty, 'x-amz-date': date, ...given }
  const names = Object.keys(headers).sort().join(';')
  headers.authorization = `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${names},Signature=${signature}`
  return {
    method,
    target: parseTarget(target),
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
  }
}

const chunkedHeaders = {
  host: 's3.amazonaws.com',
  'content-encoding': 'aws-chunked',
  'content-length': '66824',
  'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'x-amz-decoded-content-length': '66560',
  'x-amz-storage-class': 'REDUCED_REDUNDANCY',
}

const examples: [what: string, ...Parameters<typeof requestOf>][] = [
  [
    'GET object',
    'GET',
    '/test.txt',
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    { range: 'bytes=0-9' },
  ],
  [
    'PUT object, whose key needs encoding',
    'PUT',
    '/test$file.text',
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    },
  ],
  [
    'GET bucket lifecycle, a parameter without a value',
    'GET',
    '/?lifecycle',
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    {},
  ],
  [
    'GET bucket (list objects)',
    'GET',
    '/?max-keys=2&prefix=J',
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    {},
  ],
  [
    'PUT object in chunks: the seed',
    'PUT',
    '/examplebucket/chunkObject.txt',
    '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    chunkedHeaders,
  ],
]

const refusedAs = (code: string) => (error: S3Error) => error.code === code

describe("AWS's examples", () => {
  for (const [what, ...request] of examples) {
    it(`${what} is accepted`, () => assert.ok(verifySignature(requestOf(...request), trust)))

    it(`${what} is refused when another method is used`, () =>
      assert.throws(
        () => verifySignature({ ...requestOf(...request), method: 'DELETE' }, trust),
        refusedAs('SignatureDoesNotMatch'),
      ))
  }

  const presigned = (expires: number) => ({
    method: 'GET',
    target: parseTarget(
      `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=${expires}&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`,
    ),
    headers: new Map([['host', [host]]]),
  })

  it('a presigned URL is accepted as long as it is good for', () => {
    const at = (nowMs: number) => verifySignature(presigned(86400), { ...trust, nowMs })
    assert.ok(at(trust.nowMs + 86_400_000))
    assert.throws(() => at(trust.nowMs + 86_400_001), refusedAs('AccessDenied'))
    assert.throws(() => verifySignature(presigned(86401), trust), refusedAs('SignatureDoesNotMatch'))
  })
})

describe('the clocks', () => {
  const [[, ...request] = ['', '', '', '', {}] as const] = examples
  const cases: [what: string, differenceMs: number, code: string | null][] = [
    ['15 minutes early', -900_000, null],
    ['15 minutes late', 900_000, null],
    ['more than 15 minutes early', -900_001, 'RequestTimeTooSkewed'],
    ['more than 15 minutes late', 900_001, 'RequestTimeTooSkewed'],
  ]
  for (const [what, differenceMs, code] of cases)
    it(`${what}: ${code ?? 'accepted'}`, () => {
      const verify = () => verifySignature(requestOf(...request), { ...trust, nowMs: trust.nowMs + differenceMs })
      if (code === null) assert.ok(verify())
      else assert.throws(verify, refusedAs(code))
    })
})

describe("AWS's example of a body in signed chunks", () => {
  const [, , , , chunked] = examples
  const proof = () => {
    const [, ...request] = chunked ?? assert.fail()
    return verifySignature(requestOf(...request), trust)
  }
  const signatures = [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ] as const
  const chunk = (size: number, signature: string, letter = 'a') =>
    `${size.toString(16)};chunk-signature=${signature}\r\n${letter.repeat(size)}\r\n`
  const body = chunk(65536, signatures[0]) + chunk(1024, signatures[1]) + chunk(0, signatures[2])

  async function decode(text: string, pieceSize: number) {
    async function* pieces() {
      await Promise.resolve()
      for (let at = 0; at < text.length; at += pieceSize) yield Buffer.from(text.slice(at, at + pieceSize))
    }
    const decoded: Buffer[] = []
    for await (const piece of decodeChunked(pieces(), proof(), new Map())) decoded.push(piece)
    return Buffer.concat(decoded).toString()
  }

  it('has the length that it says', () => assert.equal(body.length, 66824))

  for (const pieceSize of [7, 1000, 65536, 1_000_000])
    it(`is read whole in pieces of ${pieceSize}`, async () =>
      assert.equal(await decode(body, pieceSize), 'a'.repeat(66560)))

  const damaged: [what: string, body: string, code: string][] = [
    [
      'a changed byte',
      chunk(65536, signatures[0]) + chunk(1024, signatures[1], 'b') + chunk(0, signatures[2]),
      'SignatureDoesNotMatch',
    ],
    ['a missing last chunk', chunk(65536, signatures[0]) + chunk(1024, signatures[1]), 'IncompleteBody'],
    ['a missing middle chunk', chunk(65536, signatures[0]) + chunk(0, signatures[2]), 'SignatureDoesNotMatch'],
    ['something behind the end', `${body}x`, 'IncompleteBody'],
    ['an unsigned chunk', `400\r\n${'a'.repeat(1024)}\r\n`, 'InvalidRequest'],
  ]
  for (const [what, text, code] of damaged)
    it(`is refused with ${what}`, () => assert.rejects(decode(text, 4096), refusedAs(code)))
})
