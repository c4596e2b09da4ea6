/**
 * `send-t.js FILE TOKEN`: what `zfs send -t TOKEN` writes when FILE is the whole stream. The zfs-fuse that tests can run here has
 * no `zfs send -t`; a stream that ZFS itself has resumed is test/fixtures/resumed-t.zs.
 */
import { readFileSync } from 'node:fs'
import { Continuation } from '#src/stream/continuation.js'
import { decodeToken } from '#src/stream/token.js'

const [file = '', token = ''] = process.argv.slice(2)
const continuation = new Continuation(decodeToken(token))
for (const piece of continuation.push(readFileSync(file))) process.stdout.write(piece)
