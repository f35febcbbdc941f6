import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine, type Session } from './engine.ts'
import type { Metadata } from './metadata-types.ts'

const schema = `
  create domain level as int default 7;
  create table bead (
    id int primary key, label text, sizes int[], data jsonb, made timestamptz default '2020-01-01', depth level, owner text, gap int);`

const metadata: Metadata = {
  sources: [
    {
      name: 'default',
      tables: [
        {
          table: 'bead',
          insert_permissions: [
            {
              role: 'maker',
              permission: {
                columns: ['id', 'label', 'sizes', 'data'],
                check: { id: { _gte: 0 } },
                set: { owner: 'x-hasura-user-id' },
              },
            },
          ],
          select_permissions: [{ role: 'maker', permission: { columns: '*', filter: {} } }],
        },
      ],
    },
  ],
}
const admin: Session = { role: 'admin', vars: {} }
const maker: Session = { role: 'maker', vars: { 'x-hasura-user-id': "o'maker" } }

async function setUp(t: Test) {
  const { pool } = await createTestDatabase(t)
  await pool.query(schema)
  const engine = await createEngine({ metadata, pools: { default: pool } })
  t.teardown(() => engine.close())
  const insert = async (
    objects: object[],
    session = admin,
    returning = 'returning { id }',
    conflict = '',
  ) => {
    const query = `mutation ($o: [bead_insert_input!]!) { insert_bead(objects: $o ${conflict}) { affected_rows ${returning} } }`
    return JSON.parse((await engine.graphql({ body: { query, variables: { o: objects } }, session })).body)
  }
  const rows = async (sql: string) => (await pool.query(sql)).rows
  return { insert, rows }
}
const many = (count: number, of: (id: number) => object = id => ({ id })) =>
  Array.from({ length: count }, (_, id) => of(id))

test('twenty thousand rows are one statement of a few parameters, with every value as it was given', async t => {
  const { insert, rows } = await setUp(t)
  const objects = many(20_000, id => ({
    id,
    label: id % 3 ? `"{${id}},\\'` : null,
    sizes: [id, null],
    data: { id, text: 'a"b' },
  }))
  const { data } = await insert(objects)
  t.equal(data.insert_bead.affected_rows, 20_000)
  t.same(data.insert_bead.returning.slice(0, 3), [{ id: 0 }, { id: 1 }, { id: 2 }], 'in their order')
  t.same(
    await rows('select label, sizes, data, depth, made::date::text from bead where id in (3, 4) order by id'),
    [
      { label: null, sizes: [3, null], data: { id: 3, text: 'a"b' }, depth: 7, made: '2020-01-01' },
      { label: '"{4},\\\'', sizes: [4, null], data: { id: 4, text: 'a"b' }, depth: 7, made: '2020-01-01' },
    ],
  )
})

test('presets, checks and conflicts hold for many rows as for one', async t => {
  const { insert, rows } = await setUp(t)
  t.equal((await insert(many(600), maker)).data.insert_bead.affected_rows, 600)
  t.same(await rows('select distinct owner from bead'), [{ owner: "o'maker" }])
  t.match(
    await insert(
      many(601, id => ({ id: id === 600 ? -1 : 1000 + id })),
      maker,
    ),
    {
      errors: [{ message: 'check constraint of an insert/update permission has failed' }],
    },
  )
  const conflict = 'on_conflict: {constraint: bead_pkey, update_columns: [label]}'
  const again = await insert(
    many(601, id => ({ id, label: 'new' })),
    admin,
    '',
    conflict,
  )
  t.equal(again.data.insert_bead.affected_rows, 601)
  t.same(await rows("select count(*)::int, count(*) filter (where label = 'new')::int as fresh from bead"), [
    { count: 601, fresh: 601 },
  ])
})

test('what a row leaves out has its default, among many rows too', async t => {
  const { insert, rows } = await setUp(t)
  await insert(many(300, id => (id % 2 ? { id, depth: null, made: null } : { id, gap: 1 })))
  t.same(await rows('select depth, made::date::text, gap from bead where id in (10, 11) order by id'), [
    { depth: 7, made: '2020-01-01', gap: 1 },
    { depth: null, made: null, gap: null },
  ])
  const { errors } = await insert(many(40_000, id => (id % 2 ? { id, depth: 1 } : { id, label: 'x' })))
  t.match(errors, [{ message: /number of parameters exceeds the limit of 65535/ }])
})
