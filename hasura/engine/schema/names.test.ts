import { createTestDatabase } from '@glimmr/dev/testing'
import { buildClientSchema, getIntrospectionQuery, validateSchema } from 'graphql'
import { type Test, test } from 'tap'
import { createEngine } from '../engine.ts'
import type { Metadata } from '../metadata-types.ts'

const schema = `
  create type "my mood" as enum ('a');
  create table plain (id serial primary key, "Weird Name" int, "2nd" float8, mood "my mood", moods "my mood"[]);
  create table keyed ("the id" int primary key, v int, mail text, constraint "uq-mail" unique (mail));
  create table named (id int constraint "named-pk" primary key, p int references plain);
  create table bare ("the id" int primary key);
  create function label(p plain, "sep arator" text) returns text language sql stable as $$ select 'x' $$;
  create function mood(p plain) returns "my mood" language sql stable as $$ select p.mood $$;
  create function find("bad arg" int) returns setof plain language sql stable as $$ select * from plain $$;
  create function moody(a "my mood") returns setof plain language sql stable as $$ select * from plain $$;
  create function fine(p plain, a int) returns text language sql stable as $$ select 'y' $$;`

const using = { foreign_key_constraint_on: { table: 'named', column: 'p' } }
const computed = (name: string, fn = name) => ({ name, definition: { function: fn } })
const metadata: Metadata = {
  sources: [
    {
      name: 'default',
      tables: [
        {
          table: 'plain',
          array_relationships: [
            { name: 'some-named', using },
            { name: 'named', using },
          ],
          computed_fields: [
            computed('com-puted', 'fine'),
            computed('label'),
            computed('tone', 'mood'),
            computed('fine'),
          ],
        },
        { table: 'keyed' },
        { table: 'named', configuration: { custom_root_fields: { select_by_pk: 'one-named' } } },
        { table: 'bare' },
      ],
      functions: [{ function: 'find' }, { function: 'moody' }],
    },
  ],
}

async function setUp(t: Test) {
  const { pool } = await createTestDatabase(t)
  await pool.query(schema)
  const engine = await createEngine({ metadata, pools: { default: pool } })
  t.teardown(() => engine.close())
  const ask = async (query: string) =>
    JSON.parse((await engine.graphql({ body: { query }, session: { role: 'admin', vars: {} } })).body)
  return { ask, engine }
}

test('a name that is none in GraphQL is nowhere in the schema, and every tool can read it', async t => {
  const { ask } = await setUp(t)
  const types = buildClientSchema((await ask(getIntrospectionQuery())).data)
  // A table of which nothing can be named has a type without fields, and is no use to anybody.
  const faults = validateSchema(types).map(({ message }) => message)
  t.same(
    faults.filter(message => !/must define one or more fields/.test(message)),
    [],
  )
  const fields = (type: string) => {
    const found = types.getType(type)
    return found && 'getFields' in found ? Object.keys(found.getFields()).toSorted() : []
  }
  t.same(fields('plain'), ['fine', 'id', 'named', 'named_aggregate'])
  for (const type of ['plain_set_input', 'plain_inc_input', 'plain_stream_cursor_value_input'])
    t.same(fields(type), ['id'], type)
  t.same(fields('keyed_insert_input'), ['mail', 'v'])
  const roots = [...fields('query_root'), ...fields('mutation_root'), ...fields('subscription_root')]
  for (const root of ['keyed_by_pk', 'update_keyed_by_pk', 'bare_stream', 'find', 'moody', 'one-named'])
    t.notOk(roots.includes(root), root)
  t.ok(roots.includes('update_named_by_pk'), 'the name of a key is not needed for it')
  t.notOk(types.getType('named_constraint'))
  t.match((await ask('{ __type(name: "keyed_constraint") { enumValues { name } } }')).data.__type, {
    enumValues: [{ name: 'keyed_pkey' }],
  })
})

test('of what is left out, the metadata’s own is listed with the reason', async t => {
  const { engine } = await setUp(t)
  const told = engine.inconsistencies().map(({ type, reason }) => `${type}: ${reason}`)
  const inPlain = 'Inconsistent object: in table "plain": in'
  const cannot = 'cannot be added to table "plain" because'
  const inSchema = 'in the GraphQL schema because'
  t.same(told.toSorted(), [
    `array_relation: ${inPlain} relationship "some-named": cannot include "some-named" ${inSchema} it is not a valid GraphQL identifier`,
    `computed_field: ${inPlain} computed field "com-puted": the computed field "com-puted" ${cannot} "com-puted" is not valid GraphQL name`,
    `computed_field: ${inPlain} computed field "label": the computed field "label" ${cannot} the function arguments sep arator are not in compliance with GraphQL spec`,
    `computed_field: ${inPlain} computed field "tone": the computed field "tone" ${cannot} cannot use SQL type "my mood" ${inSchema} its name is not a valid GraphQL identifier`,
    `function: Inconsistent object: in function "find": the function "find" cannot be tracked because the function arguments bad arg are not in compliance with GraphQL spec`,
    `function: Inconsistent object: in function "moody": the function "moody" cannot be tracked because cannot use SQL type "my mood" ${inSchema} its name is not a valid GraphQL identifier`,
    `table: Inconsistent object: cannot include "one-named" ${inSchema} it is not a valid GraphQL identifier`,
  ])
})
