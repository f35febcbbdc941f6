import { createTestDatabase } from '@glimmr/dev/testing'
import { test } from 'tap'
import { createEngine } from '../engine.ts'

type Named = { name: string; description: string | null }
const text = (type: Wrapped): string =>
  type.kind === 'NON_NULL'
    ? `${text(type.ofType as Wrapped)}!`
    : type.kind === 'LIST'
      ? `[${text(type.ofType as Wrapped)}]`
      : (type.name ?? '')
type Wrapped = { kind: string; name: string | null; ofType?: Wrapped | null }

test('what a type has is told in the order of names, with its types and words', async t => {
  const { pool } = await createTestDatabase(t)
  await pool.query(`
    create table road (
      zone int primary key, path text, tags text[] not null, area_id int not null references road, opened time, length int)`)
  const engine = await createEngine({
    metadata: {
      sources: [
        {
          name: 'default',
          tables: [
            {
              table: 'road',
              object_relationships: [{ name: 'area', using: { foreign_key_constraint_on: 'area_id' } }],
              select_permissions: [
                {
                  role: 'walker',
                  permission: { columns: '*', filter: { zone: { _gt: 1 } }, allow_aggregations: true },
                },
              ],
            },
          ],
        },
      ],
    },
    pools: { default: pool },
  })
  t.teardown(() => engine.close())
  const ask = async (type: string, role = 'admin') => {
    const ref = 'kind name ofType { kind name ofType { kind name ofType { kind name } } }'
    const query = `{ __type(name: "${type}") { description inputFields { name description type { ${ref} } } fields { name args { name } type { ${ref} } } } }`
    return JSON.parse((await engine.graphql({ body: { query }, session: { role, vars: {} } })).body).data
      .__type
  }
  const names = (list: Named[]) => list.map(({ name }) => name)

  t.same(names((await ask('road_bool_exp')).inputFields), [
    ...['_and', '_not', '_or', 'area', 'area_id', 'length', 'opened', 'path', 'tags', 'zone'],
  ])
  const comparison = (await ask('String_array_comparison_exp')).inputFields
  t.same(names(comparison).slice(0, 3), ['_contained_in', '_contains', '_eq'])
  t.equal(comparison[1].description, 'does the array contain the given value')
  t.same(
    (await ask('road_inc_input')).description,
    'input type for incrementing numeric columns in table "road"',
  )

  const row = new Map(
    (await ask('road', 'walker')).fields.map((field: { name: string; type: Wrapped }) => [
      field.name,
      text(field.type),
    ]),
  )
  t.equal(row.get('tags'), '[String!]!')
  t.equal(row.get('area'), 'road!', 'whatever the role may see of it')
  t.same(
    names((await ask('road_min_fields')).fields),
    ['area_id', 'length', 'path', 'tags', 'zone'],
    'no time',
  )

  const alias = '{ __schema { __proto__: queryType { name } } }'
  const { body } = await engine.graphql({ body: { query: alias }, session: { role: 'admin', vars: {} } })
  t.equal(body, '{"data":{"__schema":{"__proto__":{"name":"query_root"}}}}')
})
