/** How much a role gets, and what Postgres has to do for it. */
import { createTestDatabase } from '@glimmr/dev/testing'
import { createEngine } from '@glimmr/engine/engine'
import { createPool } from '@glimmr/lib/db'
import { isObjectType } from 'graphql'
import t, { test } from 'tap'
import { ask, fill, metadataDir, schemaOf, session, setUp } from './test-metadata.ts'

const engine = await setUp(t)

test('from a code to its rates Postgres goes from charge to charge, whatever permissions stand on the way', async t => {
  const database = await createTestDatabase(t)
  await fill(database.pool)
  const pool = createPool({
    url: database.urlFor('glimmr_links'),
    name: 'explain',
    max: 2,
    // Tables of five rows it would rather read whole.
    settings: { enable_seqscan: 'off', enable_hashjoin: 'off', enable_mergejoin: 'off' },
  })
  t.teardown(() => pool.end())
  const engine = await createEngine({ metadataDir, pools: { default: pool } })
  for (const role of ['partner', 'uploader', 'viewer']) {
    const query = `{ rates(where: { charge: { item: { codes: { code_normalised: { _eq: "70551" } } } } }, order_by: { negotiated_dollar: asc }) {
      negotiated_dollar payer { name } plan { name } file { hospital_name } } }`
    const plan = JSON.stringify(await engine.explainPlans({ body: { query }, session: session(role) }))
    t.match(plan, /rate_blocks_pkey on rate_blocks.*?Index Cond: \(charge_id = /, role)
  }
})

test("a file's items, charges and rates are found by their range of ids", async t => {
  const database = await createTestDatabase(t)
  await fill(database.pool)
  const settings = { enable_seqscan: 'off' }
  const pool = createPool({ url: database.urlFor('glimmr_links'), name: 'explain', max: 2, settings })
  t.teardown(() => pool.end())
  const engine = await createEngine({ metadataDir, pools: { default: pool } })
  const query = `{ files { items(limit: 3) { id } charges(limit: 3, order_by: { id: asc }) { id } rates(limit: 3) { id } } }`
  for (const role of ['partner', 'viewer']) {
    const plan = JSON.stringify(await engine.explainPlans({ body: { query }, session: session(role) }))
    t.match(plan, /items_pkey.*?Index Cond: \(\(id >= /, role)
    t.match(plan, /charges_pkey on charges.*?Index Cond: \(\(id >= /, role)
    t.match(plan, /rate_blocks_pkey on rate_blocks.*?Index Cond: \(\(charge_id >= /, role)
    const one = [{ id: 4294967297 }]
    t.same((await ask(engine, session(role), query)).data, {
      files: [{ items: one, charges: one, rates: one }],
    })
  }
})

test('aggregates count published rows only, for partners and not for viewers', async t => {
  const query = `{
    rates_aggregate { aggregate { count sum { negotiated_dollar } max { negotiated_dollar } } nodes { methodology } }
    charges_aggregate { aggregate { count } }
    items_aggregate { aggregate { count } }
    files_aggregate { aggregate { count } }
  }`
  t.same((await ask(engine, session('partner'), query)).data, {
    rates_aggregate: {
      aggregate: { count: 1, sum: { negotiated_dollar: 10.5 }, max: { negotiated_dollar: 10.5 } },
      nodes: [{ methodology: 'content of a published file' }],
    },
    charges_aggregate: { aggregate: { count: 1 } },
    items_aggregate: { aggregate: { count: 1 } },
    files_aggregate: { aggregate: { count: 1 } },
  })
  t.match(await ask(engine, session('viewer'), '{ rates_aggregate { aggregate { count } } }'), {
    errors: [
      {
        message: "field 'rates_aggregate' not found in type: 'query_root'",
        extensions: { code: 'validation-failed' },
      },
    ],
  })
})

test("a role's limit holds however many rows are asked for", async t => {
  const database = await createTestDatabase(t)
  await fill(database.pool)
  await database.pool.query(
    `insert into prices.item_codes select id, n, file_id, 'code', 'CPT', 'code' from prices.items, generate_series(2, 1500) n`,
  )
  const engine = await createEngine({ metadataDir, pools: { default: database.poolFor('glimmr_links') } })
  const count = async (role: string, args: string) => {
    const { data } = await ask(
      engine,
      session(role),
      `{ item_codes${args} { code } items { codes${args} { code } } }`,
    )
    const { item_codes, items } = data as { item_codes: unknown[]; items: { codes: unknown[] }[] }
    return [item_codes.length, items[0]?.codes.length]
  }
  t.same(await count('viewer', ''), [100, 100])
  t.same(await count('viewer', '(limit: 5000)'), [100, 100])
  t.same(await count('viewer', '(limit: 7)'), [7, 7])
  t.same(await count('partner', '(limit: 5000)'), [1000, 1000])
  t.same(await count('admin', ''), [7500, 1500])
})

test('an unknown role sees nothing', async t => {
  t.match(await ask(engine, session('stranger'), '{ files { id } }'), {
    errors: [{ message: "field 'files' not found in type: 'query_root'" }],
  })
})

test('rates can be subscribed to as a list, and not as a stream, which no index serves', async t => {
  for (const role of ['partner', 'uploader', 'viewer']) {
    const fields = (await schemaOf(engine, role)).getSubscriptionType()?.getFields() ?? {}
    t.hasProps(fields, ['rates', 'files_stream'], role)
    t.notHas(fields, { rates_stream: {} }, role)
  }
})

test('a column that no index begins with says what to ask for instead, and a query that asks all the same ends', async t => {
  const types = (await schemaOf(engine, 'partner')).getTypeMap()
  const told = (type: string, column: string) => {
    const found = types[type]
    return isObjectType(found) ? found.getFields()[column]?.description : undefined
  }
  t.match(told('item_codes', 'code'), /search by code_normalised/)
  for (const column of ['id', 'payer_id', 'plan_id', 'file_id'])
    t.match(told('rates', column), /every rate is read/, column)
  for (const type of ['items', 'charges']) t.match(told(type, 'file_id'), /4294967296/, type)
  const { pool } = await createTestDatabase(t)
  const { rows } = await pool.query("select rolconfig from pg_roles where rolname = 'glimmr_links'")
  t.match(rows[0]?.rolconfig, ['from_collapse_limit=16', 'join_collapse_limit=16', 'statement_timeout=30s'])
})
