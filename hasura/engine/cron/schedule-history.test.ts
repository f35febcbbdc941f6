import { test } from 'tap'
import { createMetadataApi } from '../metadata-api/metadata-api.ts'
import { cronActs } from './cron-acts.ts'
import { admin, daily, elapse, setUp, statuses, until } from './test-cron.ts'

test('what was asked and answered is told in pages, of a trigger, of an event, and of single events', async t => {
  const { engine, hook, start, sql } = await setUp(t, url => [
    daily(url, { webhook: `${url}/500`, retry_conf: { num_retries: 1, retry_interval_seconds: 0 } }),
  ])
  const runner = start()
  const api = createMetadataApi({ control: engine.control, acts: cronActs(runner) })
  const run = (type: string, args: unknown) =>
    api.run({ body: { type, args }, session: admin, door: 'metadata' }) as Promise<Answered>
  type Answered = { count?: number; event_id: string; events: { id: string }[]; invocations: unknown[] }
  await runner.sync()
  await sql(elapse(0))
  const digits = '50755254975729665'
  await run('create_scheduled_event', {
    webhook: `${hook.url}/204`,
    schedule_at: new Date().toISOString(),
    payload: { b: 2 },
  })
  await until(async () => (await sql(statuses)).some(({ status }) => status === 'error'))
  await until(() => hook.calls.some(({ path }) => path === '/204'))
  await runner.close()
  await sql(`update hdb_catalog.hdb_scheduled_events set payload = '{"b": ${digits}}'`)
  const failed = await run('get_scheduled_events', { type: 'cron', trigger_name: 'daily', status: ['error'] })
  t.equal(failed.count, undefined)
  t.match(failed.events, [{ trigger_name: 'daily', status: 'error', tries: 2, scheduled_time: /Z$/ }])
  const few = { type: 'cron', trigger_name: 'daily', limit: 3, offset: 1, get_rows_count: true }
  const page = await run('get_scheduled_events', few)
  t.same([page.count, page.events.length], [100, 3])
  const all = { type: 'cron', trigger_name: 'daily', limit: 1, get_rows_count: true }
  t.match(await run('get_scheduled_event_invocations', all), {
    count: 2,
    invocations: [{ status: 500, event_id: failed.events[0]?.id, request: { payload: { name: 'daily' } } }],
  })
  const one = { type: 'cron', event_id: failed.events[0]?.id ?? '' }
  t.equal((await run('get_scheduled_event_invocations', one)).invocations.length, 2)
  t.match(await run('get_scheduled_event_invocations', { type: 'one_off' }), {
    invocations: [{ status: 204 }],
  })
  t.match(JSON.stringify(await run('get_scheduled_events', { type: 'one_off' })), new RegExp(`"b":${digits}`))
  for (const [type, args] of [
    ['get_scheduled_events', { type: 'other' }],
    ['get_scheduled_events', { type: 'cron' }],
    ['get_scheduled_events', { type: 'one_off', limit: -1 }],
    ['get_scheduled_events', { type: 'one_off', status: ['gone'] }],
    ['create_scheduled_event', { webhook: 'x', schedule_at: '2999-01-01', retry_conf: { num_retries: 'x' } }],
    [
      'create_scheduled_event',
      { webhook: 'x', schedule_at: '2999-01-01', retry_conf: { timeout_seconds: 900 } },
    ],
  ] as const)
    await t.rejects(run(type, args), { code: 'parse-failed' }, `${type} ${JSON.stringify(args)}`)
})

test('an event that could not be sent says why', async t => {
  const { engine, start, errors } = await setUp(t, () => [])
  const runner = start()
  const api = createMetadataApi({ control: engine.control, acts: cronActs(runner) })
  const run = (type: string, args: unknown) =>
    api.run({ body: { type, args }, session: admin, door: 'metadata' }) as Promise<{ invocations: unknown[] }>
  const schedule_at = new Date().toISOString()
  await run('create_scheduled_event', { webhook: '{{NOWHERE}}/x', schedule_at })
  await until(() => errors.length > 0)
  await runner.close()
  t.match(await run('get_scheduled_event_invocations', { type: 'one_off' }), {
    invocations: [
      { status: null, response: { data: { message: "environment variable 'NOWHERE' not set" } } },
    ],
  })
})
