import { readFile } from 'node:fs/promises'
import { test } from 'tap'
import { createMetadataApi } from '../metadata-api/metadata-api.ts'
import { cronActs } from './cron-acts.ts'
import { nextTimes, scheduleFault } from './schedule.ts'
import { admin, daily, elapse, never, setUp, statuses, until } from './test-cron.ts'

test('times are those of UTC: whatever zone the server is in, no day has two of them or none', t => {
  const { TZ } = process.env
  t.teardown(() => {
    if (TZ === undefined) delete process.env.TZ
    else process.env.TZ = TZ
  })
  for (const zone of ['America/New_York', 'Australia/Lord_Howe', 'UTC']) {
    process.env.TZ = zone
    for (const from of ['2026-03-07T00:00:00Z', '2026-10-31T00:00:00Z', '2026-04-03T00:00:00Z']) {
      const times = nextTimes('30 2 * * *', new Date(from), 4).map(time => time.toISOString())
      const day = Date.parse(from)
      const wanted = [0, 1, 2, 3].map(n => new Date(day + n * 86_400_000 + 9_000_000).toISOString())
      t.same(times, wanted, `${zone}, ${from}`)
    }
  }
  t.end()
})

test('a schedule has five fields and a day to come', t => {
  for (const schedule of ['* * * * *', '*/15 0-6 1,15 * 1-5', '@daily', '0 0 29 2 *'])
    t.equal(scheduleFault(schedule), undefined, schedule)
  for (const schedule of ['', '* * * *', '*/5 * * * * *', '60 * * * *', '0 0 31 2 *', 'daily', '@never'])
    t.match(scheduleFault(schedule), /is invalid/, schedule)
  t.end()
})

test('a second server, and a second start, plan and deliver each time once', async t => {
  const { hook, start, sql } = await setUp(t, url => [daily(url)])
  const planning = [start(never), start(never)]
  await Promise.all(planning.map(runner => runner.sync()))
  const [planned] = await sql(
    'select count(*)::int, count(distinct scheduled_time)::int as times from hdb_catalog.hdb_cron_events',
  )
  t.same(planned, { count: 100, times: 100 })
  await sql(elapse(0, 5))
  for (const runner of planning) await runner.close()
  const both = [start(), start()]
  await until(() => hook.calls.length >= 5)
  for (const runner of both) await runner.close()
  await start().sync()
  t.same(await sql(statuses), [{ status: 'delivered', count: 5 }])
  t.equal(new Set(hook.calls.map(({ id }) => id)).size, 5)
  t.equal(hook.calls.length, 5)
  t.match(hook.calls[0], { name: 'daily', payload: { a: 1 } })
})

test('what was missed is caught up with inside the tolerance, and dead outside of it', async t => {
  const { hook, start, sql } = await setUp(t, url => [
    daily(url, { retry_conf: { tolerance_seconds: 7200 } }),
  ])
  const planning = start(never)
  await planning.sync()
  await planning.close()
  await sql(elapse(3, 2))
  await sql(elapse(1, 1))
  start()
  await until(async () => (await sql(`${statuses}`)).every(({ status }) => /delivered|dead/.test(status)))
  t.same(await sql(statuses), [
    { status: 'dead', count: 2 },
    { status: 'delivered', count: 1 },
  ])
  t.equal(hook.calls.length, 1)
})

test('a webhook that fails is asked again as often as was said, each time as the same event', async t => {
  const { hook, start, sql } = await setUp(t, url => [
    daily(url, { webhook: `${url}/500`, retry_conf: { num_retries: 2, retry_interval_seconds: 0 } }),
  ])
  const planning = start(never)
  await planning.sync()
  await planning.close()
  await sql(elapse(0))
  start()
  await until(async () => (await sql(statuses)).some(({ status }) => status === 'error'))
  t.equal(hook.calls.length, 3)
  t.equal(new Set(hook.calls.map(({ id }) => id)).size, 1)
})

test('a webhook that does not answer holds up nobody else, and its event is taken by another after the lease', async t => {
  const { hook, start, sql } = await setUp(t, url => [
    daily(url, { name: 'slow', webhook: `${url}/hold`, retry_conf: { timeout_seconds: 1 } }),
    daily(url),
  ])
  const planning = start(never)
  await planning.sync()
  await planning.close()
  await sql(
    "update hdb_catalog.hdb_cron_events set scheduled_time = now() - interval '2 s' where id in (select min(id) from hdb_catalog.hdb_cron_events where trigger_name = 'slow')",
  )
  start()
  await until(() => hook.calls.some(({ path }) => path === '/hold'))
  await sql(
    "update hdb_catalog.hdb_cron_events set scheduled_time = now() where id in (select min(id) from hdb_catalog.hdb_cron_events where trigger_name = 'daily')",
  )
  await until(() => hook.calls.some(({ path }) => path === '/204'))
  t.equal(hook.calls.filter(({ path }) => path === '/hold').length, 1)
  // As a process leaves it that was killed.
  await sql(
    "update hdb_catalog.hdb_cron_events set status = 'locked', locked_at = now() - interval '1 hour', scheduled_time = now() where id in (select max(id) from hdb_catalog.hdb_cron_events where trigger_name = 'daily' and status = 'scheduled')",
  )
  await until(() => hook.calls.filter(({ path }) => path === '/204').length === 2)
})

test('another schedule replaces what lies ahead, even when it changed while no server ran; what is due stays', async t => {
  const { hook, start, become, sql } = await setUp(t, url => [daily(url)])
  const first = start(never)
  await first.sync()
  await first.close()
  await sql(elapse(0))
  await become([daily(hook.url, { schedule: '45 3 * * *' })])
  const second = start(never)
  await second.sync()
  const hours = await sql(
    "select distinct to_char(scheduled_time at time zone 'utc', 'HH24:MI') as at from hdb_catalog.hdb_cron_events where scheduled_time > now()",
  )
  t.same(hours, [{ at: '03:45' }])
  t.same(await sql(statuses), [{ status: 'scheduled', count: 1 }])
  await become([])
  await second.sync()
  t.same(await sql('select count(*)::int from hdb_catalog.hdb_cron_events'), [{ count: 0 }])
})

test('a schedule that cannot be read is listed, and the other triggers run', async t => {
  const { engine, hook, start, sql, errors } = await setUp(t, url => [
    daily(url, { name: 'broken', schedule: '61 * * * *' }),
    daily(url),
  ])
  t.match(engine.inconsistencies(), [{ type: 'cron_trigger', name: 'cron_trigger broken' }])
  const planning = start(never)
  await planning.sync()
  await planning.close()
  await sql(elapse(0))
  start()
  await until(() => hook.calls.length === 1)
  t.same(errors, [])
})

test('a single event is delivered at its time, with its own headers and payload, and can be taken back before', async t => {
  const { engine, hook, start, sql } = await setUp(t, () => [])
  const runner = start()
  const api = createMetadataApi({ control: engine.control, acts: cronActs(runner) })
  const run = (type: string, args: unknown) =>
    api.run({ body: { type, args }, session: admin, door: 'metadata' }) as Promise<{ event_id: string }>
  const { event_id } = await run('create_scheduled_event', {
    webhook: `${hook.url}/204`,
    schedule_at: '2999-01-01T00:00:00Z',
  })
  await run('delete_scheduled_event', { type: 'one_off', event_id })
  await t.rejects(run('delete_scheduled_event', { type: 'one_off', event_id }), { code: 'not-exists' })
  await run('create_scheduled_event', {
    webhook: `${hook.url}/204`,
    schedule_at: new Date().toISOString(),
    payload: { b: 2 },
  })
  await until(() => hook.calls.length === 1)
  t.match(hook.calls[0], { name: null, payload: { b: 2 } })
  await runner.close()
  t.same(await sql('select status from hdb_catalog.hdb_scheduled_events'), [{ status: 'delivered' }])
  await t.rejects(run('create_cron_trigger', { name: 'x', webhook: hook.url, schedule: '* * * * * *' }), {
    code: 'parse-failed',
  })
})

test('what README.md says to forget is forgotten, and what lies ahead is not', async t => {
  const { start, sql } = await setUp(t, url => [daily(url)])
  await start(never).sync()
  const { length: ahead } = await sql('select from hdb_catalog.hdb_cron_events')
  await sql(elapse(24 * 31, 2))
  await sql("update hdb_catalog.hdb_cron_events set status = 'delivered' where scheduled_time < now()")
  const told = await readFile(new URL('README.md', import.meta.url), 'utf8')
  await sql(/```sql\n([\s\S]*?)```/.exec(told)?.[1] ?? '')
  t.equal((await sql('select from hdb_catalog.hdb_cron_events')).length, ahead - 2)
})

test('a server whose clock is ahead takes no time from the schedule', async t => {
  const { start, sql } = await setUp(t, url => [daily(url, { schedule: '*/10 * * * *' })])
  const planned = 'select count(*)::int as n, min(scheduled_time) as first from hdb_catalog.hdb_cron_events'
  const right = start(never)
  await right.sync()
  await right.close()
  const before = await sql(planned)
  const { Date: clock } = globalThis
  t.teardown(() => {
    globalThis.Date = clock
  })
  globalThis.Date = class extends clock {
    constructor(...given: [number?]) {
      super(...((given.length > 0 ? given : [clock.now() + 7_200_000]) as [number]))
    }
    static override now() {
      return clock.now() + 7_200_000
    }
  } as DateConstructor
  await start(never).sync()
  globalThis.Date = clock
  t.same(await sql(planned), before)
})
