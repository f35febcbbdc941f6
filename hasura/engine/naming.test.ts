import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine } from './engine.ts'
import type { Metadata } from './metadata-types.ts'

const admin = { role: 'admin', vars: {} }

async function setUp(t: Test, options: { namingConventions?: boolean } = {}) {
  const { pool } = await createTestDatabase(t)
  await pool.query(`
    create schema shop;
    create table shop.order_state (value text primary key, comment text);
    insert into shop.order_state values ('Open', 'not paid'), ('Paid', null);
    create table shop.order_line (
      line_id int primary key, state_name text not null references shop.order_state, unit_price numeric, extra_info jsonb not null default '{}');
    insert into shop.order_line values (1, 'Open', 2.5, '{"a": {"b": 1}, "c": 2}'), (2, 'Paid', 3, '{}')`)
  const metadata: Metadata = {
    version: 3,
    sources: [
      {
        name: 'default',
        kind: 'postgres',
        customization: {
          naming_convention: 'graphql-default',
          root_fields: { namespace: 'shop', prefix: 'our' },
        },
        tables: [
          { table: { schema: 'shop', name: 'order_state' }, is_enum: true },
          { table: { schema: 'shop', name: 'order_line' }, configuration: { custom_name: 'lineItem' } },
        ],
      },
    ],
  }
  const engine = await createEngine({ metadata, pools: { default: pool }, ...options })
  t.same(engine.inconsistencies(), [])
  return async (query: string) => JSON.parse((await engine.graphql({ body: { query }, session: admin })).body)
}

test('graphql-default: fields in camel case, types in pascal case, enums in capitals, custom names as given', async t => {
  const ask = await setUp(t)
  t.same(
    await ask(
      '{ shop { __typename ourLineItem(where: { stateName: { _eq: OPEN } }, orderBy: { lineId: ASC }, distinctOn: LINE_ID) { __typename lineId stateName } ourLineItemAggregate { aggregate { sum { unitPrice } } } } }',
    ),
    {
      data: {
        shop: {
          __typename: 'ShopQuery',
          ourLineItem: [{ __typename: 'lineItem', lineId: 1, stateName: 'OPEN' }],
          ourLineItemAggregate: { aggregate: { sum: { unitPrice: 5.5 } } },
        },
      },
    },
  )
})

test('graphql-default: every write, and what it is called', async t => {
  const ask = await setUp(t)
  const shop = async (field: string) => {
    const { data, errors } = await ask(`mutation { shop { ${field} } }`)
    return data?.shop ?? errors
  }
  t.same(
    await shop(
      'ourInsertLineItemOne(object: { lineId: 1, stateName: PAID }, onConflict: { constraint: ORDER_LINE_PKEY, updateColumns: [STATE_NAME] }) { stateName unitPrice }',
    ),
    { ourInsertLineItemOne: { stateName: 'PAID', unitPrice: 2.5 } },
  )
  t.same(
    await shop(
      'ourUpdateLineItemByPk(pkColumns: { lineId: 1 }, _inc: { unitPrice: 1 }, _deleteAtPath: { extraInfo: ["a", "b"] }) { unitPrice extraInfo }',
    ),
    { ourUpdateLineItemByPk: { unitPrice: 3.5, extraInfo: { a: {}, c: 2 } } },
  )
  t.same(await shop('ourUpdateLineItem(where: {}, _deleteKey: { extraInfo: "c" }) { affectedRows }'), {
    ourUpdateLineItem: { affectedRows: 2 },
  })
  t.same(await shop('ourDeleteLineItem(where: { stateName: { _in: [PAID] } }) { affectedRows }'), {
    ourDeleteLineItem: { affectedRows: 2 },
  })
})

test('without the feature every source is named as hasura-default does', async t => {
  const ask = await setUp(t, { namingConventions: false })
  t.same(await ask('{ shop { ourlineItem(order_by: { line_id: asc }) { line_id state_name } } }'), {
    data: {
      shop: {
        ourlineItem: [
          { line_id: 1, state_name: 'Open' },
          { line_id: 2, state_name: 'Paid' },
        ],
      },
    },
  })
})
