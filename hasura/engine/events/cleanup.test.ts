import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine } from '../engine.ts'
import { createMetadataApi } from '../metadata-api/metadata-api.ts'
import type { Metadata } from '../metadata-types.ts'
import { createWebhookClient } from '../webhook/webhook-client.ts'
import { createCleaner } from './cleanup.ts'
import { eventActs } from './event-acts.ts'
import { createEventRunner } from './event-runner.ts'

const session = { role: 'admin', vars: {} }
const cleanup_config = { schedule: '0 3 * * *', clear_older_than: 168, batch_size: 2 }

async function setUp(t: Test, config: object | null = cleanup_config) {
  const { pool } = await createTestDatabase(t)
  await pool.query('create table note (id int primary key)')
  const trigger = (name: string, more: object) => ({
    name,
    definition: { insert: { columns: '*' as const } },
    webhook: 'http://127.0.0.1:9/',
    ...more,
  })
  const metadata: Metadata = {
    sources: [
      {
        name: 'default',
        tables: [
          {
            table: 'note',
            event_triggers: [
              trigger('kept', {}),
              trigger('cleaned', config ? { cleanup_config: config } : {}),
            ],
          },
        ],
      },
    ],
  }
  const engine = await createEngine({ metadata, pools: { default: pool } })
  t.teardown(() => engine.close())
  const client = createWebhookClient()
  t.teardown(() => client.close())
  const runner = createEventRunner({ control: engine.control, client, intervalMs: 3_600_000 })
  await runner.sync()
  await runner.close()
  const api = createMetadataApi({ control: engine.control, acts: eventActs(runner) })
  const run = (type: string, args: unknown) => api.run({ body: { type, args }, session, door: 'metadata' })
  await pool.query(`insert into hdb_catalog.event_log (id, trigger_name, schema_name, table_name, payload, delivered, error, archived, locked, created_at)
    select name || '-' || kind, name, 'public', 'note', '{}', kind in ('delivered', 'young', 'held'), kind = 'error', kind = 'archived',
      case when kind = 'held' then now() end, now() at time zone 'utc' - interval '1 hour' * case when kind = 'young' then 1 else 200 end
    from unnest(array['kept', 'cleaned']) as name, unnest(array['delivered', 'error', 'archived', 'young', 'waiting', 'held']) as kind;
    insert into hdb_catalog.event_invocation_logs (event_id, trigger_name) values ('cleaned-delivered', 'cleaned'), ('kept-delivered', 'kept')`)
  const ids = async () =>
    (
      await pool.query(`select id from hdb_catalog.event_log where trigger_name = 'cleaned' order by id`)
    ).rows.map(({ id }) => id.replace('cleaned-', ''))
  const count = async (what: string) => (await pool.query(`select count(*)::int as n from ${what}`)).rows[0].n
  const errors: unknown[] = []
  const cleaner = () => createCleaner(engine.control, error => errors.push(error))
  return { run, ids, count, cleaner, errors, engine }
}

const all = ['archived', 'delivered', 'error', 'held', 'waiting', 'young']
const left = ['held', 'waiting', 'young']
const at = (time: string) => new Date(`2026-03-01T${time}:00Z`)

test("at its time a trigger forgets what is done and old, and nothing that waits, is under way or is another one's", async t => {
  const { ids, count, cleaner, errors } = await setUp(t)
  const one = cleaner()
  await one.turn(at('02:58'))
  await one.turn(at('02:59'))
  t.same(await ids(), all, 'before its time nothing goes')
  const other = cleaner()
  await other.turn(at('02:59'))
  await Promise.all([one.turn(at('03:00')), other.turn(at('03:00'))])
  t.same(await ids(), left)
  t.equal(await count(`hdb_catalog.event_log where trigger_name = 'kept'`), 6)
  t.equal(await count('hdb_catalog.event_invocation_logs where event_id is null'), 1, 'its invocations stay')
  t.same(errors, [])
})

test('a command forgets at once, with the invocations where it says so', async t => {
  const { run, ids, count } = await setUp(t)
  const args = { event_trigger_name: 'cleaned', clear_older_than: 300 }
  await run('pg_cleanup_event_trigger_logs', args)
  t.same(await ids(), all)
  await run('cleanup_event_trigger_logs', { ...args, clear_older_than: 100, clean_invocation_logs: true })
  t.same(await ids(), left)
  t.equal(await count('hdb_catalog.event_invocation_logs'), 1)
  for (const more of [
    { clear_older_than: '1' },
    { clear_older_than: -1 },
    { batch_size: 0 },
    { timeout: 'x' },
  ])
    await t.rejects(run('cleanup_event_trigger_logs', { ...args, ...more }), { code: 'parse-failed' })
  await t.rejects(run('cleanup_event_trigger_logs', { ...args, event_trigger_name: 'none' }), {
    code: 'not-exists',
  })
})

test('a cleanup that is paused does nothing until it is resumed', async t => {
  const { run, ids, cleaner, engine } = await setUp(t)
  const named = { event_triggers: [{ source_name: 'default', event_triggers: ['cleaned', 'kept'] }] }
  await run('pause_event_trigger_cleanups', named)
  const triggers = () => engine.control.current().metadata.sources[0]?.tables?.[0]?.event_triggers
  t.match(triggers(), [
    { cleanup_config: undefined },
    { cleanup_config: { ...cleanup_config, paused: true } },
  ])
  const one = cleaner()
  await one.turn(at('02:59'))
  await one.turn(at('03:00'))
  t.same(await ids(), all)
  await run('resume_event_trigger_cleanups', { event_triggers: { sources: '*' } })
  await one.turn(at('03:01'))
  t.same(await ids(), all, 'not before its next time')
  await one.turn(new Date('2026-03-02T03:00:30Z'))
  t.same(await ids(), left)
  await t.rejects(
    run('pause_event_trigger_cleanups', {
      event_triggers: [{ source_name: 'default', event_triggers: ['x'] }],
    }),
    { code: 'not-exists' },
  )
  await t.rejects(run('pause_event_trigger_cleanups', { event_triggers: { sources: ['x'] } }), {
    code: 'not-exists',
  })
})

test('a cleanup that cannot be read is refused by its command, and does nothing where it stands in the metadata', async t => {
  const { run, ids, cleaner, errors } = await setUp(t, { schedule: 'never', clear_older_than: 1 })
  const one = cleaner()
  await one.turn(at('02:59'))
  await one.turn(new Date('2027-01-01T00:00:00Z'))
  t.same([await ids(), errors], [all, []])
  const trigger = { name: 'x', table: 'note', insert: { columns: '*' }, webhook: 'http://x' }
  for (const config of [
    { schedule: '61 * * * *', clear_older_than: 1 },
    { schedule: '@daily' },
    { clear_older_than: 1 },
  ])
    await t.rejects(run('create_event_trigger', { ...trigger, cleanup_config: config }), {
      code: 'parse-failed',
    })
})
