import { createTestDatabase } from '@glimmr/dev/testing'
import { test } from 'tap'
import { createEngine } from '../engine.ts'

const schema = `
  create table site (id int primary key);
  create table probe (id serial primary key, site_id int references site, heat float8, rain float8, name text);
  insert into site values (1), (2);
  insert into probe (site_id, heat, rain, name) values (1, 1, 10, 'a'), (1, 2, 20, 'b'), (1, 3, 30, 'b'),
    (2, 1, 30, 'c'), (2, 2, 20, 'c'), (2, 3, 10, 'c');`

const tables = [
  {
    table: 'site',
    array_relationships: [
      { name: 'probes', using: { foreign_key_constraint_on: { table: 'probe', column: 'site_id' } } },
    ],
  },
  { table: 'probe' },
]

test('rows are chosen by how two columns of their relations go together', async t => {
  const { pool } = await createTestDatabase(t)
  await pool.query(schema)
  const metadata = { sources: [{ name: 'default', tables }] }
  const engine = await createEngine({ metadata, pools: { default: pool } })
  t.teardown(() => engine.close())
  const ask = async (query: string, variables?: object) =>
    JSON.parse(
      (await engine.graphql({ body: { query, variables }, session: { role: 'admin', vars: {} } })).body,
    )
  const sites = (predicate: string) => `{ site(where: {probes_aggregate: ${predicate}}) { id } }`
  const columns = 'arguments: {Y: heat, X: rain}'
  t.same(await ask(sites(`{corr: {${columns}, predicate: {_gt: 0.9}}}`)), { data: { site: [{ id: 1 }] } })
  t.same(await ask(sites(`{covar_samp: {${columns}, distinct: true, predicate: {_eq: -10}}}`)), {
    data: { site: [{ id: 2 }] },
  })
  t.match(await ask(sites('{corr: {arguments: {Y: heat}, predicate: {_gt: 0}}}')), {
    errors: [{ message: "missing required field 'X'" }],
  })
  t.match(await ask(sites('{corr: {arguments: {Y: heat, X: name}, predicate: {_gt: 0}}}')), {
    errors: [{ message: /expected one of the values \['heat', 'rain'\]/ }],
  })
  const given = `query ($where: site_bool_exp!) { site(where: $where) { id } }`
  const where = { probes_aggregate: { corr: { arguments: { X: 'heat', Y: 'rain' }, predicate: { _lt: 0 } } } }
  t.same(await ask(given, { where }), { data: { site: [{ id: 2 }] } })
  t.same(
    await ask(sites('{count: {arguments: [name, site_id], distinct: true, predicate: {_eq: 2}}}')),
    { data: { site: [{ id: 1 }] } },
    'several columns are counted as one row',
  )
})
