import { createTestDatabase } from '@glimmr/dev/testing'
import { test } from 'tap'
import { createEngine } from '../engine.ts'

test('not equal is no row without a value, in each spelling, compared with a constant or the session', async t => {
  const { pool } = await createTestDatabase(t)
  await pool.query(
    "create table page (id int primary key, owner text); insert into page values (1, 'ann'), (2, 'bob'), (3, null)",
  )
  const filters = {
    ne: { owner: { _ne: 'X-Hasura-User-Id' } },
    neq: { owner: { _neq: 'X-Hasura-User-Id' } },
    old: { owner: { $ne: 'X-Hasura-User-Id' } },
    constant: { owner: { _ne: 'ann' } },
  }
  const permissions = Object.entries(filters).map(([role, filter]) => ({
    role,
    permission: { columns: '*' as const, filter },
  }))
  const tables = [{ table: 'page', select_permissions: permissions, delete_permissions: permissions }]
  const engine = await createEngine({
    metadata: { sources: [{ name: 'default', tables }] },
    pools: { default: pool },
  })
  t.teardown(() => engine.close())
  for (const role of Object.keys(filters)) {
    const session = { role, vars: { 'x-hasura-user-id': 'ann' } }
    const { body } = await engine.graphql({ body: { query: '{ page { id } }' }, session })
    t.same(JSON.parse(body), { data: { page: [{ id: 2 }] } }, role)
  }
  const session = { role: 'ne', vars: { 'x-hasura-user-id': 'ann' } }
  await engine.graphql({ body: { query: 'mutation { delete_page(where: {}) { affected_rows } }' }, session })
  t.same((await pool.query('select id from page order by id')).rows, [{ id: 1 }, { id: 3 }])
})
