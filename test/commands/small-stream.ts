/** Prints the shortest send stream that there is, of an empty snapshot: `small-stream.js DS@SNAP GUID [GUID OF ITS BASE]`. */
import { Fletcher4 } from '#src/stream/fletcher4.js'
import { checksumAt, endChecksumAt, headerLength, recordType } from '#src/stream/records.js'

const [name = '', guid = '0', base = '0'] = process.argv.slice(2)

const begin = Buffer.alloc(headerLength)
begin.writeBigUInt64LE(0x2f5bacbacn, 8)
begin.writeBigUInt64LE(1n, 16)
begin.writeUInt32LE(2, 32)
begin.writeBigUInt64LE(BigInt(guid), 40)
begin.writeBigUInt64LE(BigInt(base), 48)
begin.write(name, 56)

const sums = new Fletcher4()
sums.update(begin)
const end = Buffer.alloc(headerLength)
end.writeUInt32LE(recordType.end, 0)
sums.writeTo(end, endChecksumAt)
end.writeBigUInt64LE(BigInt(guid), 40)
sums.update(end.subarray(0, checksumAt))
sums.writeTo(end, checksumAt)

process.stdout.write(Buffer.concat([begin, end]))
