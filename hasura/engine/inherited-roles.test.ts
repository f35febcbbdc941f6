import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine } from './engine.ts'
import type { Metadata } from './metadata-types.ts'

const schema = `
  create table team (id int primary key, name text);
  create table player (id int primary key, team_id int not null references team, name text, pay int, open boolean not null);
  insert into team values (1, 'Red'), (2, 'Blue');
  insert into player values (1, 1, 'Ann', 10, true), (2, 2, 'Bob', 99, false), (3, 1, 'Cy', 50, false);`

const select = (role: string, permission: object) => ({
  role,
  permission: { allow_aggregations: true, ...permission },
})

/** Everybody sees names; pay and ids are only seen of those who are open. */
const metadata = {
  sources: [
    {
      name: 'default',
      tables: [
        {
          table: 'team',
          array_relationships: [
            { name: 'players', using: { foreign_key_constraint_on: { table: 'player', column: 'team_id' } } },
          ],
          select_permissions: [
            select('public', { columns: '*', filter: {} }),
            select('fan', { columns: '*', filter: {} }),
          ],
        },
        {
          table: 'player',
          select_permissions: [
            select('public', { columns: ['name', 'team_id'], filter: {} }),
            select('fan', { columns: ['id', 'name', 'pay', 'team_id'], filter: { open: { _eq: true } } }),
          ],
        },
      ],
    },
  ],
  inherited_roles: [{ role_name: 'both', role_set: ['public', 'fan'] }],
}

async function setUp(t: Test) {
  const { pool } = await createTestDatabase(t)
  await pool.query(schema)
  const engine = await createEngine({ metadata, pools: { default: pool } })
  t.teardown(() => engine.close())
  return async (query: string) =>
    JSON.parse((await engine.graphql({ body: { query }, session: { role: 'both', vars: {} } })).body)
}

test('a column that is hidden in some rows tells nothing of them: by a key, an order, a group or a condition', async t => {
  const ask = await setUp(t)
  const rows = '{ player(order_by: {name: asc}) { id name pay } }'
  t.same(await ask(rows), {
    data: {
      player: [
        { id: 1, name: 'Ann', pay: 10 },
        { id: null, name: 'Bob', pay: null },
        { id: null, name: 'Cy', pay: null },
      ],
    },
  })
  t.same(await ask('{ shown: player_by_pk(id: 1) { name } hidden: player_by_pk(id: 2) { name } }'), {
    data: { shown: { name: 'Ann' }, hidden: null },
  })
  const most =
    '{ team(order_by: {players_aggregate: {max: {pay: desc_nulls_last}}}) { name players_aggregate { aggregate { max { pay } } } } }'
  t.same(await ask(most), {
    data: {
      team: [
        { name: 'Red', players_aggregate: { aggregate: { max: { pay: 10 } } } },
        { name: 'Blue', players_aggregate: { aggregate: { max: { pay: null } } } },
      ],
    },
  })
  t.same(await ask('{ player(where: {pay: {_gt: 20}}) { name } }'), { data: { player: [] } })
  t.same(await ask('{ player(order_by: [{pay: desc_nulls_last}, {name: desc}]) { name } }'), {
    data: { player: [{ name: 'Ann' }, { name: 'Cy' }, { name: 'Bob' }] },
  })
})

test('a permission to write is inherited where all parents say the same, in whatever order, and told of where not', async t => {
  const { pool } = await createTestDatabase(t)
  await pool.query(schema)
  const insert = (role: string, permission: object) => ({ role, permission })
  const engine = await createEngine({
    metadata: {
      sources: [
        {
          name: 'default',
          tables: [
            {
              table: 'team',
              insert_permissions: [
                insert('a', {
                  check: { _and: [{ id: { _gt: 0 } }, { name: { _ne: 'x' } }] },
                  columns: ['id', 'name'],
                }),
                insert('b', { columns: '*', check: { _and: [{ name: { _ne: 'x' } }, { id: { _gt: 0 } }] } }),
              ],
            },
            {
              table: 'player',
              delete_permissions: [
                insert('a', { filter: {} }),
                insert('b', { filter: { open: { _eq: true } } }),
              ],
            },
          ],
        },
      ],
      inherited_roles: [{ role_name: 'ab', role_set: ['a', 'b'] }],
    },
    pools: { default: pool },
  })
  t.teardown(() => engine.close())
  const ask = async (query: string) =>
    JSON.parse((await engine.graphql({ body: { query }, session: { role: 'ab', vars: {} } })).body)
  t.same(await ask('mutation { insert_team(objects: [{id: 9, name: "Green"}]) { affected_rows } }'), {
    data: { insert_team: { affected_rows: 1 } },
  })
  t.match(await ask('mutation { delete_player(where: {}) { affected_rows } }'), {
    errors: [{ message: "field 'delete_player' not found in type: 'mutation_root'" }],
  })
  t.same(engine.inconsistencies(), [
    {
      type: 'inherited role permission inconsistency',
      name: 'ab',
      entity: { table: 'player', source: 'default', permission_type: 'delete' },
      reason:
        "Could not inherit permission for the role 'ab' for the entity: 'delete permission, table: player, source: 'default''",
    },
  ])
})

/** Roles a, b and c; ab of a and b; abc of ab and c. */
async function nested(t: Test, table: object, functions: object[] = []) {
  const { pool } = await createTestDatabase(t)
  await pool.query(`${schema}
    create function best() returns setof player language sql volatile as 'select * from player where id = 2';`)
  const tables = [{ table: 'player', ...table }]
  const engine = await createEngine({
    metadata: {
      sources: [{ name: 'default', tables, functions }],
      inherited_roles: [
        { role_name: 'abc', role_set: ['ab', 'c'] },
        { role_name: 'ab', role_set: ['a', 'b'] },
      ],
    } as Metadata,
    pools: { default: pool },
  })
  t.teardown(() => engine.close())
  const ask = async (query: string, role: string) =>
    JSON.parse((await engine.graphql({ body: { query }, session: { role, vars: {} } })).body)
  return { ask, engine }
}
const names = '{ player(order_by: {name: asc}) { name } }'
const named = (...all: string[]) => ({ data: { player: all.map(name => ({ name })) } })

test('what an inherited role is given itself is what a role made of it inherits', async t => {
  const { ask, engine } = await nested(
    t,
    {
      select_permissions: [
        select('a', { columns: ['name', 'pay'], filter: {} }),
        select('ab', { columns: ['name'], filter: { id: { _eq: 1 } } }),
        select('c', { columns: ['name'], filter: { id: { _eq: 2 } } }),
      ],
      delete_permissions: [
        { role: 'a', permission: { filter: {} } },
        { role: 'b', permission: { filter: { id: { _eq: 1 } } } },
        { role: 'ab', permission: { filter: { id: { _eq: 3 } } } },
      ],
    },
    [{ function: 'best', permissions: [{ role: 'ab' }] }],
  )
  t.same(await ask(names, 'ab'), named('Ann'))
  t.same(await ask(names, 'abc'), named('Ann', 'Bob'))
  t.match(await ask('{ player { pay } }', 'abc'), { errors: [{ message: /'pay' not found/ }] })
  t.same(await ask('mutation { best { name } }', 'abc'), { data: { best: [{ name: 'Bob' }] } })
  t.same(engine.inconsistencies(), [])
  t.same(await ask('mutation { delete_player(where: {}) { affected_rows } }', 'abc'), {
    data: { delete_player: { affected_rows: 1 } },
  })
})

test('a column stays hidden at each level where a row is seen through a parent without it', async t => {
  const { ask } = await nested(t, {
    select_permissions: [
      select('a', { columns: ['name', 'pay'], filter: { id: { _eq: 1 } } }),
      select('b', { columns: ['name'], filter: { id: { _eq: 2 } } }),
      select('c', { columns: ['name', 'pay'], filter: { id: { _eq: 3 } } }),
    ],
  })
  t.same(await ask('{ player(order_by: {name: asc}) { name pay } }', 'abc'), {
    data: {
      player: [
        { name: 'Ann', pay: 10 },
        { name: 'Bob', pay: null },
        { name: 'Cy', pay: 50 },
      ],
    },
  })
})

test('the limit is the largest that a parent has, also beside one that has none', async t => {
  const { ask } = await nested(t, {
    select_permissions: [
      select('a', { columns: '*', filter: {}, limit: 1 }),
      select('b', { columns: '*', filter: {} }),
      select('c', { columns: '*', filter: {}, limit: 2 }),
    ],
  })
  t.same(await ask(names, 'ab'), named('Ann'))
  t.same(await ask(names, 'abc'), named('Ann', 'Bob'))
})

test('parents agree to write where what one of them leaves out is what the other says', async t => {
  const id = (name: string) => ({ check: { id: { _eq: name } }, columns: ['id', 'name'] })
  const check = { check: {}, columns: ['id', 'name'] }
  for (const [one, two, agree] of [
    [{ ...check, set: {}, backend_only: false }, check, true],
    [id('X-Hasura-User-Id'), id('x-hasura-user-id'), true],
    [{ ...check, set: { name: 'X-Hasura-Name' } }, { ...check, set: { name: 'x-Hasura-name' } }, true],
    [{ ...check, set: { name: 'Ann' } }, { ...check, set: { name: 'ann' } }, false],
    [{ ...check, backend_only: true }, check, false],
  ] as const) {
    const { engine } = await nested(t, {
      insert_permissions: [
        { role: 'a', permission: one },
        { role: 'b', permission: two },
      ],
    })
    t.equal(engine.inconsistencies().length, agree ? 0 : 1, JSON.stringify(one))
  }
})
