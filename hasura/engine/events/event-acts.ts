/** Commands about events: invoking a trigger by hand, delivering an event once more. */
import { RequestError } from '../errors.ts'
import type { Act } from '../metadata-api/acts.ts'
import { text } from '../metadata-api/arguments.ts'
import { insertManual } from './event-log.ts'
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
    for (const { name } of control.current().metadata.sources) {
      const found = await control.pool(name)?.query(
        `update hdb_catalog.event_log set delivered = false, error = false, next_retry_at = null, archived = false
         where id = $1 and to_regclass('hdb_catalog.event_log') is not null`,
        [id],
      )
      if ((found?.rowCount ?? 0) > 0) {
        runner.wake()
        return { message: 'success' }
      }
    }
    throw new RequestError('not-exists', '$.args', 'event not found')
  }
  return { invoke_event_trigger: invoke, redeliver_event: redeliver }
}
