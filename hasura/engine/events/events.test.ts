import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { createTestDatabase } from '@glimmr/dev/testing'
import pg from 'pg'
import { type Test, test } from 'tap'
import { createEngine } from '../engine.ts'
import { createMetadataApi } from '../metadata-api/metadata-api.ts'
import type { Metadata } from '../metadata-types.ts'
import { startWebhook } from '../webhook/test-webhook.ts'
import { createWebhookClient } from '../webhook/webhook-client.ts'
import { eventActs } from './event-acts.ts'
import { claimEvents } from './event-log.ts'
import { createEventRunner } from './event-runner.ts'

type Call = {
  body: {
    id: string
    trigger: { name: string }
    event: { op: string; data: unknown }
    delivery_info: { current_retry: number }
  }
}
const session = { role: 'admin', vars: {} }

/** A webhook that keeps what it is sent, and answers as it is told. */
async function webhook(t: Test, answer: (call: number, response: ServerResponse) => void) {
  const calls: Call['body'][] = []
  const waiting: (() => void)[] = []
  const url = await startWebhook(t, (body, _request, response) => {
    calls.push(JSON.parse(body))
    answer(calls.length, response)
    for (const wake of waiting.splice(0)) wake()
  })
  const arrived = async (count: number) => {
    while (calls.length < count) await new Promise<void>(done => waiting.push(done))
    return calls
  }
  return { url, calls, arrived }
}

async function setUp(t: Test, url: string, retry_conf = { num_retries: 2, interval_sec: 0, timeout_sec: 5 }) {
  const { pool } = await createTestDatabase(t)
  await pool.query('create table note (id int primary key, text text, seen int default 0)')
  const definition = {
    insert: { columns: '*' as const },
    update: { columns: ['text'] },
    delete: { columns: '*' as const },
  }
  const trigger = { name: 'note_all', definition, retry_conf, webhook: url }
  const metadata: Metadata = {
    sources: [{ name: 'default', tables: [{ table: 'note', event_triggers: [trigger] }] }],
  }
  const engine = await createEngine({ metadata, pools: { default: pool } })
  const client = createWebhookClient({ allowPrivate: true })
  const start = (leaseSeconds = 600) => {
    const runner = createEventRunner({ control: engine.control, client, intervalMs: 20, leaseSeconds })
    t.teardown(() => runner.close())
    return runner
  }
  t.teardown(async () => {
    await engine.close()
    await client.close()
  })
  const ask = (query: string) => engine.graphql({ body: { query }, session })
  return { engine, pool, start, ask }
}

const insert = 'mutation { insert_note_one(object: { id: 1, text: "a" }) { id } }'

test('a change is told once, with what was and what is; a column that nobody asked about tells nothing', async t => {
  const hook = await webhook(t, (_, response) => response.writeHead(204).end())
  const { start, ask, pool } = await setUp(t, hook.url)
  const runner = start()
  await runner.sync()
  await ask(insert)
  await ask('mutation { update_note(where: {}, _set: { seen: 1 }) { affected_rows } }')
  await ask('mutation { update_note(where: {}, _set: { text: "b" }) { affected_rows } }')
  await ask('mutation { delete_note(where: {}) { affected_rows } }')
  const calls = await hook.arrived(3)
  await runner.close()
  t.same(calls.map(({ event }) => event.op).toSorted(), ['DELETE', 'INSERT', 'UPDATE'])
  const update = calls.find(({ event }) => event.op === 'UPDATE')
  t.same(update?.event.data, { old: { id: 1, text: 'a', seen: 1 }, new: { id: 1, text: 'b', seen: 1 } })
  const { rows } = await pool.query('select count(*) from hdb_catalog.event_log where delivered')
  t.equal(rows[0].count, '3')
})

test('what README.md says to forget is forgotten with the log of its calls, and what waits is not', async t => {
  const hook = await webhook(t, (_, response) => response.writeHead(204).end())
  const { start, ask, pool } = await setUp(t, hook.url)
  const runner = start()
  await runner.sync()
  await ask(insert)
  await hook.arrived(1)
  await runner.close()
  await ask('mutation { delete_note(where: {}) { affected_rows } }')
  await pool.query("update hdb_catalog.event_log set created_at = created_at - interval '31 days'")
  const told = await readFile(new URL('README.md', import.meta.url), 'utf8')
  await pool.query(/```sql\n([\s\S]*?)```/.exec(told)?.[1] ?? '')
  const { rows } = await pool.query(
    'select (select count(*)::int from hdb_catalog.event_log) as events, (select count(*)::int from hdb_catalog.event_invocation_logs) as calls',
  )
  t.same(rows, [{ events: 1, calls: 0 }])
})

test('an event whose process was killed while it held it is delivered by the next', async t => {
  const hook = await webhook(t, (_, response) => response.writeHead(204).end())
  const { start, ask, pool } = await setUp(t, hook.url)
  const first = start()
  await first.sync()
  await first.close()
  await ask(insert)
  // Taken, and never heard of again.
  t.equal((await claimEvents(pool, 10, 600)).length, 1)
  t.equal((await claimEvents(pool, 10, 600)).length, 0, 'nobody else takes it meanwhile')
  start(0)
  const [call] = await hook.arrived(1)
  t.equal(call?.event.op, 'INSERT')
})

test('a webhook that fails is asked again as often as was said, and then no more', async t => {
  const hook = await webhook(t, (_, response) => response.writeHead(500).end())
  const { start, ask, pool } = await setUp(t, hook.url)
  const runner = start()
  await runner.sync()
  await ask(insert)
  const calls = await hook.arrived(3)
  await runner.close()
  t.same(
    calls.map(call => call.delivery_info.current_retry),
    [0, 1, 2],
  )
  const { rows } = await pool.query('select error, delivered, tries from hdb_catalog.event_log')
  t.same(rows, [{ error: true, delivered: false, tries: 3 }])
})

test('numbers of a row reach the webhook with all their digits', async t => {
  const told = Promise.withResolvers<string>()
  const url = await startWebhook(t, (body, _request, response) => {
    response.writeHead(204).end()
    told.resolve(body)
  })
  const { start, pool } = await setUp(t, url)
  await pool.query('alter table note alter column id type bigint')
  await start().sync()
  await pool.query('insert into note (id) values (50755254975729665)')
  t.match(await told.promise, /"id":50755254975729665[,}]/)
})

test('a change that is rolled back is no event', async t => {
  const hook = await webhook(t, (_, response) => response.writeHead(204).end())
  const { start, ask, pool } = await setUp(t, hook.url)
  await start().sync()
  await ask(
    'mutation { a: insert_note_one(object: { id: 1 }) { id } b: insert_note_one(object: { id: 1 }) { id } }',
  )
  const { rows } = await pool.query('select count(*) from hdb_catalog.event_log')
  t.equal(rows[0].count, '0')
})

test('a trigger that the metadata has no more is taken out of the database', async t => {
  const hook = await webhook(t, (_, response) => response.writeHead(204).end())
  const { engine, start, pool } = await setUp(t, hook.url)
  const runner = start()
  await runner.sync()
  await engine.control.use(
    await engine.control.load({ sources: [{ name: 'default', tables: [{ table: 'note' }] }] }),
  )
  await runner.sync()
  const { rows } = await pool.query("select tgname from pg_trigger where tgname like 'notify_hasura%'")
  t.same(rows, [])
})

test('a database that is away, or has much to tell, keeps no other from telling', async t => {
  const hook = await webhook(t, (_, response) => response.writeHead(204).end())
  const { pool } = await createTestDatabase(t)
  const other = await createTestDatabase(t)
  for (const each of [pool, other.pool]) await each.query('create table note (id int primary key)')
  const sourceOf = (name: string, root: string) => ({
    name,
    customization: { root_fields: { prefix: root }, type_names: { prefix: root } },
    tables: [
      {
        table: 'note',
        event_triggers: [
          { name: `note_${name}`, definition: { insert: { columns: '*' as const } }, webhook: hook.url },
        ],
      },
    ],
  })
  const metadata = { sources: [sourceOf('away', 'a_'), sourceOf('busy', 'b_'), sourceOf('calm', 'c_')] }
  const away = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' })
  t.teardown(() => away.end())
  const engine = await createEngine({ metadata, pools: { away, busy: pool, calm: other.pool } })
  t.teardown(() => engine.close())
  const client = createWebhookClient({ allowPrivate: true })
  t.teardown(() => client.close())
  const errors: unknown[] = []
  const runner = createEventRunner({
    control: engine.control,
    client,
    intervalMs: 20,
    atOnce: 1,
    batch: 5,
    onError: error => errors.push(error),
  })
  t.teardown(() => runner.close())
  await runner.sync().catch(() => undefined)
  await pool.query('insert into note select generate_series(1, 200)')
  await other.pool.query('insert into note values (1)')
  const calls = await hook.arrived(60)
  t.ok(calls.some(({ trigger }) => trigger.name === 'note_calm'))
  t.ok(errors.length > 0)
})

test('an event is told again from its first try, in whichever database it is, and not while it is told', async t => {
  const status = { now: 500 }
  const hook = await webhook(t, (_, response) => response.writeHead(status.now).end())
  const { engine, start, ask, pool } = await setUp(t, hook.url, {
    num_retries: 1,
    interval_sec: 0,
    timeout_sec: 5,
  })
  const empty = await createTestDatabase(t)
  const runner = start()
  await runner.sync()
  await ask(insert)
  const [first] = await hook.arrived(2)
  await runner.close()
  const control = {
    ...engine.control,
    current: () => ({
      ...engine.control.current(),
      metadata: { sources: [{ name: 'none' }, { name: 'empty' }, { name: 'default' }] },
    }),
    pool: (name: string) => ({ empty: empty.pool, default: pool })[name],
  }
  const acts = eventActs(runner)
  const redeliver = (event_id: string) =>
    acts.redeliver_event?.({ control } as never, { event_id }, { version: 1 })
  t.same(await redeliver(first?.id ?? ''), { message: 'success' })
  const { rows } = await pool.query('select tries, error from hdb_catalog.event_log')
  t.same(rows, [{ tries: 0, error: false }])
  await pool.query('update hdb_catalog.event_log set locked = now()')
  await t.rejects(redeliver(first?.id ?? '') ?? Promise.resolve(), { code: 'busy' })
  await t.rejects(redeliver('none') ?? Promise.resolve(), { code: 'not-exists' })
})

test('what was told, what waits and what was answered is told in pages, with all digits', async t => {
  const hook = await webhook(t, (_, response) => response.writeHead(500).end('sorry'))
  const { engine, start, pool } = await setUp(t, hook.url, {
    num_retries: 1,
    interval_sec: 0,
    timeout_sec: 5,
  })
  await pool.query('alter table note alter column id type bigint')
  const runner = start()
  const api = createMetadataApi({ control: engine.control, acts: eventActs(runner) })
  const run = (type: string, args: unknown) =>
    api.run({ body: { type, args }, session, door: 'metadata' }) as Promise<Record<string, unknown>[]>
  const name = 'note_all'
  t.same(await run('pg_get_event_logs', { name }), [], 'nothing was ever told')
  await runner.sync()
  await pool.query('insert into note (id) values (50755254975729665)')
  await hook.arrived(2)
  await runner.close()
  await pool.query('insert into note (id) values (2)')
  t.match(await run('pg_get_event_logs', { name, status: 'pending' }), [{ delivered: false, tries: 0 }])
  const [processed, ...more] = await run('pg_get_event_logs', { name, status: 'processed' })
  t.equal(more.length, 0)
  t.match(processed, { error: true, tries: 2, created_at: /^\d{4}-.*Z$/, locked: null })
  t.match(JSON.stringify(processed), /"id":50755254975729665[,}]/)
  t.equal((await run('pg_get_event_logs', { name, limit: 1, offset: 1 })).length, 1)
  t.equal((await run('pg_get_event_logs', { name: 'other' })).length, 0)
  const told = await run('pg_get_event_invocation_logs', { name, limit: 1 })
  t.match(told, [{ event_id: processed?.id, status: 500, response: { data: { body: 'sorry' } } }])
  const one = { event_id: String(processed?.id), invocation_log_limit: 5 }
  t.match(await run('pg_get_event_by_id', one), { event: processed, invocations: { length: 2 } })
  await t.rejects(run('pg_get_event_by_id', { event_id: 'none' }), {
    message: 'event id none does not exist',
  })
  await t.rejects(run('pg_get_event_logs', { name, source: 'none' }), { code: 'not-exists' })
  await t.rejects(run('pg_get_event_logs', { name, status: 'gone' }), { code: 'parse-failed' })
})
