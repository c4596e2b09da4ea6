/** As much XML as S3 speaks: elements and text; attributes are skipped, document types refused. */
import { refusal } from './errors.js'

/** An element that was read: its text, or its children. */
export interface Element {
  readonly name: string
  readonly text: string
  readonly children: readonly Element[]
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const escapes: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }

/** Text for XML. Control characters become references, without which a parser would turn a CR into an LF. */
export const escapeXml = (value: string): string =>
  // eslint-disable-next-line no-control-regex -- these are the ones that need a reference
  value.replace(/[<>&"\u0000-\u001f\u007f]/g, c => escapes[c] ?? `&#x${c.charCodeAt(0).toString(16).toUpperCase()};`)

/** `<name>value</name>`, or nothing if there is no value. */
export const leaf = (name: string, value: string | number | boolean | null): string =>
  value === null ? '' : `<${name}>${escapeXml(String(value))}</${name}>`

/** An element of finished XML. */
export const node = (name: string, ...children: readonly string[]): string => `<${name}>${children.join('')}</${name}>`

/** A whole document in S3's namespace. */
export const xmlDocument = (name: string, ...children: readonly string[]): string =>
  `${declaration}<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${children.join('')}</${name}>`

/** What every document begins with. */
export const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'

/** Reads a document whose root is `root`; throws MalformedXML. */
export function parseXml(source: string, root: string): Element {
  const found = parse(source)
  if (found.name !== root) throw malformed()
  return found
}

/** The children of that name. */
export const childrenOf = (parent: Element, name: string): readonly Element[] =>
  parent.children.filter(child => child.name === name)

/** The text of the first child of that name, or null if there is none. */
export const textOf = (parent: Element, name: string): string | null =>
  parent.children.find(child => child.name === name)?.text ?? null

const malformed = () =>
  refusal('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema')

interface Open {
  name: string
  text: string
  children: Element[]
}

function parse(source: string): Element {
  const outside: Open = { name: '', text: '', children: [] }
  const open: Open[] = [outside]
  const tokens = /<\?[^]*?\?>|<!--[^]*?-->|<(\/?)([^\s/<>!?]+)([^<>]*?)(\/?)>|([^<]+)|</g
  for (const [whole, closing, name, , empty, text] of source.matchAll(tokens)) {
    const here = open.at(-1)
    if (here === undefined) throw malformed()
    if (text !== undefined) here.text += unescape(text)
    else if (name === undefined) {
      if (whole === '<') throw malformed()
    } else if (closing === '/') {
      if (here.name !== name || open.length === 1) throw malformed()
      open.pop()
      open.at(-1)?.children.push(here)
    } else if (empty === '/') here.children.push({ name, text: '', children: [] })
    else open.push({ name, text: '', children: [] })
  }
  const [root, ...more] = outside.children
  if (open.length !== 1 || root === undefined || more.length > 0 || outside.text.trim() !== '') throw malformed()
  return root
}

const unescape = (text: string): string =>
  text.replace(/&(#x[0-9a-fA-F]+|#[0-9]+|[a-z]+);|&/g, (_, reference: string | undefined) => {
    if (reference === undefined) throw malformed()
    const character = reference.startsWith('#') ? numbered(reference) : named[reference]
    if (character === undefined) throw malformed()
    return character
  })

function numbered(reference: string): string | undefined {
  const code = reference.startsWith('#x') ? parseInt(reference.slice(2), 16) : parseInt(reference.slice(1), 10)
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined
}
