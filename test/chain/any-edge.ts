/** Random edges with all their facts, for round trips. */
import fc from 'fast-check'
import type { Edge, Snapshot, StreamFacts, Volume } from '#src/chain/edge.js'

/** fc.record, with objects like any others: deepEqual tells apart those without a prototype. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true })

const guid = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String)
const label = fc.stringMatching(/^[a-zA-Z0-9_.: -]{1,8}$/)
const snapshot: fc.Arbitrary<Snapshot> = record({
  name: fc.tuple(label, label).map(([dataset, tag]) => `tank/x${dataset}@${tag}`),
  guid,
})
/** Any text: quotes, colons, control characters, what YAML takes for numbers and dates, and letters of all kinds. */
const anyText = fc.oneof(
  fc.string({ minLength: 1, unit: 'binary' }),
  fc.constantFrom(
    'yes',
    'null',
    '~',
    '0o17',
    '1e5',
    '2026-01-01',
    '- a',
    '{',
    '#',
    'a: b',
    '\u2028',
    '\u0085',
    '😀',
    '\u007f',
  ),
)
const whole = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const time = fc
  .integer({ min: 0, max: 4_000_000_000 })
  .map(seconds => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`)

const volume: fc.Arbitrary<Volume> = record({
  key: anyText,
  bytes: orNull(fc.nat()),
  sha256: orNull(anyText),
  etag: orNull(anyText),
})
const stream: fc.Arbitrary<StreamFacts> = record({
  bytes: orNull(whole),
  raw: fc.boolean(),
  compressed: fc.boolean(),
  largeBlocks: fc.boolean(),
  features: fc.array(fc.constantFrom('lz4', 'raw', 'bit_40')),
  toIvset: orNull(guid),
  fromIvset: orNull(guid),
})

export const anyEdge: fc.Arbitrary<Edge> = record({
  snapshot,
  base: orNull(snapshot),
  moreProvided: fc.array(snapshot, { maxLength: 2 }),
  moreNeeded: fc.array(snapshot, { maxLength: 2 }),
  first: volume,
  further: fc.array(volume, { maxLength: 2 }),
  partSize: orNull(whole),
  storageClass: orNull(fc.constantFrom('STANDARD', 'DEEP_ARCHIVE')),
  created: orNull(time),
  stored: orNull(time),
  filter: orNull(anyText),
  verified: orNull(fc.boolean()),
  verifiedAt: orNull(time),
  stream: orNull(stream),
  index: orNull(fc.array(fc.array(whole, { maxLength: 7 }), { maxLength: 3 })),
}).map(({ moreProvided, moreNeeded, first, further, ...facts }) => ({
  ...facts,
  provides: [...moreProvided, facts.snapshot],
  needs: facts.base === null ? moreNeeded : [facts.base, ...moreNeeded],
  volumes: [first, ...further],
}))

/** Edges as a catalog can hold them: no object belongs to two. */
export const anyCatalog: fc.Arbitrary<Edge[]> = fc.array(anyEdge, { maxLength: 6 }).map(all =>
  all.map((edge, index) => {
    const [first, ...rest] = edge.volumes
    const own = (volume: Volume, n: number): Volume => ({ ...volume, key: `${index}.${n} ${volume.key}` })
    return { ...edge, volumes: [own(first, 0), ...rest.map((volume, n) => own(volume, n + 1))] }
  }),
)
