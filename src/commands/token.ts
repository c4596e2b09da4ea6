/** zfs2s3-token: the resume token of an upload in progress, computed from what S3 has acknowledged. */
import type { Command } from '../cli/command.js'
import { write } from '../cli/ndjson.js'
import { dataDirOption } from '../cli/settings.js'
import { refused } from '../failure.js'
import type { Ledger } from '../store/ledger.js'
import { encodeToken, tokenFacts } from '../stream/token.js'
import { pendingUpload } from './put/resume.js'
import { dataDirOf } from './data-dir.js'

export const command: Command = {
  name: 'token',
  summary: 'print a resume token for zfs send -t, to go on with an upload',
  usage: ['[DS@SNAP]'],
  description: [
    'An upload that was interrupted can go on without reading again what was already sent: zfs send -t TOKEN sends the ' +
      'rest, and put --resume joins it onto what is in S3, so that the object is one ordinary stream.',
    'That works for plain streams of one snapshot. For the others it says why not, with status 3; they go on by running the ' +
      'whole pipeline again with --resume, which sends only what is missing.',
  ],
  positionals: 1,
  options: [dataDirOption],
  examples: [['go on with an interrupted upload', 'zfs send -t "$(zfs2s3-token)" | zfs2s3-put --resume']],
  statuses: { 3: 'no upload is pending, or it cannot go on in this way' },
  async run(context) {
    const ledger = await pendingUpload(dataDirOf(context), context.args.positionals[0])
    await write(context.stdout, `${tokenOf(ledger)}\n`)
  },
}

/** Throws status 3 with the reason where an upload can't be resumed by token. */
export function tokenOf(ledger: Ledger): string {
  const token = tokenFor(ledger)
  if (typeof token === 'string') return token
  throw refused(
    `there is no token for the upload of ${ledger.header.snapshot.name}: ${token.whyNot}`,
    'zfs send ... | zfs2s3-put --resume',
  )
}

/** The token for what is missing of an upload, or why there is none. */
export function tokenFor(ledger: Ledger): string | { readonly whyNot: string } {
  const { begin, filter, check } = ledger.header
  if (ledger.end !== undefined) return { whyNot: 'all of it has been sent already' }
  if (filter !== null) return { whyNot: `it goes through the filter '${filter}'` }
  if (begin === null || check !== 'records') return { whyNot: 'its stream is compressed or encrypted' }
  if (begin.compound) return { whyNot: 'it is a stream package (-I, -R, -p)' }
  if (ledger.contiguous().length === 0) return { whyNot: 'no part of it is in S3 yet' }
  const last = ledger.resumable()
  if (last === null) return { whyNot: 'what was sent has no whole record to go on from' }
  const { anchor } = last.point
  return encodeToken(tokenFacts(begin, anchor, anchor.start))
}
