/** Commands about events: invoking a trigger by hand, delivering an event once more, looking at what was. */
import { RequestError } from '../errors.ts'
import type { Act } from '../metadata-api/acts.ts'
import { type Args, count, parseFailed, sourceName, text } from '../metadata-api/arguments.ts'
import { connected } from '../metadata-api/source-acts.ts'
import { cleanEvents, cleanupOf } from './cleanup.ts'
import { type EventStatus, eventById, eventsOf, invocationsOf, type Page } from './event-history.ts'
import { hasEventLog, insertManual, redeliverEvent } from './event-log.ts'
import { type EventRunner, triggerNamed } from './event-runner.ts'

export function eventActs(runner: EventRunner): Record<string, Act> {
  const invoke: Act = async ({ control, session }, args) => {
    const name = text(args, 'name')
    const found = triggerNamed(control.current(), name)
    if (!found)
      throw new RequestError('not-exists', '$.args', `event trigger with name "${name}" does not exist`)
    if (!found.trigger.definition.enable_manual)
      throw new RequestError(
        'not-supported',
        '$.args',
        `manual mode is not enabled for event trigger: ${name}`,
      )
    const pool = control.pool(found.source)
    if (!pool) throw new RequestError('unexpected', '$.args', `source "${found.source}" is not connected`)
    const { schema, name: table } = found.table
    const vars = { 'x-hasura-role': session.role, ...session.vars }
    const id = await insertManual(pool, { schema, table, trigger: name, payload: args.payload ?? null }, vars)
    runner.wake()
    return { event_id: id }
  }
  const redeliver: Act = async ({ control }, args) => {
    const id = text(args, 'event_id')
    // Hasura looks in the source that is named; here any will do.
    for (const { name } of control.current().metadata.sources) {
      const pool = control.pool(name)
      if (!pool || !(await hasEventLog(pool))) continue
      const found = await redeliverEvent(pool, id)
      if (found === 'unknown') continue
      if (found === 'busy') throw new RequestError('busy', '$.args', 'event is already being processed')
      runner.wake()
      return { message: 'success' }
    }
    throw new RequestError('not-exists', '$.args', 'event not found')
  }
  return {
    invoke_event_trigger: invoke,
    redeliver_event: redeliver,
    get_event_logs: ({ control }, args) => {
      const pool = connected(control, sourceName(args))
      return eventsOf(pool, text(args, 'name'), { ...pageOf(args), status: statusOf(args) })
    },
    get_event_invocation_logs: ({ control }, args) =>
      invocationsOf(connected(control, sourceName(args)), text(args, 'name'), pageOf(args)),
    async cleanup_event_trigger_logs({ control }, args) {
      const name = text(args, 'event_trigger_name')
      const pool = connected(control, sourceName(args))
      if (!triggerNamed(control.current(), name))
        throw new RequestError('not-exists', '$.args', `event trigger with name "${name}" does not exist`)
      const cleanup = cleanupOf(args)
      if (!cleanup) throw parseFailed('$', 'clear_older_than, batch_size and timeout are numbers')
      await cleanEvents(pool, name, cleanup)
      return { message: 'success' }
    },
    async get_event_by_id({ control }, args) {
      const id = text(args, 'event_id')
      const pool = connected(control, sourceName(args))
      const found = await eventById(pool, id, pageOf(args, 'invocation_log_'))
      if (!found) throw new RequestError('not-exists', '$.args', `event id ${id} does not exist`)
      return found
    },
  }
}

const mostRows = 1000

/** What is asked for at a time, of which there is an end. */
function pageOf(args: Args, prefix = ''): Page {
  const limit = Math.min(count(args, `${prefix}limit`, 100), mostRows)
  return { limit, offset: count(args, `${prefix}offset`, 0) }
}

function statusOf(args: Args): EventStatus {
  const { status } = args
  if (status === 'pending' || status === 'processed') return status
  if (status === undefined || status === null || status === 'all') return undefined
  throw parseFailed('$.status', 'expected "pending" or "processed"')
}
