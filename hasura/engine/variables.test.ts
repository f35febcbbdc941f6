import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine, type EngineOptions, type Session } from './engine.ts'

const admin: Session = { role: 'admin', vars: {} }

const schema = `
  create type mood as enum ('calm', 'loud');
  create table boat (
    id int primary key, name text not null default 'nameless', length numeric, crew int2, owner uuid,
    tags text[], logs jsonb[], mood mood, data jsonb, built timestamptz, moored bool, berth int);
  create table trip (id int primary key, boat_id int not null references boat, miles int);
  insert into boat (id, name, crew, tags) values (1, 'Ada', 3, '{a,b}'), (2, 'Bea', 4, '{c}'), (3, 'Cleo', null, null);
  insert into trip values (1, 1, 10), (2, 1, 20), (3, 2, 5);`

const metadata = {
  sources: [
    {
      name: 'default',
      tables: [
        {
          table: 'boat',
          array_relationships: [
            { name: 'trips', using: { foreign_key_constraint_on: { table: 'trip', column: 'boat_id' } } },
          ],
        },
        {
          table: 'trip',
          object_relationships: [{ name: 'boat', using: { foreign_key_constraint_on: 'boat_id' } }],
        },
      ],
    },
  ],
}

async function setUp(t: Test, options: Partial<EngineOptions> = {}) {
  const { pool } = await createTestDatabase(t)
  await pool.query(schema)
  const engine = await createEngine({ metadata, pools: { default: pool }, ...options })
  t.teardown(() => engine.close())
  const ask = async (query: string, variables?: unknown) =>
    JSON.parse((await engine.graphql({ body: { query, variables }, session: admin })).body)
  const refused = async (query: string, variables?: unknown) => {
    const { errors } = await ask(query, variables)
    const [{ message, extensions }] = errors ?? [{ message: 'no error', extensions: {} }]
    return `${extensions.code} ${extensions.path} ${message}`
  }
  return { ask, refused }
}

test('a variable without a value is null, so what compares with it never means every row', async t => {
  const { ask, refused } = await setUp(t)
  const remove = 'mutation ($id: Int) { delete_trip(where: {id: {_eq: $id}}) { affected_rows } }'
  const place = '$.selectionSet.delete_trip.args.where.id._eq'
  for (const given of [undefined, {}, { id: null }])
    t.equal(await refused(remove, given), `validation-failed ${place} unexpected null value for type 'Int'`)
  t.same(await ask('query ($n: Int) { trip(limit: $n, order_by: {id: asc}) { id } }'), {
    data: { trip: [{ id: 1 }, { id: 2 }, { id: 3 }] },
  })
  const named = 'mutation ($crew: smallint) { insert_boat_one(object: {id: 9, crew: $crew}) { crew name } }'
  t.same(await ask(named), { data: { insert_boat_one: { crew: null, name: 'nameless' } } })
  const unnamed = 'mutation ($name: String) { insert_boat_one(object: {id: 8, name: $name}) { name } }'
  t.match(await refused(unnamed), "unexpected null value for type 'String'")
})

test('where the option says so, a variable without a value leaves its place empty, and no gap in a list', async t => {
  const { ask } = await setUp(t, { removeUnboundVariables: true })
  const unnamed = 'mutation ($name: String) { insert_boat_one(object: {id: 8, name: $name}) { name } }'
  t.same(await ask(unnamed), { data: { insert_boat_one: { name: 'nameless' } } })
  const any = 'query ($exp: trip_bool_exp) { trip(where: {_or: [$exp]}) { id } }'
  t.same(await ask(any), { data: { trip: [] } })
  const every = 'query ($exp: [trip_bool_exp!]) { trip(where: {_and: $exp}) { id } }'
  t.match(await ask(every), { data: { trip: { length: 3 } } })
})

test('null is refused in a where, wherever it stands, and means nothing in arguments that may be left out', async t => {
  const { ask, refused } = await setUp(t)
  const at = '$.selectionSet.boat.args.where'
  for (const [where, said] of [
    ['_and: null', `${at}._and expected a list, but found null`],
    ['_or: null', `${at}._or expected a list, but found null`],
    ['_and: [null]', `${at}._and[0] expected an object for type 'boat_bool_exp', but found null`],
    ['_not: null', `${at}._not expected an object for type 'boat_bool_exp', but found null`],
    ['trips: null', `${at}.trips expected an object for type 'trip_bool_exp', but found null`],
    ['id: null', `${at}.id expected an object for type 'Int_comparison_exp', but found null`],
    ['id: {_in: null}', `${at}.id._in expected a list, but found null`],
    ['id: {_in: [1, null]}', `${at}.id._in[1] unexpected null value for type 'Int'`],
    ['id: {_is_null: null}', `${at}.id._is_null expected a boolean for type 'Boolean', but found null`],
    ['data: {_contains: null}', `${at}.data._contains unexpected null value for type 'jsonb'`],
    [
      'trips_aggregate: {count: {predicate: {_eq: 1}, filter: null}}',
      `${at}.trips_aggregate.count.filter expected an object for type 'trip_bool_exp', but found null`,
    ],
  ] as const)
    t.equal(await refused(`{ boat(where: {${where}}) { id } }`), `validation-failed ${said}`, where)
  const free =
    '{ boat(where: null, limit: null, offset: null, distinct_on: null, order_by: [{id: asc}, {trips_aggregate: null}]) { id } }'
  t.same(await ask(free), { data: { boat: [{ id: 1 }, { id: 2 }, { id: 3 }] } })
  const change = (what: string) => refused(`mutation { update_boat(where: {}, ${what}) { affected_rows } }`)
  t.match(await change('_set: null'), "expected an object for type 'boat_set_input', but found null")
  t.match(await change('_set: {name: null}'), "unexpected null value for type 'String'")
  t.same(await ask('mutation { insert_boat_one(object: {id: 7, name: "x", trips: null}) { id } }'), {
    data: { insert_boat_one: { id: 7 } },
  })
})

test('variables are those that the operation uses, and fit by name and lists, not by what lists may hold', async t => {
  const { ask, refused } = await setUp(t)
  t.equal(
    await refused('query ($id: Int) { boat { id } }', { id: 1 }),
    'validation-failed $ unexpected variables in variableValues: id',
  )
  t.equal(await refused('{ boat(limit: $n) { id } }'), 'validation-failed $ unbound variable "n"')
  t.equal(
    await refused('query ($n: Int, $n: Int) { boat(limit: $n) { id } }'),
    'parse-failed $ multiple definitions for variable "n"',
  )
  const skipped =
    'query ($id: Int!) { boat(limit: 1) { ...more @skip(if: true) id } } fragment more on boat { trips(where: {id: {_eq: $id}}) { id } }'
  t.same(await ask(skipped, { id: 1 }), { data: { boat: [{ id: 1 }] } })
  const among = 'query ($ids: [Int]) { boat(where: {id: {_in: $ids}}, order_by: {id: asc}) { id } }'
  t.same(await ask(among, { ids: [1, 3] }), { data: { boat: [{ id: 1 }, { id: 3 }] } })
  t.match(await refused(among, { ids: [1, null] }), "unexpected null value for type 'Int'")
})

test('a remembered plan tells a variable of 0 or 1 from one that is null or not given', async t => {
  const { ask } = await setUp(t)
  const query =
    'query ($a: Int!, $b: jsonb) { boat(where: {id: {_in: [$a]}}) { id } trip(where: {boat: {data: {_contains: {a: $b}}}}) { id } }'
  for (const [b, found] of [
    [1, 0],
    [null, 0],
    [0, 0],
  ] as const)
    t.match(await ask(query, { a: 1, b }), { data: { boat: [{ id: 1 }], trip: { length: found } } })
  const update =
    'mutation ($b: jsonb) { update_boat_by_pk(pk_columns: {id: 1}, _set: {data: {a: $b}}) { data } }'
  for (const b of [1, null, 0])
    t.same(await ask(update, { b }), { data: { update_boat_by_pk: { data: { a: b } } } })
  const held = 'query ($b: jsonb) { boat(where: {data: {_contains: {a: $b}}}) { id } }'
  t.same(await ask(held, { b: 0 }), { data: { boat: [{ id: 1 }] } })
  t.same(await ask(held, { b: 1 }), { data: { boat: [] } })
  t.same(
    await ask(held, { b: null }),
    { data: { boat: [] } },
    'null is not the 1 that stands for it in the key',
  )
  t.same(await ask(held), { data: { boat: [] } }, 'nor is nothing a 0')
})
