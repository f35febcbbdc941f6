/** Event triggers of tables and cron triggers, as the metadata has them. */
import { scheduleFault } from '../cron/schedule.ts'
import type { RequestError } from '../errors.ts'
import { cleanupOf } from '../events/cleanup.ts'
import {
  type Args,
  flag,
  isObject,
  list,
  objectArgs,
  optionalText,
  parseFailed,
  sourceName,
  table,
  text,
  without,
} from '../metadata-api/arguments.ts'
import type { EventTriggerMetadata, Metadata } from '../metadata-types.ts'
import { checkHeaders } from './actions.ts'
import { alreadyExists, type Edit, type Edited, notExists, removeFrom, sourceOf } from './edit.ts'
import { createObject, objectOf, type TableObject, takeOut } from './table-objects.ts'

const operations = ['insert', 'update', 'delete'] as const

const eventTrigger: TableObject = {
  type: 'event_trigger',
  list: 'event_triggers',
  by: 'name',
  read: (args, name) => {
    checkTrigger(args, name)
    return triggerOf(name, args)
  },
  refused: ({ entry, source }, name, args) => {
    if (flag(args, 'replace')) return objectOf(entry, eventTrigger, name) ? undefined : noTrigger(name)
    const taken = source.tables?.some(each => objectOf(each, eventTrigger, name))
    return taken ? alreadyExists(`event trigger with name "${name}" already exists`) : undefined
  },
  missing: (_, name) => noTrigger(name),
}

function noTrigger(name: string): RequestError {
  return notExists(`event trigger with name "${name}" does not exist`)
}

export const triggerEdits: Record<string, Edit> = {
  create_event_trigger: createObject(eventTrigger),
  /** Their names are the source's: no table is named. */
  delete_event_trigger: (draft, args) => {
    const name = text(args, 'name')
    const { tables = [] } = sourceOf(draft, sourceName(args))
    if (!tables.some(entry => takeOut(entry, eventTrigger, name))) throw noTrigger(name)
    return {}
  },
  pause_event_trigger_cleanups: (draft, args) => toggled(draft, args, true),
  resume_event_trigger_cleanups: (draft, args) => toggled(draft, args, false),
  create_cron_trigger: (draft, args) => {
    const name = text(args, 'name')
    const triggers = cronTriggersOf(draft)
    const known = triggers.some(each => each.name === name)
    if (known && !flag(args, 'replace')) throw alreadyExists(`cron trigger with name: ${name} already exists`)
    checkHeaders(args.headers, '$.headers')
    checkSchedule(text(args, 'schedule'))
    const trigger = {
      name,
      webhook: webhookOf(args),
      schedule: text(args, 'schedule'),
      include_in_metadata: args.include_in_metadata !== false,
      ...without(args, 'name', 'webhook', 'schedule', 'include_in_metadata', 'replace'),
    }
    draft.cron_triggers = [...triggers.filter(each => each.name !== name), trigger]
    return { touched: [{ type: 'cron_trigger', name: `cron_trigger ${name}` }] }
  },
  delete_cron_trigger: (draft, args) => {
    const name = text(args, 'name')
    const triggers = cronTriggersOf(draft)
    if (!removeFrom(triggers, each => each.name === name))
      throw notExists(`cron trigger with name: "${name}" does not exist`)
    draft.cron_triggers = triggers
    return {}
  },
}

/** Of all triggers of sources (`{sources: '*'}` or a list), or of those that are named, as far as they have a cleanup. */
function toggled(draft: Metadata, args: Args, paused: boolean): Edited {
  const { event_triggers: which } = args
  const chosen = isObject(which)
    ? which.sources === '*'
      ? draft.sources
      : list(which, 'sources', '$.event_triggers').map(name => sourceOf(draft, String(name)))
    : []
  for (const { tables = [] } of chosen) for (const entry of tables) pause(entry.event_triggers, paused)
  if (isObject(which)) return {}
  for (const [position, item] of list(args, 'event_triggers').entries()) {
    const path = `$.event_triggers[${position}]`
    const qualifier = objectArgs(item)
    const { tables = [] } = sourceOf(draft, text(qualifier, 'source_name', path))
    for (const name of list(qualifier, 'event_triggers', path).map(String)) {
      const found = tables.flatMap(({ event_triggers = [] }) =>
        event_triggers.filter(each => each.name === name),
      )
      if (found.length === 0) throw noTrigger(name)
      pause(found, paused)
    }
  }
  return {}
}

function pause(triggers: EventTriggerMetadata[] = [], paused: boolean): void {
  for (const trigger of triggers)
    if (isObject(trigger.cleanup_config)) trigger.cleanup_config = { ...trigger.cleanup_config, paused }
}

function checkCleanup(config: unknown): void {
  if (config === undefined || config === null) return
  if (!cleanupOf(config))
    throw parseFailed('$.cleanup_config', 'clear_older_than, batch_size and timeout are numbers')
  const fault = scheduleFault(text(objectArgs(config), 'schedule', '$.cleanup_config'))
  if (fault !== undefined) throw parseFailed('$.cleanup_config.schedule', fault)
}

function checkSchedule(schedule: string): void {
  const fault = scheduleFault(schedule)
  if (fault !== undefined) throw parseFailed('$.schedule', fault)
}

export function cronTriggersOf({ cron_triggers }: Metadata): { name: string; [key: string]: unknown }[] {
  return Array.isArray(cron_triggers) ? cron_triggers : []
}

function webhookOf(args: Args): string {
  if (isObject(args.webhook) && typeof args.webhook.from_env === 'string')
    return `{{${args.webhook.from_env}}}`
  return text(args, 'webhook')
}

function checkTrigger(args: Args, name: string): void {
  if (!/^[A-Za-z0-9_-]+$/.test(name))
    throw parseFailed('$.name', 'only alphanumeric and underscore and hyphens allowed for name')
  if (name.length > 42) throw parseFailed('$.name', 'event trigger name can be at most 42 characters')
  table(args)
  if (!operations.some(operation => isObject(args[operation])) && !flag(args, 'enable_manual'))
    throw parseFailed('$', 'atleast one amongst insert/update/delete/enable_manual spec must be provided')
  if (args.webhook === undefined && args.webhook_from_env === undefined)
    throw parseFailed('$', 'expecting webhook or webhook_from_env')
  if (args.webhook !== undefined && args.webhook_from_env !== undefined)
    throw parseFailed('$', 'only one of webhook or webhook_from_env should be given')
  checkHeaders(args.headers, '$.headers')
  checkCleanup(args.cleanup_config)
}

function triggerOf(name: string, args: Args): EventTriggerMetadata {
  const definition = without({
    enable_manual: flag(args, 'enable_manual'),
    insert: args.insert,
    update: args.update,
    delete: args.delete,
  }) as EventTriggerMetadata['definition']
  return without({
    name,
    definition,
    retry_conf: {
      num_retries: 0,
      interval_sec: 10,
      timeout_sec: 60,
      ...(isObject(args.retry_conf) ? args.retry_conf : {}),
    },
    webhook: optionalText(args, 'webhook') ?? undefined,
    webhook_from_env: optionalText(args, 'webhook_from_env') ?? undefined,
    headers: args.headers as EventTriggerMetadata['headers'],
    request_transform: args.request_transform,
    response_transform: args.response_transform,
    cleanup_config: args.cleanup_config,
    trigger_on_replication: args.trigger_on_replication,
  }) as EventTriggerMetadata
}
