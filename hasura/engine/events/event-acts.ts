/** Commands about events: invoking a trigger by hand, delivering an event once more. */
import { RequestError } from '../errors.ts'
import type { Act } from '../metadata-api/acts.ts'
import { text } from '../metadata-api/arguments.ts'
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
  return { invoke_event_trigger: invoke, redeliver_event: redeliver }
}
