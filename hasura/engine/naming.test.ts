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
  t.teardown(() => engine.close())
  t.same(engine.inconsistencies(), [])
  return async (query: string) => JSON.parse((await engine.graphql({ body: { query }, session: admin })).body)
}

test('graphql-default: fields in camel case, types in pascal case, enums in capitals, custom names as given', async t => {
  const ask = await setUp(t)
  t.same(
    await ask(
      '{ shop { __typename ourLineItem(where: { stateName: { _eq: OPEN } }, orderBy: { lineId: ASC }, distinctOn: lineId) { __typename lineId stateName } ourLineItemAggregate { aggregate { sum { unitPrice } } } } }',
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

test('graphql-default: computed fields, arguments of functions and names of functions stay as they were given', async t => {
  const { pool } = await createTestDatabase(t)
  await pool.query(`
    create table toy_box (box_id int primary key);
    insert into toy_box values (1), (2);
    create function box_label(b toy_box, first_word text default 'box') returns text language sql stable
      as $$ select first_word || b.box_id $$;
    create function boxes_from(least_id int) returns setof toy_box language sql stable
      as $$ select * from toy_box where box_id >= least_id $$;`)
  const setUp = async (customization: object, configuration: object = {}) => {
    const engine = await createEngine({
      metadata: {
        sources: [
          {
            name: 'default',
            customization: { naming_convention: 'graphql-default', ...customization },
            tables: [
              {
                table: 'toy_box',
                computed_fields: [{ name: 'box_label', definition: { function: 'box_label' } }],
              },
            ],
            functions: [{ function: 'boxes_from', configuration }],
          },
        ],
      },
      pools: { default: pool },
    })
    t.teardown(() => engine.close())
    return async (query: string) =>
      JSON.parse((await engine.graphql({ body: { query }, session: admin })).body).data
  }
  const ask = await setUp({})
  t.same(
    await ask(
      '{ boxesFrom(args: { least_id: 2 }) { boxId box_label(args: { first_word: "b" }) } f: __type(name: "boxesFromArgs") { name } c: __type(name: "box_label_toy_box_args") { name } }',
    ),
    {
      boxesFrom: [{ boxId: 2, box_label: 'b2' }],
      f: { name: 'boxesFromArgs' },
      c: { name: 'box_label_toy_box_args' },
    },
  )
  const named = await setUp({ type_names: { prefix: 'My' } }, { custom_name: 'my_boxes' })
  t.same(
    await named(
      '{ my_boxes(args: { least_id: 2 }) { __typename } my_boxes_aggregate(args: { least_id: 1 }) { aggregate { count } } f: __type(name: "MyMyBoxesArgs") { name } }',
    ),
    {
      my_boxes: [{ __typename: 'MyToyBox' }],
      my_boxes_aggregate: { aggregate: { count: 2 } },
      f: { name: 'MyMyBoxesArgs' },
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
      'ourInsertLineItemOne(object: { lineId: 1, stateName: PAID }, onConflict: { constraint: order_line_pkey, updateColumns: [stateName] }) { stateName unitPrice }',
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

/** A source under a namespace, its root fields and types with prefix and suffix. */
async function setUpNamespace(t: Test) {
  const { pool } = await createTestDatabase(t)
  await pool.query(
    "create table author (id int primary key, name text); insert into author values (1, 'Ada')",
  )
  const customization = {
    root_fields: { namespace: 'ns', prefix: 'p_', suffix: '_s' },
    type_names: { prefix: 'tp_', suffix: '_ts' },
  }
  const tables = [{ table: { schema: 'public', name: 'author' } }]
  const metadata: Metadata = {
    version: 3,
    sources: [{ name: 'default', kind: 'postgres', customization, tables }],
  }
  const engine = await createEngine({ metadata, pools: { default: pool } })
  t.teardown(() => engine.close())
  const ask = async (query: string, vars: Record<string, string> = {}) =>
    JSON.parse((await engine.graphql({ body: { query }, session: { role: 'admin', vars } })).body).data
  /** What a subscription is told first. */
  const heard = async (query: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const listener = { next: resolve, failed: reject, ended: () => undefined, ready: () => true }
    const end = engine.subscribe({ body: { query }, session: admin }, listener)
    const answer = JSON.parse(await promise)
    end?.()
    return answer.data
  }
  return { ask, heard, engine }
}

test('__typename of a namespace has the prefix and suffix of types, and tells its operation', async t => {
  const { ask } = await setUpNamespace(t)
  t.same(
    await ask(
      '{ __typename ns { __typename p_author_s { __typename id } ... on tp_ns_query_ts { x: __typename } } }',
    ),
    {
      __typename: 'query_root',
      ns: {
        __typename: 'tp_ns_query_ts',
        p_author_s: [{ __typename: 'tp_author_ts', id: 1 }],
        x: 'tp_ns_query_ts',
      },
    },
  )
  const insert = 'mutation { ns { __typename p_insert_author_one_s(object: { id: 2 }) { __typename } } }'
  t.same(await ask(insert), {
    ns: { __typename: 'tp_ns_mutation_frontend_ts', p_insert_author_one_s: { __typename: 'tp_author_ts' } },
  })
  const backend = { 'x-hasura-use-backend-only-permissions': 'true' }
  t.same(await ask('mutation { ns { __typename } }', backend), {
    ns: { __typename: 'tp_ns_mutation_backend_ts' },
  })
})

test('__typename stands beside a live query and beside a stream of a namespace, but not alone', async t => {
  const { heard, engine } = await setUpNamespace(t)
  t.same(await heard('subscription { ns { p_author_s { id } __typename } }'), {
    ns: { p_author_s: [{ id: 1 }], __typename: 'tp_ns_subscription_ts' },
  })
  const stream = 'p_author_stream_s(batch_size: 1, cursor: { initial_value: { id: 0 } }) { __typename id }'
  t.same(await heard(`subscription { ns { t: __typename ${stream} } }`), {
    ns: { t: 'tp_ns_subscription_ts', p_author_stream_s: [{ __typename: 'tp_author_ts', id: 1 }] },
  })
  const listener = {
    next: () => undefined,
    failed: () => undefined,
    ended: () => undefined,
    ready: () => true,
  }
  for (const query of ['subscription { __typename }', 'subscription { ns { __typename } }'])
    t.throws(() => engine.subscribe({ body: { query }, session: admin }, listener), { code: 'not-supported' })
})
