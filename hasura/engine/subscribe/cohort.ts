/** Subscribers that get the same answer: the same statement, the same values. */
import type { RequestError } from '../errors.ts'
import type { Listener } from './listener.ts'

export type Cohort = {
  /** One per parameter of the statement, as Postgres reads text. */
  values: (string | null)[]
  /** The hash of the last answer, or the cursor of a stream. */
  state: string | null
  listeners: Set<Listener>
  /** Of these, who has not been told the newest; for a stream, who has not come to its end. */
  behind: Set<Listener>
  /** The last error, so that it is told once. */
  fault: string | undefined
}

export function createCohort(values: (string | null)[], state: string | null): Cohort {
  return { values, state, listeners: new Set(), behind: new Set(), fault: undefined }
}

/** A new answer of a live query; null when it is the one that was told before. */
export function tellLive(cohort: Cohort, state: string | null, root: string | null): void {
  const changed = state !== cohort.state
  if (root === null) return
  cohort.state = state
  cohort.fault = undefined
  for (const listener of changed ? cohort.listeners : [...cohort.behind]) tell(cohort, listener, root)
}

function tell(cohort: Cohort, listener: Listener, root: string): void {
  if (!listener.ready()) {
    cohort.behind.add(listener)
    return
  }
  cohort.behind.delete(listener)
  listener.next(`{"data":${root}}`)
}

/** The next batch of a stream; null when its end is reached. Its only listener was ready when it was asked for. */
export function tellStream(cohort: Cohort, state: string | null, root: string | null): void {
  cohort.behind.clear()
  if (root === null) return
  cohort.state = state
  cohort.fault = undefined
  for (const listener of cohort.listeners) {
    cohort.behind.add(listener)
    listener.next(`{"data":${root}}`)
  }
}

export function tellFault(cohort: Cohort, error: RequestError): void {
  if (cohort.fault === error.message) return
  cohort.fault = error.message
  // The next answer is told, whatever it is.
  for (const listener of cohort.listeners) {
    cohort.behind.add(listener)
    listener.failed(error)
  }
}
