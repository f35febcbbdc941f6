/** What of a metadata folder nobody runs here: told, so that nobody waits for it. See hasura/README.md. */
import type { Inconsistency, Metadata } from '@glimmr/engine/metadata-types'

export function notRun({ sources, actions = [], cron_triggers }: Metadata): Inconsistency[] {
  const told = (type: string, name: string, what: string) => ({
    type,
    name: `${type} ${name}`,
    reason: `${what} are not run by this service: apply the metadata to a Hasura and set HASURA_URL`,
  })
  const crons: { name: string }[] = Array.isArray(cron_triggers) ? cron_triggers : []
  return [
    ...actions.map(({ name }) => told('action', name, 'actions')),
    ...crons.map(({ name }) => told('cron_trigger', name, 'cron triggers')),
    ...sources.flatMap(({ tables = [] }) =>
      tables.flatMap(({ event_triggers = [] }) =>
        event_triggers.map(({ name }) => told('event_trigger', name, 'event triggers')),
      ),
    ),
  ]
}
