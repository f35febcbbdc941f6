import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine, type Session } from './engine.ts'
import type { EngineOptions } from './state.ts'

const admin: Session = { role: 'admin', vars: {} }
const user: Session = { role: 'user', vars: { 'x-hasura-region': 'north' } }

const toSource = (
  name: string,
  source: string,
  table: string,
  relationship_type: string,
  mapping: object,
) => ({
  name,
  definition: { to_source: { source, table, relationship_type, field_mapping: mapping } },
})
const all = { columns: '*' as const, filter: {} }
const named = (prefix: string) => ({ root_fields: { prefix }, type_names: { prefix } })

async function setUp(t: Test, more: Partial<EngineOptions> = {}, broken: object[] = []) {
  const [shop, geo] = [await createTestDatabase(t), await createTestDatabase(t)]
  await shop.pool.query(`create table customer (id bigint primary key, name text, place text, zone int);
    create table purchase (id int primary key, customer bigint references customer (id));
    insert into customer values (50755254975729665, 'Ada', 'oslo', 1), (2, 'Bo', 'oslo', 2), (3, 'Cy', null, 1), (4, 'Di', 'nowhere', 1);
    insert into purchase select n, 2 from generate_series(1, 3) as n`)
  await geo.pool.query(`create table place (code text primary key, title text, region text, size bigint, secret text);
    create table visit (id int primary key, place text, client bigint, zone int);
    insert into place values ('oslo', 'Oslo', 'north', 50755254975729665, 's'), ('rome', 'Rome', 'south', 2, 's');
    insert into visit values (1, 'oslo', 2, 2), (2, 'oslo', 2, 1), (3, 'rome', 50755254975729665, 1)`)
  const options: EngineOptions = {
    metadata: {
      sources: [
        {
          name: 'shop',
          tables: [
            {
              table: 'customer',
              array_relationships: [
                {
                  name: 'purchases',
                  using: { foreign_key_constraint_on: { table: 'purchase', column: 'customer' } },
                },
              ],
              remote_relationships: [
                toSource('where', 'geo', 'place', 'object', { place: 'code' }),
                toSource('visits', 'geo', 'visit', 'array', { id: 'client' }),
                toSource('zoned', 'geo', 'visit', 'array', { id: 'client', zone: 'zone' }),
                ...broken,
              ],
              select_permissions: [
                {
                  role: 'user',
                  permission: { columns: ['id', 'name'], filter: {}, allow_aggregations: true },
                },
                { role: 'plain', permission: all },
              ],
              insert_permissions: [{ role: 'user', permission: { columns: '*', check: {} } }],
            },
            {
              table: 'purchase',
              object_relationships: [{ name: 'buyer', using: { foreign_key_constraint_on: 'customer' } }],
            },
          ],
        },
        {
          name: 'geo',
          customization: named('geo_'),
          tables: [
            {
              table: 'place',
              select_permissions: [
                {
                  role: 'user',
                  permission: { columns: ['code', 'title'], filter: { region: { _eq: 'X-Hasura-Region' } } },
                },
              ],
            },
            {
              table: 'visit',
              remote_relationships: [toSource('customer', 'shop', 'customer', 'object', { client: 'id' })],
              select_permissions: [
                { role: 'user', permission: { ...all, limit: 1, allow_aggregations: true } },
              ],
            },
          ],
        },
      ],
    },
    pools: { shop: shop.pool, geo: geo.pool },
    ...more,
  }
  const engine = await createEngine(options)
  t.teardown(() => engine.close())
  const text = async (query: string, session = admin, variables = {}) =>
    (await engine.graphql({ body: { query, variables }, session })).body
  const ask = async (query: string, session = admin, variables = {}) =>
    JSON.parse(await text(query, session, variables))
  return { engine, ask, text, shop, geo }
}

test('rows of another source stand where they are asked for, in order, with all digits, and null where there are none', async t => {
  const { text, ask } = await setUp(t)
  t.equal(
    await text('{ customer(order_by: {name: asc}) { id w: where { size title } name } }'),
    '{"data":{"customer":[{"id":50755254975729665,"w":{"size":50755254975729665,"title":"Oslo"},"name":"Ada"},{"id":2,"w":{"size":50755254975729665,"title":"Oslo"},"name":"Bo"},{"id":3,"w":null,"name":"Cy"},{"id":4,"w":null,"name":"Di"}]}}',
  )
  const query = `query ($least: Int!) { customer(order_by: {name: asc}, limit: 3) {
    visits(where: {id: {_gt: $least}}, order_by: {id: desc}) { id }
    visits_aggregate { aggregate { count } }
    zoned { id }
  } }`
  const told = (ids: number[], count: number, zoned: number[]) => ({
    visits: ids.map(id => ({ id })),
    visits_aggregate: { aggregate: { count } },
    zoned: zoned.map(id => ({ id })),
  })
  t.same(await ask(query, admin, { least: 0 }), {
    data: { customer: [told([3], 1, [3]), told([2, 1], 2, [1]), told([], 0, [])] },
  })
  t.same(await ask(query, admin, { least: 1 }), {
    data: { customer: [told([3], 1, [3]), told([2], 2, [1]), told([], 0, [])] },
  })
})

test('they stand below other relationships, in aggregates, by key, and lead back again', async t => {
  const { ask } = await setUp(t)
  const nested = '{ purchase_by_pk(id: 1) { buyer { purchases(limit: 1) { buyer { where { code } } } } } }'
  t.same(await ask(nested), {
    data: { purchase_by_pk: { buyer: { purchases: [{ buyer: { where: { code: 'oslo' } } }] } } },
  })
  const nodes =
    '{ customer_aggregate(order_by: {name: asc}, limit: 1) { nodes { where { title } } aggregate { count } } }'
  t.same(await ask(nodes), {
    data: { customer_aggregate: { nodes: [{ where: { title: 'Oslo' } }], aggregate: { count: 1 } } },
  })
  const back =
    '{ customer_by_pk(id: 2) { visits(limit: 1) { customer { name visits { customer { name } } } } } }'
  const { data } = await ask(back)
  t.same(data.customer_by_pk.visits[0].customer, {
    name: 'Bo',
    visits: [{ customer: { name: 'Bo' } }, { customer: { name: 'Bo' } }],
  })
  const deep = (depth: number): string =>
    depth === 0 ? 'name' : `visits(limit: 1) { customer { ${deep(depth - 1)} } }`
  t.match(await ask(`{ customer { ${deep(8)} } }`), { errors: [{ message: /nest deeper/ }] })
})

test('of the other source a role sees what its permissions there let it, and nothing of what it has none for', async t => {
  const { ask, geo } = await setUp(t)
  await geo.pool.query(`update place set region = 'south' where code = 'oslo'`)
  const names = '{ customer(order_by: {name: asc}, limit: 1) { name where { title } } }'
  t.same(await ask(names, user), { data: { customer: [{ name: 'Ada', where: null }] } })
  t.match(await ask('{ customer { where { secret } } }', user), {
    errors: [{ message: /'secret' not found/ }],
  })
  t.match(await ask('{ customer { where { title } } }', { role: 'plain', vars: {} }), {
    errors: [{ message: "field 'where' not found in type: 'customer'" }],
  })
  const { data } = await ask(
    '{ customer_by_pk: customer(where: {id: {_eq: 2}}) { visits { id } visits_aggregate { aggregate { count } } } }',
    user,
  )
  t.equal(data.customer_by_pk[0].visits.length, 1, 'the limit of the permission holds')
  t.equal(data.customer_by_pk[0].visits_aggregate.aggregate.count, 2)
  t.match(await ask(names, { role: 'user', vars: {} }), {
    errors: [{ message: 'missing session variable: "x-hasura-region"' }],
  })
})

test('many rows with few keys are few questions, and there is an end to how much may come', async t => {
  const { ask, shop } = await setUp(t, { limits: { bytes: 2_000_000 } })
  await shop.pool.query(
    `insert into customer select n, repeat('x', 3), 'oslo', 1 from generate_series(10, 5000) as n`,
  )
  const { data } = await ask('{ customer { where { title } } }', user)
  t.equal(data.customer.length, 4995)
  t.equal(data.customer.filter((each: { where: unknown }) => each.where).length, 4993)
  const visits = await ask('{ customer { visits { id } } }', user)
  t.equal(visits.data.customer.length, 4995, 'with as many keys as rows')
  await shop.pool.query('insert into customer select n from generate_series(5001, 12000) as n')
  t.match(await ask('{ customer { visits { id } } }', user), { errors: [{ message: /different keys/ }] })
})

test('what is too long over there is refused, as it is here', async t => {
  const { ask, geo } = await setUp(t, { limits: { bytes: 500 } })
  const query = '{ customer(limit: 1, order_by: {name: asc}) { where { title } } }'
  t.match(await ask(query, user), { data: { customer: [{ where: { title: 'Oslo' } }] } })
  await geo.pool.query("update place set title = repeat('x', 1000)")
  t.match(await ask(query, user), { errors: [{ message: /size of the answer in bytes/ }] })
})

test('a mutation and a subscription say that they have none, and nothing is written', async t => {
  const { engine, ask, shop } = await setUp(t)
  const mutation = 'mutation { insert_customer(objects: {id: 9}) { returning { id where { title } } } }'
  const refused = {
    errors: [{ extensions: { code: 'not-supported' }, message: /only supported in queries/ }],
  }
  t.match(await ask(mutation, user), refused)
  t.equal((await shop.pool.query('select from customer where id = 9')).rowCount, 0)
  const body = { query: 'subscription { customer { where { title } } }' }
  const listener = {
    next: () => undefined,
    failed: () => undefined,
    ended: () => undefined,
    ready: () => true,
  }
  t.throws(() => engine.subscribe({ body, session: user }, listener), { code: 'not-supported' })
})

test('a relationship that leads nowhere is inconsistent, and the others work', async t => {
  const { engine, ask } = await setUp(t, {}, [
    toSource('a', 'none', 'place', 'object', { place: 'code' }),
    toSource('b', 'geo', 'place', 'object', { gone: 'code' }),
    toSource('c', 'geo', 'place', 'object', { place: 'gone' }),
    toSource('name', 'geo', 'place', 'object', { place: 'code' }),
    { name: 'e', definition: { to_remote_schema: {} } },
  ])
  const reasons = engine.inconsistencies().map(({ name, reason }) => `${name}: ${reason}`)
  t.equal(reasons.length, 5)
  for (const said of [
    /table "place" does not exist in source: none/,
    /column "gone" does not exist in table "customer"/,
    /column "gone" does not exist in table "place"/,
    /field definition conflicts/,
    /relationships to remote schemas are not supported/,
  ])
    t.ok(
      reasons.some(reason => said.test(reason)),
      String(said),
    )
  t.match(await ask('{ customer(limit: 1) { name where { code } } }'), { data: { customer: [{}] } })
})
