/**
 * Huffman codes for one block of deflate (RFC 1951), chosen among equally good ones as zlib does it: a heap ordered by
 * frequency, then by depth of the subtree.
 */

/** A code for the symbols 0 to lengths.length - 1. */
export interface HuffmanCode {
  /** Bits of each symbol's code; 0 where the symbol does not occur. */
  readonly lengths: readonly number[]
  /** Each symbol's code, its first bit being the lowest, as deflate writes it. */
  readonly codes: readonly number[]
}

/** The canonical code with these lengths (RFC 1951, 3.2.2). */
export function canonicalCode(lengths: readonly number[]): HuffmanCode {
  const next: number[] = []
  for (let bits = 1, code = 0; bits <= 15; bits++) {
    next[bits] = code
    code = (code + lengths.filter(length => length === bits).length) << 1
  }
  const codes = lengths.map(length => {
    if (length === 0) return 0
    const code = next[length] ?? 0
    next[length] = code + 1
    return reversed(code, length)
  })
  return { lengths, codes }
}

function reversed(code: number, bits: number): number {
  let result = 0
  for (let bit = 0; bit < bits; bit++) result |= ((code >> bit) & 1) << (bits - 1 - bit)
  return result
}

interface Node {
  /** A symbol; null in an inner node. */
  readonly symbol: number | null
  readonly frequency: number
  readonly depth: number
  readonly children: readonly Node[]
}

/** The best code with no length above `longest` for symbols that occur so often. It has two symbols at least. */
export function huffmanCode(frequencies: readonly number[], longest: number): HuffmanCode {
  const heap = new Heap(used(frequencies).map(([symbol, frequency]) => ({ symbol, frequency, depth: 0, children: [] })))
  /** In the order in which they were taken from the heap, parents behind their children. */
  const taken: Node[] = []
  while (heap.size >= 2) {
    const first = heap.take()
    const second = heap.least()
    taken.push(first, second)
    const frequency = first.frequency + second.frequency
    const depth = Math.max(first.depth, second.depth) + 1
    heap.replaceLeast({ symbol: null, frequency, depth, children: [first, second] })
  }
  taken.push(heap.least())
  return canonicalCode(lengthsOf(taken.reverse(), frequencies.length, longest))
}

/** The symbols that occur, and the first ones that don't if a code would have fewer than two. */
function used(frequencies: readonly number[]): [symbol: number, frequency: number][] {
  const found = frequencies.flatMap((frequency, symbol): [number, number][] => (frequency ? [[symbol, frequency]] : []))
  while (found.length < 2) {
    const highest = Math.max(-1, ...found.map(([symbol]) => symbol))
    found.push([highest < 2 ? highest + 1 : 0, 1])
  }
  return found
}

/** Code lengths from the tree's depths; where they are too long, the rarest symbols make room. Root first. */
function lengthsOf(nodes: readonly Node[], symbols: number, longest: number): number[] {
  const depths = new Map<Node, number>()
  const lengths = new Array<number>(symbols).fill(0)
  let overflow = 0
  for (const node of nodes) {
    const depth = depths.get(node) ?? 0
    for (const child of node.children) {
      if (depth === longest) overflow++
      depths.set(child, Math.min(depth + 1, longest))
    }
    if (node.symbol !== null) lengths[node.symbol] = depth
  }
  if (overflow === 0) return lengths
  const leaves = nodes.flatMap(({ symbol }) => (symbol === null ? [] : [symbol]))
  return shortened(lengths, leaves.reverse(), longest, overflow)
}

/** Lengths of a code that fits, given those cut off at `longest`. `leaves`: the symbols, from the rarest on. */
function shortened(lengths: readonly number[], leaves: readonly number[], longest: number, overflow: number): number[] {
  const counts = Array.from({ length: longest + 1 }, (_, bits) => lengths.filter(length => length === bits).length)
  const count = (bits: number, change: number) => (counts[bits] = (counts[bits] ?? 0) + change)
  for (; overflow > 0; overflow -= 2) {
    let bits = longest - 1
    while (counts[bits] === 0) bits--
    count(bits, -1)
    count(bits + 1, 2)
    count(longest, -1)
  }
  const result = lengths.map(() => 0)
  let leaf = 0
  for (let bits = longest; bits > 0; bits--) {
    for (let left = counts[bits] ?? 0; left > 0; left--) result[leaves[leaf++] ?? 0] = bits
  }
  return result
}

class Heap {
  /** The least comes first; from 1 on, so that the children of k are 2k and 2k + 1. */
  readonly #nodes: (Node | undefined)[]

  constructor(nodes: readonly Node[]) {
    this.#nodes = [undefined, ...nodes]
    for (let place = nodes.length >> 1; place >= 1; place--) this.#sink(place)
  }

  get size(): number {
    return this.#nodes.length - 1
  }

  least(): Node {
    return this.#at(1)
  }

  take(): Node {
    const least = this.least()
    const last = this.#nodes.pop()
    if (this.size > 0) {
      this.#nodes[1] = last
      this.#sink(1)
    }
    return least
  }

  replaceLeast(node: Node): void {
    this.#nodes[1] = node
    this.#sink(1)
  }

  #at(place: number): Node {
    const node = this.#nodes[place]
    if (!node) throw new RangeError(`no node at ${place}`)
    return node
  }

  #sink(place: number): void {
    const node = this.#at(place)
    for (;;) {
      let child = place * 2
      if (child > this.size) break
      if (child < this.size && isBefore(this.#at(child + 1), this.#at(child))) child++
      if (isBefore(node, this.#at(child))) break
      this.#nodes[place] = this.#at(child)
      place = child
    }
    this.#nodes[place] = node
  }
}

const isBefore = (one: Node, other: Node) =>
  one.frequency < other.frequency || (one.frequency === other.frequency && one.depth <= other.depth)
