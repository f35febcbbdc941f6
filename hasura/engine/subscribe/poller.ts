/**
 * One statement and all who are subscribed to it. Runs for all of them every `intervalMs`, and at once when this process
 * wrote to one of its tables; for those who have just joined at once as well. Never two runs at a time.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RequestError } from '../errors.ts'
import type { Multiplexed } from '../print/multiplex.ts'
import { type Cohort, createCohort, tellFault, tellLive, tellStream } from './cohort.ts'
import type { Listener } from './listener.ts'

export type Shape = {
  source: string
  statement: Multiplexed
  /** Under which it is prepared. */
  name: string | undefined
  /** A stream goes on where it was; a live query is answered whole. */
  stream: boolean
  /** Milliseconds that the statement may take. */
  timeMs: number
  /** Bytes of one answer, as the statement itself checks. */
  mostBytes: number
}
/** What a statement answers for the n-th of the cohorts it was given. */
export type Found = { state: string | null; root: string | null } | { error: RequestError }
export type RunBatch = (
  shape: Shape,
  rows: { state: string | null; values: (string | null)[] }[],
) => Promise<Found[]>

export type PollerOptions = { intervalMs: number; batchSize: number; run: RunBatch }

export type Poller = {
  /** `state`: the hash of what the listener knows, or where its stream begins. Gives the way to leave. */
  add(values: (string | null)[], state: string | null, listener: Listener): () => void
  /** Runs soon, though the interval is not over. */
  refresh(): void
  end(): void
  isEmpty(): boolean
  size(): { cohorts: number; listeners: number }
}

/** Between two runs, and at least as long as the last one took: writes never keep Postgres busy more than half the time. */
const leastGapMs = 20

export function createPoller(shape: Shape, { intervalMs, batchSize, run }: PollerOptions): Poller {
  const cohorts = new Map<string, Cohort>()
  let joined = 0
  let timer: NodeJS.Timeout | undefined
  let running = false
  let notBefore = 0
  /** When everybody is due, and when those who are behind. */
  let allAt = 0
  let behindAt = Number.POSITIVE_INFINITY

  function arm(): void {
    clearTimeout(timer)
    if (running || cohorts.size === 0) return
    const delayMs = Math.max(0, Math.min(allAt, behindAt) - performance.now())
    timer = setTimeout(() => void turn(), delayMs).unref()
  }

  async function turn(): Promise<void> {
    const begin = performance.now()
    const everybody = begin >= allAt
    const due = [...cohorts.values()].filter(cohort => isDue(cohort, everybody))
    behindAt = Number.POSITIVE_INFINITY
    if (everybody) allAt = Number.POSITIVE_INFINITY
    running = true
    for (let from = 0; from < due.length; from += batchSize) {
      await refreshBatch(due.slice(from, from + batchSize))
      // Between batches the process answers others.
      await nextTurn()
    }
    running = false
    const end = performance.now()
    const took = end - begin
    // Who is slow, or late every time, waits longer: others want the connections too.
    notBefore = end + Math.max(leastGapMs, took > intervalMs ? 3 * took : took)
    if (everybody) allAt = Math.min(allAt, Math.max(begin + intervalMs, notBefore))
    if (shape.stream && due.some(({ behind }) => behind.size > 0)) behindAt = Math.min(behindAt, notBefore)
    arm()
  }

  /** A stream whose client has not taken the last batch waits. */
  function isDue({ listeners, behind }: Cohort, everybody: boolean): boolean {
    if (!everybody && behind.size === 0) return false
    return !shape.stream || [...listeners].every(listener => listener.ready())
  }

  async function refreshBatch(batch: Cohort[]): Promise<void> {
    const found = await run(
      shape,
      batch.map(({ values, state, behind }) => {
        // Whoever is behind is told, whether it changed or not.
        return { values, state: shape.stream || behind.size === 0 ? state : null }
      }),
    )
    found.forEach((each, position) => {
      const cohort = batch[position]
      if (!cohort) return
      if ('error' in each) tellFault(cohort, each.error)
      else if (shape.stream) tellStream(cohort, each.state, each.root)
      else tellLive(cohort, each.state, each.root)
    })
  }

  return {
    add(values, state, listener) {
      joined += 1
      // Two streams stand at two places, even when they began at one.
      const key = shape.stream ? String(joined) : JSON.stringify(values)
      const cohort = cohorts.get(key) ?? createCohort(values, state)
      cohorts.set(key, cohort)
      cohort.listeners.add(listener)
      cohort.behind.add(listener)
      behindAt = 0
      arm()
      return () => {
        cohort.listeners.delete(listener)
        cohort.behind.delete(listener)
        if (cohort.listeners.size === 0 && cohorts.get(key) === cohort) cohorts.delete(key)
        if (cohorts.size === 0) clearTimeout(timer)
      }
    },
    refresh() {
      allAt = Math.min(allAt, Math.max(notBefore, performance.now()))
      arm()
    },
    end() {
      clearTimeout(timer)
      const listeners = [...cohorts.values()].flatMap(cohort => [...cohort.listeners])
      cohorts.clear()
      for (const listener of listeners) listener.ended()
    },
    isEmpty: () => cohorts.size === 0,
    size: () => ({
      cohorts: cohorts.size,
      listeners: [...cohorts.values()].reduce((sum, { listeners }) => sum + listeners.size, 0),
    }),
  }
}
