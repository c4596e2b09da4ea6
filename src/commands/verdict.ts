/** What a parser found, as the end of a command. */
import { exactBytes } from '../cli/progress.js'
import { badStream, Failure } from '../failure.js'
import type { Verdict } from '../stream/facts.js'

/** The Failure (status 4) of a stream that isn't whole; its cause is the verdict. */
export function verdictFailure(verdict: Verdict): Failure {
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

/** Whether a failure is a stream that was cut off or damaged, as opposed to one that could not be stored. */
export function verdictOf(error: unknown): Verdict | undefined {
  if (!(error instanceof Failure)) return undefined
  const { cause } = error
  return typeof cause === 'object' && cause !== null && 'outcome' in cause ? (cause as Verdict) : undefined
}
