/** Runs asynchronous actions in the background: those that were just logged, and those that were left behind. */
import type pg from 'pg'
import { RequestError } from '../errors.ts'
import type { Action } from '../model/actions.ts'
import { claimActions, finishAction, type LoggedAction, prepareActionLog } from './action-log.ts'
import { type ActionOptions, callAction } from './call-action.ts'

export type ActionRunner = {
  /** Something was logged. */
  wake(): void
  close(): Promise<void>
}

const atOnce = 10
const intervalMs = 5_000
/** A claim lasts longer than any webhook may take: nobody else calls it meanwhile. */
const leastLeaseSeconds = 120
const marginSeconds = 60

export function createActionRunner(
  options: ActionOptions,
  {
    pool,
    find,
    longestSeconds = () => 0,
    finished = () => undefined,
  }: {
    pool: () => pg.Pool | undefined
    find: (name: string) => Action | undefined
    /** What the slowest of the actions may take. */
    longestSeconds?: () => number
    /** Told after each that was answered, well or not. */
    finished?: () => void
  },
): ActionRunner {
  const busy = new Set<Promise<void>>()
  let running: Promise<void> | undefined
  let again = false
  let closed = false
  const begin = (from: pg.Pool, logged: LoggedAction) => {
    const work: Promise<void> = runLogged(options, from, logged, find(logged.action_name))
      // What could not be written down is claimed again when the claim ends.
      .then(finished, () => undefined)
      .finally(() => busy.delete(work))
    busy.add(work)
  }
  const work = async () => {
    const from = pool()
    if (!from) return
    await prepareActionLog(from)
    while (!closed) {
      // A slow one takes one place, not those of the others.
      if (busy.size >= atOnce) await Promise.race(busy)
      const leaseSeconds = Math.max(leastLeaseSeconds, longestSeconds() + marginSeconds)
      const claimed = await claimActions(from, atOnce - busy.size, leaseSeconds)
      if (claimed.length === 0) return
      for (const logged of claimed) begin(from, logged)
    }
  }
  const wake = () => {
    if (closed) return
    again = true
    running ??= (async () => {
      while (again && !closed) {
        again = false
        await work().catch(() => undefined)
      }
      running = undefined
    })()
  }
  const timer = setInterval(wake, intervalMs)
  timer.unref()
  return {
    wake,
    async close() {
      closed = true
      clearInterval(timer)
      await running
      await Promise.all(busy)
    },
  }
}

async function runLogged(
  options: ActionOptions,
  pool: pg.Pool,
  logged: LoggedAction,
  action: Action | undefined,
): Promise<void> {
  try {
    if (!action) throw new RequestError('not-found', '$', `action "${logged.action_name}" does not exist`)
    const { session_variables: vars } = logged
    const payload = await callAction(options, {
      action,
      input: logged.input_payload,
      session: { role: vars['x-hasura-role'] ?? 'admin', vars },
      requestQuery: logged.request_query,
      clientHeaders: logged.request_headers,
    })
    await finishAction(pool, logged.id, { payload })
  } catch (cause) {
    const { code, path, message } =
      cause instanceof RequestError ? cause : new RequestError('unexpected', '$', 'internal error')
    await finishAction(pool, logged.id, { errors: { code, path, error: message } })
  }
}
