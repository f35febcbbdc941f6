/** For tests: cron triggers over a database of their own, and a webhook that they call. */
import { setImmediate as turn } from 'node:timers/promises'
import { createTestDatabase } from '@glimmr/dev/testing'
import type { Test } from 'tap'
import { createEngine } from '../engine.ts'
import { startWebhook } from '../webhook/test-webhook.ts'
import { createWebhookClient } from '../webhook/webhook-client.ts'
import { type CronTrigger, createCronRunner } from './cron-runner.ts'

type Call = { path: string; id: string; name: string | null; scheduled_time: string; payload: unknown }
export const admin = { role: 'admin', vars: {} }

/** A webhook that answers the status its path ends with; `/hold` is never answered. */
async function webhook(t: Test) {
  const calls: Call[] = []
  const url = await startWebhook(t, (body, { url: path = '' }, response) => {
    calls.push({ path, ...JSON.parse(body) })
    if (path !== '/hold') response.writeHead(Number(path.slice(1))).end()
  })
  return { url: url.replace(/\/$/, ''), calls }
}

export async function setUp(t: Test, triggers: (url: string) => CronTrigger[]) {
  const hook = await webhook(t)
  const { pool } = await createTestDatabase(t)
  const client = createWebhookClient({ allowPrivate: true })
  const metadata = (cron_triggers: CronTrigger[]) => ({ sources: [{ name: 'default' }], cron_triggers })
  const engine = await createEngine({ metadata: metadata(triggers(hook.url)), pools: { default: pool } })
  t.teardown(() => engine.close())
  t.teardown(() => client.close())
  const errors: unknown[] = []
  const start = (intervalMs = 10) => {
    const runner = createCronRunner({
      control: engine.control,
      client,
      intervalMs,
      onError: error => errors.push(error),
    })
    t.teardown(() => runner.close())
    return runner
  }
  const become = async (cron_triggers: CronTrigger[]) =>
    engine.control.use(await engine.control.load(metadata(cron_triggers)))
  const sql = async (text: string) => (await pool.query(text)).rows
  return { hook, engine, start, become, sql, errors }
}

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('it did not happen in 20 s')
    await turn()
  }
}

export const never = 3_600_000
export const daily = (url: string, more: Partial<CronTrigger> = {}): CronTrigger => ({
  name: 'daily',
  webhook: `${url}/204`,
  schedule: '30 2 * * *',
  payload: { a: 1 },
  ...more,
})
/** The first times that lie ahead are over. */
export const elapse = (hours: number, count = 1) => `
update hdb_catalog.hdb_cron_events set scheduled_time = now() - interval '${hours} hours' - n * interval '1 second'
from (select id as due, row_number() over (order by scheduled_time) as n from hdb_catalog.hdb_cron_events
  where status = 'scheduled' and scheduled_time > now()) as ordered where id = due and n <= ${count}`
export const statuses = `select status, count(*)::int from hdb_catalog.hdb_cron_events
  where scheduled_time <= now() group by status order by status`
