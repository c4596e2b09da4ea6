/** Prints the shortest send stream that there is, of an empty snapshot: `small-stream.js DS@SNAP GUID [GUID OF ITS BASE]`. */
import { bytesOf, simpleStream } from '../stream/writer.js'

const [toname = '', guid = '0', base] = process.argv.slice(2)
const from = base === undefined ? {} : { fromguid: BigInt(base) }
process.stdout.write(bytesOf(simpleStream({ toname, toguid: BigInt(guid), ...from })))
