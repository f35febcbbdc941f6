import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine } from '../engine.ts'
import type { BoolExpJson } from '../metadata-types.ts'

const schema = `
  create table shop (id int primary key, kind text, secret text, "Price (EUR)" int);
  insert into shop values (1, 'Acme (R)', 's1', 5), (2, 'L (R)', 's2', 9);
  create table till (id int primary key, shop_id int references shop, "_e" int, "_o" int);
  insert into till values (1, 1, 5, 6), (2, 1, 7, 8);`

const select = (role: string, columns: string[], filter: BoolExpJson) => ({
  role,
  permission: { columns, filter },
})
const metadata = {
  sources: [
    {
      name: 'default',
      tables: [
        {
          table: 'till',
          object_relationships: [{ name: 'shop', using: { foreign_key_constraint_on: 'shop_id' } }],
        },
        {
          table: 'shop',
          array_relationships: [
            { name: 'tills', using: { foreign_key_constraint_on: { table: 'till', column: 'shop_id' } } },
          ],
          configuration: { column_config: { 'Price (EUR)': { custom_name: 'price' } } },
          select_permissions: [
            select('dear', ['id'], { 'Price (EUR)': { _gt: 6 } }),
            select('some', ['id', 'kind'], {}),
            select('acme', ['id', 'kind', 'secret'], { kind: { _eq: 'Acme (R)' } }),
          ],
        },
      ],
    },
  ],
  inherited_roles: [{ role_name: 'both', role_set: ['some', 'acme'] }],
}

async function setUp(t: Test) {
  const { pool } = await createTestDatabase(t)
  await pool.query(schema)
  const engine = await createEngine({ metadata, pools: { default: pool } })
  t.teardown(() => engine.close())
  return async (query: string, role = 'admin') =>
    JSON.parse((await engine.graphql({ body: { query }, session: { role, vars: {} } })).body).data
}

test('a name or a constant may look like a place of an operator', async t => {
  const ask = await setUp(t)
  t.same(await ask('{ shop(where: {price: {_eq: 5}}) { id } }'), { shop: [{ id: 1 }] })
  t.same(await ask('{ shop(where: {price: {_in: [9]}}) { id } }'), { shop: [{ id: 2 }] })
  t.same(await ask('{ shop { id } }', 'dear'), { shop: [{ id: 2 }] })
  t.same(await ask('{ shop(where: {secret: {_eq: "s1"}}) { id secret } }', 'both'), {
    shop: [{ id: 1, secret: 's1' }],
  })
})

test('a column and an alias may have the name that the statement gives to its rows', async t => {
  const ask = await setUp(t)
  const tills = [
    { id: 1, _e: 5 },
    { id: 2, _e: 7 },
  ]
  t.same(await ask('{ till(order_by: {id: asc}) { id _e } till_by_pk(id: 1) { id _e } }'), {
    till: tills,
    till_by_pk: tills[0],
  })
  t.same(await ask('{ _e: shop_by_pk(id: 1) { _e: tills(order_by: {id: asc}) { id _e } kind } }'), {
    _e: { _e: tills, kind: 'Acme (R)' },
  })
  t.same(await ask('{ till_aggregate { _e: aggregate { _e: count max { _e } } nodes { _e } } }'), {
    till_aggregate: { _e: { _e: 2, max: { _e: 7 } }, nodes: [{ _e: 5 }, { _e: 7 }] },
  })
  const long = 'x'.repeat(70)
  t.same(await ask(`{ till(where: {id: {_eq: 1}}) { _e _o ${long}: id } }`), {
    till: [{ _e: 5, _o: 6, [long]: 1 }],
  })
})

test('what is written may have that name as well', async t => {
  const ask = await setUp(t)
  t.same(
    await ask(
      'mutation { update_till(where: {id: {_eq: 1}}, _set: {_e: 6}) { _e: affected_rows returning { _e id } } }',
    ),
    { update_till: { _e: 1, returning: [{ _e: 6, id: 1 }] } },
  )
  t.same(
    await ask(
      'mutation { insert_till_one(object: {id: 3, _e: 9, shop: {data: {id: 3, kind: "k"}}}) { id _e shop { _e: kind id } } }',
    ),
    { insert_till_one: { id: 3, _e: 9, shop: { _e: 'k', id: 3 } } },
  )
})
