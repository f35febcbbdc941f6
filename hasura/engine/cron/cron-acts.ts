/** Commands about schedules. */
import { RequestError } from '../errors.ts'
import type { Act } from '../metadata-api/acts.ts'
import { isObject, optionalText, parseFailed, text } from '../metadata-api/arguments.ts'
import { checkHeaders } from '../metadata-edits/actions.ts'
import { prepareSchedule } from './catalog.ts'
import type { CronRunner } from './cron-runner.ts'
import { cronTriggers } from './schedule.ts'

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
      const pool = poolOf()
      await prepareSchedule(pool)
      const { rows } = await pool.query<{ id: string }>(
        `insert into hdb_catalog.hdb_scheduled_events
           (webhook_conf, scheduled_time, retry_conf, payload, header_conf, comment)
         values ($1, $2, $3, $4, $5, $6) returning id`,
        [
          webhook,
          at.toISOString(),
          JSON.stringify({ ...retryDefaults, ...(isObject(args.retry_conf) ? args.retry_conf : {}) }),
          JSON.stringify(args.payload ?? null),
          JSON.stringify(args.headers ?? []),
          optionalText(args, 'comment'),
        ],
      )
      return { message: 'success', event_id: rows[0]?.id }
    },
    async delete_scheduled_event(_, args) {
      const table = args.type === 'cron' ? 'hdb_cron_events' : 'hdb_scheduled_events'
      const pool = poolOf()
      await prepareSchedule(pool)
      const { rowCount } = await pool.query(`delete from hdb_catalog.${table} where id = $1`, [
        text(args, 'event_id'),
      ])
      if (rowCount === 0) throw new RequestError('not-exists', '$.args', 'event not found')
      return { message: 'success' }
    },
    async get_scheduled_events(_, args) {
      const cron = args.type === 'cron'
      const pool = poolOf()
      await prepareSchedule(pool)
      const limit = typeof args.limit === 'number' ? Math.min(args.limit, 1000) : 100
      const columns = cron
        ? 'id, trigger_name, scheduled_time, status, tries, created_at, next_retry_at'
        : 'id, webhook_conf, scheduled_time, retry_conf, payload, header_conf, status, tries, created_at, next_retry_at, comment'
      const { rows } = await pool.query(
        `select ${columns} from hdb_catalog.${cron ? 'hdb_cron_events' : 'hdb_scheduled_events'}
         where $2::text is null or ${cron ? 'trigger_name' : 'id'} = $2 order by scheduled_time limit $1`,
        [limit, cron ? optionalText(args, 'trigger_name') : null],
      )
      return { events: rows }
    },
  }
}
