/** Event triggers of tables and cron triggers, as the metadata has them. */
import { scheduleFault } from '../cron/schedule.ts'
import {
  type Args,
  flag,
  isObject,
  optionalText,
  parseFailed,
  sourceName,
  table,
  text,
  without,
} from '../metadata-api/arguments.ts'
import type { EventTriggerMetadata, Metadata } from '../metadata-types.ts'
import { checkHeaders } from './actions.ts'
import {
  alreadyExists,
  type Edit,
  type Edited,
  inTable,
  notExists,
  removeFrom,
  sourceOf,
  trackedTable,
} from './edit.ts'

export const triggerEdits: Record<string, Edit> = {
  create_event_trigger: createEventTrigger,
  delete_event_trigger: (draft, args) => {
    const name = text(args, 'name')
    const source = sourceOf(draft, sourceName(args))
    for (const entry of source.tables ?? [])
      if (removeFrom(entry.event_triggers, each => each.name === name)) {
        if (entry.event_triggers?.length === 0) delete entry.event_triggers
        return {}
      }
    throw notExists(`event trigger with name "${name}" does not exist`)
  },
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

const operations = ['insert', 'update', 'delete'] as const

function createEventTrigger(draft: Metadata, args: Args): Edited {
  const name = text(args, 'name')
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
  const { entry, source, name: tableNamed } = trackedTable(draft, args)
  const others = (source.tables ?? []).flatMap(each => each.event_triggers ?? [])
  const replaces = flag(args, 'replace')
  if (!replaces && others.some(each => each.name === name))
    throw alreadyExists(`event trigger with name "${name}" already exists`)
  if (replaces && !entry.event_triggers?.some(each => each.name === name))
    throw notExists(`event trigger with name "${name}" does not exist`)
  const trigger = triggerOf(name, args)
  entry.event_triggers = [...(entry.event_triggers ?? []).filter(each => each.name !== name), trigger]
  return { touched: [inTable('event_trigger', name, tableNamed, source.name)] }
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
