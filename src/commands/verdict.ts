/** What a parser found, as the end of a command. */
import { exactBytes } from '../cli/amounts.js'
import { badStream, Failure } from '../failure.js'
import type { Verdict } from '../stream/facts.js'

/** The Failure (status 4) of a stream that isn't whole; its cause is the verdict. */
export function verdictFailure(verdict: Verdict): Failure {
  if (verdict.kind === 'saved') {
    return unstorable(
      'the stream is of a snapshot that was only partly received (zfs send -S)',
      'complete that receive, then send the snapshot itself',
    )
  }
  if (verdict.outcome === 'truncated') {
    const how = `the stream ends after ${exactBytes(verdict.bytes)} bytes without its END record`
    return badStream(how, 'zfs send has died, or what stands between it and here', verdict)
  }
  if (verdict.outcome === 'damaged') {
    const { at, record, why } = verdict
    const where = `at byte ${exactBytes(at)}, in record ${exactBytes(record)}`
    return badStream(`the stream is damaged ${where}: ${why}`, 'it is not what zfs send wrote; send it again', verdict)
  }
  throw new Error('a whole stream is no failure')
}

/** The Failure (status 4) of a stream that isn't whole, or of a package that does not bring what it should; null if all is there. */
export function lackOf(verdict: Verdict): Failure | null {
  if (verdict.outcome !== 'whole') return verdictFailure(verdict)
  const [lacking] = verdict.missing
  if (lacking !== undefined) return unstorable(`the package lacks ${lacking.name}, which it lists`, sendAgain)
  const [outer, ...inner] = verdict.substreams
  // zfs send ends a package as if it were whole even where it could not send all of it.
  if (outer?.compound === true && !inner.some(({ toname }) => toname === outer.toname)) {
    return unstorable(`the package does not bring ${outer.toname}, which it is named after`, sendAgain)
  }
  return null
}

const sendAgain = 'see what zfs send said, and send all of it again'

/** The Failure (status 4) of a stream that can't be stored, whole or not: what it is must change, not how far it came. */
export const unstorable = (what: string, remedy: string): Failure => hopeless(badStream(what, remedy))

/** The same failure, of which it is known that nothing can come of the stream. */
export const hopeless = ({ status, message, remedy }: Failure): Failure =>
  new Failure(status, message, remedy, { outcome: 'damaged' })

/** Whether nothing can come of the stream that a failure is about, so that going on with its upload is no use. */
export function isHopeless(error: unknown): boolean {
  if (!(error instanceof Failure)) return false
  const { cause } = error
  return typeof cause === 'object' && cause !== null && 'outcome' in cause && cause.outcome === 'damaged'
}
