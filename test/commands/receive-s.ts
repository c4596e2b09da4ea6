/**
 * `receive-s.js KEPT TOKEN < STREAM`: what `zfs receive -s` does with a stream that may break off. It keeps what has come in KEPT and
 * says in TOKEN where to go on; a stream that goes on there is joined to that. Status 0 once KEPT is the whole stream, else 1.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { StreamParser } from '#src/stream/parser.js'
import { Splicer } from '#src/stream/splice.js'
import { encodeToken, tokenFacts } from '#src/stream/token.js'
import { parsed } from '../stream/streams.js'

const [keptFile = '', tokenFile = ''] = process.argv.slice(2)
const came = readFileSync(0)

/** The kept stream as far as it is there now. */
function joined(): Buffer {
  if (!existsSync(tokenFile)) return came
  const kept = readFileSync(keptFile)
  const [begin] = parsed([kept]).end().substreams
  const anchor = parsed([kept]).anchor()
  if (begin === undefined || anchor === null) throw new Error('what was kept can not be gone on with')
  const all = Buffer.concat([kept.subarray(0, anchor.start), ...new Splicer(begin, anchor).push(came)])
  return all.length > kept.length ? all : kept
}

const all = joined()
const parser = new StreamParser()
parser.push(all)
const verdict = parser.end()
const anchor = parser.anchor()
const [begin] = verdict.substreams
rmSync(tokenFile, { force: true })
writeFileSync(keptFile, all)
if (verdict.outcome !== 'whole') {
  process.exitCode = 1
  if (begin !== undefined && anchor !== null) {
    writeFileSync(tokenFile, encodeToken(tokenFacts(begin, anchor, anchor.start)))
  }
}
