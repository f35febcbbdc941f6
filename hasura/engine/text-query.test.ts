import { createTestDatabase } from '@glimmr/dev/testing'
import { test } from 'tap'
import { asParameterText, runRows } from './run.ts'
import { queryText } from './text-query.ts'

test('everything comes as Postgres writes it: no number, date or JSON is parsed', async t => {
  const { pool } = await createTestDatabase(t)
  const client = await pool.connect()
  const text = `select 12345678901234567890.10, null, '{"a": 1.0}'::json, true, $1::int8`
  t.same(await queryText(client, { text, values: ['9007199254740993'], name: undefined }), [
    ['12345678901234567890.10', null, '{"a": 1.0}', 't', '9007199254740993'],
  ])
  t.same(await queryText(client, { text: 'select 1 where false', values: [], name: undefined }), [])
  t.same(await queryText(client, { text: '', values: [], name: undefined }), [])
  client.release()
})

test('a list reaches Postgres as it is, whatever is in it', async t => {
  const { pool } = await createTestDatabase(t)
  const list = ['a,b', '"q"', '\\', '{}', '', ' ', 'NULL', 'null', null, "';drop", '\u{1F600}\n']
  const execution = { values: [list], name: undefined, timeMs: 0, signal: undefined }
  const [[json] = []] = await runRows(pool, { ...execution, text: 'select to_json($1::text[])' })
  t.same(JSON.parse(json ?? ''), list)
  t.equal(asParameterText([]), '{}')
})

test('a named statement is prepared once on its connection', async t => {
  const { pool } = await createTestDatabase(t)
  const client = await pool.connect()
  const statement = { text: 'select $1::text', name: 'of_the_test' }
  for (const value of ['a', null, '']) {
    t.same(await queryText(client, { ...statement, values: [value] }), [[value]])
    const { rows } = await client.query(
      'select name, calls from (select name, generic_plans + custom_plans as calls from pg_prepared_statements) s',
    )
    t.match(rows, [{ name: 'of_the_test' }])
  }
  // Its own and pg's queries know of each other's statements.
  const { rows } = await client.query({ ...statement, values: ['b'] })
  t.same(rows, [{ text: 'b' }])
  client.release()
})

test('what Postgres refuses is told, and the connection goes on', async t => {
  const { pool } = await createTestDatabase(t)
  const client = await pool.connect()
  const refused = (text: string, values: string[] = [], name?: string) =>
    queryText(client, { text, values, name }).catch((cause: unknown) => cause)
  t.match(await refused('select nothing', [], 'never'), { code: '42703' })
  t.match(await refused('select $1::int', ['x'], 'sometimes'), { code: '22P02' })
  t.match(await refused('select $1::int', ['1', '2'], 'sometimes'), { code: '08P01' })
  t.match(await refused('copy (select 1) to stdout'), [])
  t.match(await refused('create temp table given (a int)'), [])
  t.match(await refused('copy given from stdin'), { code: '57014' })
  t.same(await queryText(client, { text: 'select $1::int', values: ['3'], name: 'sometimes' }), [['3']])
  client.release()
})

test('a connection that is lost is told to whoever waits on it', async t => {
  const { pool } = await createTestDatabase(t)
  const client = await pool.connect()
  client.on('error', () => undefined)
  const text = 'select pg_terminate_backend(pg_backend_pid())'
  await t.rejects(queryText(client, { text, values: [], name: undefined }))
  await t.rejects(queryText(client, { text: 'select 1', values: [], name: undefined }))
  client.release(true)
})
