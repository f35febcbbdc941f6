import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { cronActs } from '../cron/cron-acts.ts'
import { createEngine } from '../engine.ts'
import { eventActs } from '../events/event-acts.ts'
import type { Metadata } from '../metadata-types.ts'
import { createMetadataApi } from './metadata-api.ts'

const admin = { role: 'admin', vars: {} }

async function setUp(t: Test) {
  const { pool } = await createTestDatabase(t)
  await pool.query(`create schema library;
    create table author (id int primary key, first text, last text, unique (first, last));
    create table library.book (id int primary key, author int references author (id), constraint by_name
      foreign key (id) references author (id));
    create table cover (book int unique references library.book (id), first text, last text,
      foreign key (last, first) references author (last, first));
    create table untracked (author int references author (id));
    create view names as select first from author`)
  const metadata: Metadata = {
    sources: [
      {
        name: 'default',
        tables: [
          { table: 'author' },
          {
            table: { schema: 'library', name: 'book' },
            object_relationships: [{ name: 'writer', using: { foreign_key_constraint_on: 'author' } }],
          },
          { table: 'cover' },
        ],
      },
    ],
  }
  const engine = await createEngine({ metadata, pools: { default: pool } })
  t.teardown(() => engine.close())
  const open = () => {
    const api = createMetadataApi({ control: engine.control })
    return (type: string, args: unknown = {}) =>
      api.run({ body: { type, args }, session: admin, door: 'metadata' }) as Promise<Record<string, unknown>>
  }
  return { run: open(), open, pool }
}

const author = { schema: 'public', name: 'author' }
const book = { schema: 'library', name: 'book' }
const cover = { schema: 'public', name: 'cover' }

test('for each foreign key between tracked tables the relationship and the way back are suggested', async t => {
  const { run } = await setUp(t)
  const { relationships } = await run('pg_suggest_relationships', { tables: [cover] })
  const names = { table: cover, columns: ['last', 'first'], constraint_name: 'cover_last_first_fkey' }
  const whole = { table: author, columns: ['last', 'first'] }
  const key = { table: cover, columns: ['book'], constraint_name: 'cover_book_fkey' }
  t.same(relationships, [
    { type: 'object', from: key, to: { table: book, columns: ['id'] } },
    { type: 'object', from: { table: book, columns: ['id'] }, to: key },
    { type: 'object', from: names, to: whole },
    { type: 'array', from: whole, to: names },
  ])
  const all = (await run('pg_suggest_relationships')).relationships as unknown[]
  t.equal(all.length, 8)
  const left = (await run('pg_suggest_relationships', { omit_tracked: true })).relationships as unknown[]
  const tracked = {
    type: 'object',
    from: { table: book, columns: ['author'], constraint_name: 'book_author_fkey' },
    to: { table: author, columns: ['id'] },
  }
  t.ok(all.some(each => JSON.stringify(each) === JSON.stringify(tracked)))
  t.notOk(left.some(each => JSON.stringify(each) === JSON.stringify(tracked)))
  t.equal(left.length, 7, 'the way back is not tracked')
  await t.rejects(run('pg_suggest_relationships', { source: 'none' }), { code: 'not-exists' })
})

test('the state of console and CLI outlives the process, each its own', async t => {
  const { run, open } = await setUp(t)
  const empty = await run('get_catalog_state')
  t.match(empty, { id: /^[0-9a-f-]{36}$/, cli_state: {}, console_state: {} })
  t.same(await run('set_catalog_state', { type: 'cli', state: { a: [1] } }), { message: 'success' })
  await run('set_catalog_state', { type: 'console', state: { b: 2 } })
  await run('set_catalog_state', { type: 'cli', state: { a: [2] } })
  const again = open()
  t.same(await again('get_catalog_state'), { id: empty.id, cli_state: { a: [2] }, console_state: { b: 2 } })
  await t.rejects(run('set_catalog_state', { type: 'other', state: {} }), { code: 'parse-failed' })
  await t.rejects(run('set_catalog_state', { type: 'cli', state: 1 }), { code: 'parse-failed' })
  const long = { x: 'x'.repeat(1_000_001) }
  await t.rejects(run('set_catalog_state', { type: 'cli', state: long }), { code: 'validation-failed' })
})

test('what could be tracked is listed, and of what kinds sources are', async t => {
  const { run } = await setUp(t)
  const tables = (await run('pg_get_source_tables', { source: 'default' })) as unknown as { schema: string }[]
  const ours = tables.filter(({ schema }) => ['public', 'library'].includes(schema))
  t.notOk(tables.some(({ schema }) => /^pg_|information_schema|hdb_catalog/.test(schema)))
  t.same(ours, [
    { schema: 'library', name: 'book' },
    author,
    cover,
    { schema: 'public', name: 'names' },
    { schema: 'public', name: 'untracked' },
  ])
  t.match(await run('list_source_kinds'), { sources: [{ kind: 'postgres', builtin: true, available: true }] })
})

/** Every command of Hasura's documentation, for Postgres and for the whole. */
const documented =
  `add_collection_to_allowlist add_computed_field add_host_to_tls_allowlist add_inherited_role
  add_query_to_collection add_remote_schema add_remote_schema_permissions add_source bulk bulk_atomic
  bulk_keep_going cleanup_event_trigger_logs clear_metadata create_action create_action_permission
  create_array_relationship create_cron_trigger create_delete_permission create_event_trigger
  create_function_permission create_insert_permission create_logical_model_select_permission
  create_object_relationship create_query_collection create_remote_relationship
  create_remote_schema_remote_relationship create_rest_endpoint create_scheduled_event create_select_permission
  create_update_permission dc_add_agent dc_delete_agent delete_cron_trigger delete_event_trigger
  delete_remote_relationship delete_remote_schema_remote_relationship delete_scheduled_event drop_action
  drop_action_permission drop_collection_from_allowlist drop_computed_field drop_delete_permission
  drop_function_permission drop_host_from_tls_allowlist drop_inconsistent_metadata drop_inherited_role
  drop_insert_permission drop_logical_model_select_permission drop_query_collection drop_query_from_collection
  drop_relationship drop_remote_schema_permissions drop_rest_endpoint drop_select_permission drop_source
  drop_update_permission dump_internal_state export_metadata get_catalog_state get_cron_triggers get_event_by_id
  get_event_invocation_logs get_event_logs get_inconsistent_metadata get_logical_model get_native_query
  get_scheduled_event_invocations get_scheduled_events get_source_kind_capabilities get_source_tables
  get_source_trackables get_stored_procedure get_table_info introspect_remote_schema invoke_event_trigger
  list_source_kinds pause_event_trigger_cleanups redeliver_event reload_metadata reload_remote_schema
  remove_api_limits remove_metrics_config remove_remote_schema rename_query_collection rename_relationship
  rename_source replace_metadata resume_event_trigger_cleanups run_sql set_api_limits
  set_apollo_federation_config set_catalog_state set_custom_types set_function_customization
  set_graphql_schema_introspection_options set_metrics_config set_opentelemetry_config
  set_opentelemetry_status set_permission_comment set_query_tags set_relationship_comment
  set_table_customization set_table_is_enum suggest_relationships test_connection_template
  test_webhook_transform track_function track_logical_model track_native_query track_stored_procedure
  track_table track_tables untrack_function untrack_logical_model untrack_native_query
  untrack_stored_procedure untrack_table untrack_tables update_action update_remote_relationship
  update_remote_schema update_remote_schema_remote_relationship update_scope_of_collection_in_allowlist
  update_source`.split(/\s+/)

test('no documented command is unknown: it is served, or says what this server has not', async t => {
  const { pool } = await createTestDatabase(t)
  const engine = await createEngine({ metadata: { sources: [] }, pools: { default: pool } })
  t.teardown(() => engine.close())
  const runner = {
    sync: async () => undefined,
    wake: () => undefined,
    pool: () => pool,
    close: async () => undefined,
  }
  const api = createMetadataApi({
    control: engine.control,
    allowRunSql: true,
    acts: { ...eventActs(runner), ...cronActs(runner) },
  })
  const answered = (type: string) =>
    api.run({ body: { type, args: { source: 'none' } }, session: admin, door: 'metadata' }).then(
      () => undefined,
      (cause: Error) => cause.message,
    )
  for (const type of documented) {
    t.notMatch(await answered(type), /unknown metadata command/, type)
    if (!type.startsWith('bulk'))
      t.notMatch(await answered(`pg_${type}`), /unknown metadata command/, `pg_${type}`)
  }
  const bare = createMetadataApi({ control: engine.control })
  for (const type of ['pg_get_event_logs', 'redeliver_event', 'create_scheduled_event', 'run_sql'])
    await t.rejects(bare.run({ body: { type, args: {} }, session: admin, door: 'metadata' }), {
      code: 'not-supported',
    })
  for (const type of ['constructor', '__proto__', 'toString', 'no_such_command'])
    t.match(await answered(type), /unknown metadata command/, type)
})
