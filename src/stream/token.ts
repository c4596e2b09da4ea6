/**
 * Resume tokens: what `zfs send -t` takes, and what an interrupted `zfs receive -s` leaves in `receive_resume_token`
 * (stream-format, The resume token).
 */
import { inflateSync } from 'node:zlib'
import { messageOf, usageError, type Failure } from '../failure.js'
import type { Begin } from './begin.js'
import { deflateAsZlib } from './deflate.js'
import { Fletcher4 } from './fletcher4.js'
import { decodeNvlist, encodeNvlist, type Nvlist, type NvValue, type PlainPair } from './nvlist.js'

/** What a token says. Numbers are unsigned, 64 bits, in decimal. */
export interface TokenFacts {
  readonly toguid: string
  readonly fromguid: string | null
  readonly toname: string
  /** Where to go on. */
  readonly object: string
  readonly offset: string
  /** Bytes that have arrived; `zfs` only shows them. */
  readonly bytes: string
  readonly largeBlocks: boolean
  readonly embedData: boolean
  readonly compressed: boolean
  readonly raw: boolean
}

/** The token's format. */
const version = '1'
/** A token holds a name and some numbers; one that needs more than this when inflated was not made by ZFS. */
const longestNvlist = 64 * 1024

/** The facts for going on with a stream at an object and offset, of which `bytes` bytes are there. */
export function tokenFacts(
  begin: Begin,
  { object, offset }: { readonly object: string; readonly offset: string },
  bytes: number,
): TokenFacts {
  const { toguid, fromguid, toname, largeBlocks, compressed, raw, features } = begin
  const embedData = features.includes('embed_data')
  return { toguid, fromguid, toname, object, offset, bytes: String(bytes), largeBlocks, embedData, compressed, raw }
}

/**
 * Whether the receiver stopped before the first block of an increment: then its token says object 1, offset 0, whatever the
 * stream begins with, and all of it is wanted. A full stream has that object.
 */
export const isUntouched = ({ object, offset, fromguid }: TokenFacts): boolean =>
  object === '1' && offset === '0' && fromguid !== null

/** The token that says these facts, as ZFS itself makes it. */
export function encodeToken(facts: TokenFacts): string {
  const pairs: PlainPair[] = [
    ['object', BigInt(facts.object)],
    ['offset', BigInt(facts.offset)],
    ['bytes', BigInt(facts.bytes)],
    ['toguid', BigInt(facts.toguid)],
    ['toname', facts.toname],
  ]
  if (facts.fromguid !== null) pairs.unshift(['fromguid', BigInt(facts.fromguid)])
  if (facts.largeBlocks) pairs.push(['largeblockok', true])
  if (facts.embedData) pairs.push(['embedok', true])
  if (facts.compressed) pairs.push(['compressok', true])
  if (facts.raw) pairs.push(['rawok', true])
  const nvlist = encodeNvlist(pairs)
  const compressed = deflateAsZlib(nvlist)
  return [version, firstSum(compressed), nvlist.length.toString(16), compressed.toString('hex')].join('-')
}

/** The first of the four sums of Fletcher-4 in hexadecimal; a rest of 1 to 3 bytes is left out. */
function firstSum(bytes: Uint8Array): string {
  const fletcher = new Fletcher4()
  fletcher.update(bytes)
  return BigInt(fletcher.checksum[0]).toString(16)
}

const notAToken = (why: string, cause?: unknown): Failure =>
  usageError(
    `this is not a resume token: ${why}`,
    'copy it whole, from zfs get -Ho value receive_resume_token, or zfs2s3-token',
    cause,
  )

/** What a token says. Throws a Failure (usage) if it is none, or damaged. */
export function decodeToken(token: string): TokenFacts {
  const parts = /^([0-9a-f]+)-([0-9a-f]+)-([0-9a-f]+)-((?:[0-9a-f]{2})+)$/.exec(token.trim())
  if (!parts) throw notAToken('it is not four hexadecimal numbers with hyphens between them')
  const [, format = '', sum = '', size = '', hex = ''] = parts
  if (format !== version) throw notAToken(`it is of version ${format}, and only version ${version} is known`)
  const length = parseInt(size, 16)
  const compressed = Buffer.from(hex, 'hex')
  if (firstSum(compressed) !== sum.replace(/^0+(?=.)/, '')) throw notAToken('its checksum does not hold')
  if (length > longestNvlist) throw notAToken(`it claims to hold ${length} bytes`)
  const nvlist = listOf(inflated(compressed, length))
  const u64 = (name: string) => numberOf(name, nvlist.get(name))
  const toname = nvlist.get('toname')
  return {
    toguid: u64('toguid'),
    fromguid: nvlist.has('fromguid') ? u64('fromguid') : null,
    toname: typeof toname === 'string' ? toname : '',
    object: u64('object'),
    offset: u64('offset'),
    bytes: u64('bytes'),
    largeBlocks: nvlist.has('largeblockok'),
    embedData: nvlist.has('embedok'),
    compressed: nvlist.has('compressok'),
    raw: nvlist.has('rawok'),
  }
}

function inflated(compressed: Uint8Array, length: number): Uint8Array {
  let bytes
  try {
    bytes = inflateSync(compressed, { maxOutputLength: Math.max(1, length) })
  } catch (error) {
    throw notAToken('it can not be inflated', error)
  }
  if (bytes.length !== length) throw notAToken(`it holds ${bytes.length} bytes instead of ${length}`)
  return bytes
}

function listOf(bytes: Uint8Array): Nvlist {
  try {
    return decodeNvlist(bytes)
  } catch (error) {
    throw notAToken(messageOf(error), error)
  }
}

function numberOf(name: string, value: NvValue | undefined): string {
  if (typeof value !== 'bigint') throw notAToken(`it has no ${name}`)
  return value.toString()
}
