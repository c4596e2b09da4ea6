/**
 * `otherwise.js FILE [block|short]`: writes that stream as another `zfs` might send it: whole and of the same snapshot, with another
 * time in BEGIN, with another type in the headers of its blocks, or
 * without its FREE and FREEOBJECTS records.
 */
import { readFileSync } from 'node:fs'
import { recordType } from '#src/stream/records.js'
import { Rewriter } from '#src/stream/rewriter.js'

/** Where BEGIN has creation_time, and WRITE the type of its object. */
const createdAt = 24
const typeAt = 16

const freeObjects = 2
const free = 4

const [file = '', what] = process.argv.slice(2)
const changed = (header: Uint8Array, at: number) => header.map((byte, place) => (place === at ? byte ^ 1 : byte))

const rewriter = new Rewriter('the stream', {
  onBegin: (_, header, payload) => {
    rewriter.emitBegin(what === undefined ? changed(header, createdAt) : header, payload)
  },
  onRecord: ({ type, header }) => {
    if (what === 'block' && type === recordType.write) header.set(changed(header, typeAt))
    return what === 'short' && (type === free || type === freeObjects) ? 'drop' : 'keep'
  },
})
for (const piece of rewriter.push(readFileSync(file))) process.stdout.write(piece)
