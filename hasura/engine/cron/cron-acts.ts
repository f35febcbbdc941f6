/** Commands about schedules. */
import { RequestError } from '../errors.ts'
import type { Act } from '../metadata-api/acts.ts'
import {
  type Args,
  count,
  flag,
  isObject,
  list,
  optionalText,
  parseFailed,
  text,
} from '../metadata-api/arguments.ts'
import { checkHeaders } from '../metadata-edits/actions.ts'
import { prepareSchedule, type Scheduled, tablesOf } from './catalog.ts'
import type { CronRunner } from './cron-runner.ts'
import { cronTriggers } from './schedule.ts'
import { type HistoryPage, scheduledEvents, scheduledInvocations } from './schedule-history.ts'

const retryDefaults = {
  num_retries: 0,
  retry_interval_seconds: 10,
  timeout_seconds: 60,
  tolerance_seconds: 21_600,
}

export function cronActs(runner: CronRunner): Record<string, Act> {
  const poolOf = () => {
    const pool = runner.pool()
    if (!pool)
      throw new RequestError('unexpected', '$.args', 'there is no database that keeps scheduled events')
    return pool
  }
  const ready = async () => {
    const pool = poolOf()
    await prepareSchedule(pool)
    return pool
  }
  return {
    async get_cron_triggers({ control }) {
      const triggers = cronTriggers(control.current().metadata)
      return {
        cron_triggers: triggers.map(trigger => ({
          ...trigger,
          retry_conf: { ...retryDefaults, ...trigger.retry_conf },
        })),
      }
    },
    async create_scheduled_event(_, args) {
      const webhook = isObject(args.webhook)
        ? `{{${text(args.webhook, 'from_env', '$.webhook')}}}`
        : text(args, 'webhook')
      const at = new Date(text(args, 'schedule_at'))
      if (Number.isNaN(at.getTime())) throw parseFailed('$.schedule_at', 'expected a time in ISO 8601')
      checkHeaders(args.headers, '$.headers')
      const pool = await ready()
      const { rows } = await pool.query<{ id: string }>(
        `insert into hdb_catalog.hdb_scheduled_events
           (webhook_conf, scheduled_time, retry_conf, payload, header_conf, comment)
         values ($1, $2, $3, $4, $5, $6) returning id`,
        [
          webhook,
          at.toISOString(),
          JSON.stringify(retryOf(args)),
          JSON.stringify(args.payload ?? null),
          JSON.stringify(args.headers ?? []),
          optionalText(args, 'comment'),
        ],
      )
      return { message: 'success', event_id: rows[0]?.id }
    },
    async delete_scheduled_event(_, args) {
      const [events] = tablesOf(kindOf(args))
      const pool = await ready()
      const { rowCount } = await pool.query(`delete from ${events} where id = $1`, [text(args, 'event_id')])
      if (rowCount === 0) throw new RequestError('not-exists', '$.args', 'event not found')
      return { message: 'success' }
    },
    async get_scheduled_events(_, args) {
      const kind = kindOf(args)
      const trigger = kind === 'cron' ? text(args, 'trigger_name') : null
      const statuses = statusesOf(args)
      const page = pageOf(args)
      const { count, rows } = await scheduledEvents(await ready(), kind, { trigger, statuses, ...page })
      return { ...(count === undefined ? {} : { count }), events: rows }
    },
    async get_scheduled_event_invocations(_, args) {
      const kind = kindOf(args)
      const event = optionalText(args, 'event_id')
      const trigger = kind === 'cron' && event === null ? text(args, 'trigger_name') : null
      const page = pageOf(args)
      const { count, rows } = await scheduledInvocations(await ready(), kind, { trigger, event, ...page })
      return { ...(count === undefined ? {} : { count }), invocations: rows }
    },
  }
}

/** A webhook may take less than the ten minutes after which its event is anybody's. */
const longestTimeoutSeconds = 540

function retryOf({ retry_conf }: Args): typeof retryDefaults {
  const given = isObject(retry_conf) ? retry_conf : {}
  const read = (key: keyof typeof retryDefaults) => count(given, key, retryDefaults[key])
  const timeout_seconds = read('timeout_seconds')
  if (timeout_seconds > longestTimeoutSeconds)
    throw parseFailed('$.retry_conf.timeout_seconds', `expected at most ${longestTimeoutSeconds}`)
  return {
    num_retries: read('num_retries'),
    retry_interval_seconds: read('retry_interval_seconds'),
    timeout_seconds,
    tolerance_seconds: read('tolerance_seconds'),
  }
}

function kindOf(args: Args): Scheduled['kind'] {
  const type = text(args, 'type')
  if (type === 'cron') return 'cron'
  if (type === 'one_off') return 'single'
  throw parseFailed('$.type', 'expected "cron" or "one_off"')
}

const mostRows = 1000

function pageOf(args: Args): HistoryPage {
  const limit = Math.min(count(args, 'limit', 100), mostRows)
  return { limit, offset: count(args, 'offset', 0), withCount: flag(args, 'get_rows_count') }
}

const known = ['scheduled', 'locked', 'delivered', 'error', 'dead']

function statusesOf(args: Args): string[] {
  const statuses = args.status === undefined || args.status === null ? [] : list(args, 'status').map(String)
  const other = statuses.find(status => !known.includes(status))
  if (other !== undefined) throw parseFailed('$.status', `unexpected status "${other}"`)
  return statuses
}
