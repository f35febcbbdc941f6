import { insertRates } from '@glimmr/dev/rate-blocks'
import { createTestDatabase } from '@glimmr/dev/testing'
import { createEngine, type Engine, type Session } from '@glimmr/engine/engine'
import { createPool, execute } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import {
  buildClientSchema,
  type GraphQLObjectType,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNamedType,
  type IntrospectionQuery,
  isObjectType,
  validateSchema,
} from 'graphql'
import type pg from 'pg'
import { type Test, test } from 'tap'

const metadataDir = import.meta.dirname
const organisations = [
  '00000000-0000-4000-8000-000000000001',
  '00000000-0000-4000-8000-000000000002',
] as const
const statuses = ['published', 'loading', 'rejected', 'superseded', 'failed'] as const
const secret = statuses.filter(status => status !== 'published')

const session = (role: string, organisation: string = organisations[0]): Session => ({
  role,
  vars: { 'x-hasura-role': role, 'x-hasura-org-id': organisation },
})

async function ask(
  engine: Engine,
  given: Session,
  query: string,
): Promise<{ data?: Record<string, unknown>; errors?: unknown }> {
  const { body } = await engine.graphql({ body: { query }, session: given })
  return JSON.parse(body)
}

/** One file of each status, owned by the second organisation, with a row in every table that says so. */
async function fill(pool: pg.Pool): Promise<void> {
  for (const id of organisations)
    await pool.query('insert into core.organisations (id, name) values ($1, $2)', [id, id])
  let number = 0
  for (const status of statuses) {
    number += 1
    await addFile(pool, { status, number, organisation: organisations[1] })
  }
  for (const [id, organisation] of organisations.entries()) {
    const { rows } = await pool.query<{ id: string }>(
      `insert into links.links (slug, organisation_id, created_by, kind, target)
       values ($1, $2, 'key', 'url', 'https://example.org') returning id`,
      [`slug-${id + 1}`, organisation],
    )
    const { rows: today } = await pool.query<{ day: string }>('select current_date::text as day')
    await pool.query('insert into links.link_clicks values ($1, $2, $3, 3)', [
      rows[0]?.id,
      today[0]?.day,
      Buffer.from('hash'),
    ])
  }
}

async function addFile(
  pool: pg.Pool,
  { status, number, organisation }: { status: string; number: number; organisation: string },
): Promise<void> {
  const name = `content of a ${status} file`
  const one = async (text: string, values: unknown[]): Promise<string> => {
    const { rows } = await pool.query<{ id: string }>({ text: `${text} returning id`, values })
    return rows[0]?.id ?? ''
  }
  const hospital = await one('insert into core.hospitals (organisation_id, name) values ($1, $2)', [
    organisation,
    name,
  ])
  const file = Number(
    await one(
      `insert into prices.files (organisation_id, hospital_id, sha256, filename, size_bytes, status, verdict, hospital_name, published_at)
       values ($1, $2, repeat(md5($3), 2), $3, 1, $4, 'valid', $3, now())`,
      [organisation, hospital, name, status],
    ),
  )
  const payer = await one('insert into prices.payers (name) values ($1)', [name])
  const plan = await one('insert into prices.plans (payer_id, name) values ($1, $2)', [payer, name])
  await pool.query('insert into prices.file_plans values ($1, $2, $3, 1)', [file, plan, payer])
  await pool.query(
    "insert into core.plan_matches (plan_id, payer_id, payer_class) values ($1, $2, 'commercial')",
    [plan, payer],
  )
  const id = file * 2 ** 32 + number
  await pool.query('insert into prices.texts values ($1, $2, $3)', [id, file, name])
  await pool.query(
    'insert into prices.items (id, file_id, row_number, description, byte_offset, byte_length) values ($1, $2, 1, $3, 0, 1)',
    [id, file, name],
  )
  await pool.query(`insert into prices.item_codes values ($1, 1, $2, $3, 'CPT', '70551')`, [id, file, name])
  await pool.query(
    'insert into prices.charges (id, item_id, file_id, row_number, setting, gross, notes_id) values ($1, $1, $2, 1, $3, 10.50, $1)',
    [id, file, name],
  )
  await execute(
    pool,
    insertRates(
      sql`select ${id}::bigint as id, ${id}::bigint as charge_id, ${file}::int as file_id, 1 as row_number, ${plan}::int as plan_id,
        ${`${10 ** number}.50`}::numeric as negotiated_dollar, ${name} as methodology, ${id}::bigint as notes_id, ${id}::bigint as algorithm_id`,
      ['negotiated_dollar', 'methodology', 'notes_id', 'algorithm_id'],
    ),
  )
  await pool.query(
    `insert into prices.modifiers (id, file_id, row_number, code, description, payer_id, plan_id, notes_id, byte_offset, byte_length)
     values ($1, $2, 1, $3, $3, $4, $5, $1, 0, 1)`,
    [id, file, name, payer, plan],
  )
  await pool.query(
    `insert into prices.findings values ($1, 1, 'rule', 'cms', 'error', 1, 1, 'column', 'A1', $2, $2)`,
    [file, name],
  )
}

async function setUp(t: Test): Promise<Engine> {
  const database = await createTestDatabase(t)
  await fill(database.pool)
  // As the role the service logs in with: what it may not read must not be needed.
  return createEngine({
    metadataDir,
    pools: { default: database.poolFor('glimmr_links') },
    limits: { nodes: 5000 },
  })
}

async function schemaOf(engine: Engine, role: string): Promise<GraphQLSchema> {
  const query = getIntrospectionQuery({
    descriptions: true,
    directiveIsRepeatable: true,
    inputValueDeprecation: true,
    schemaDescription: true,
    specifiedByUrl: true,
    oneOf: true,
  })
  const { data } = await ask(engine, session(role), query)
  return buildClientSchema(data as unknown as IntrospectionQuery)
}

/** Everything a type shows, relationships followed to a depth. */
function selectAll(type: GraphQLObjectType, depth: number): string {
  const fields = Object.values(type.getFields()).flatMap(field => {
    const inner = getNamedType(field.type)
    if (!isObjectType(inner)) return field.name
    return depth > 0 ? `${field.name} { ${selectAll(inner, depth - 1)} }` : []
  })
  return ['__typename', ...fields].join(' ')
}

test('the whole metadata is consistent with the migrated database', async t => {
  const engine = await setUp(t)
  t.same(engine.inconsistencies(), [])
})

test('every role gets a valid schema from the introspection query with all options', async t => {
  const engine = await setUp(t)
  for (const role of ['admin', 'partner', 'uploader', 'viewer'])
    t.same(validateSchema(await schemaOf(engine, role)), [], role)
})

test('whatever a role may select, no way leads to a file that is not published', async t => {
  const engine = await setUp(t)
  for (const role of ['partner', 'uploader', 'viewer']) {
    const fields = Object.values((await schemaOf(engine, role)).getQueryType()?.getFields() ?? {})
    let seen = 0
    for (const field of fields) {
      const type = getNamedType(field.type)
      if (!isObjectType(type) || field.name.endsWith('_by_pk')) continue
      const answer = await ask(engine, session(role), `{ ${field.name} { ${selectAll(type, 2)} } }`)
      t.same(answer.errors, undefined, `${role} ${field.name}`)
      const text = JSON.stringify(answer)
      if (text.includes('content of a published file')) seen += 1
      for (const status of secret)
        t.notMatch(text, `content of a ${status} file`, `${role} ${field.name} ${status}`)
    }
    t.ok(seen >= 10, `${role} sees the published file in ${seen} root fields`)
  }
})

test('a row of another status is not found by its key, by a where, by an order or by a count', async t => {
  const engine = await setUp(t)
  for (const role of ['partner', 'viewer']) {
    const found = async (query: string) => (await ask(engine, session(role), query)).data
    for (let file = 1; file <= 5; file += 1) {
      const id = file * 2 ** 32 + file
      const { rates, ...rows } =
        (await found(`{ files_by_pk(id: ${file}) { id } rates(where: { id: { _eq: "${id}" } }) { id } items_by_pk(id: "${id}") { id }
        payers_by_pk(id: ${file}) { id } plans_by_pk(id: ${file}) { id } texts_by_pk(id: "${id}") { id } }`)) ??
        {}
      for (const row of Object.values(rows)) t.equal(row !== null, file === 1, `${role} file ${file}`)
      t.same(rates, file === 1 ? [{ id }] : [], `${role} file ${file}`)
    }
    for (const status of secret) {
      const text = JSON.stringify(`content of a ${status} file`)
      t.same(
        await found(`{
          by_file: rates(where: { file: { status: { _eq: "${status}" } } }) { id }
          not_published: rates(where: { file: { status: { _neq: "published" } } }) { id }
          by_item: rates(where: { charge: { item: { description: { _eq: ${text} } } } }) { id }
          by_payer: rates(where: { payer: { name: { _eq: ${text} } } }) { id }
          by_match: plan_matches(where: { plan: { name: { _eq: ${text} } } }) { plan_id }
          payers(where: { rates: { methodology: { _eq: ${text} } } }) { id }
          hospitals(where: { files: { items: { description: { _eq: ${text} } } } }) { id }
          not: items(where: { _not: { file: {} } }) { id }
        }`),
        {
          by_file: [],
          not_published: [],
          by_item: [],
          by_payer: [],
          by_match: [],
          payers: [],
          hospitals: [],
          not: [],
        },
        `${role} ${status}`,
      )
    }
    const ordered = await found(
      `{ rates(order_by: [{ charge: { item: { description: desc } } }, { negotiated_dollar: desc }]) { file_id } }`,
    )
    t.same(ordered, { rates: [{ file_id: 1 }] })
  }
})

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

test('aggregates count published rows only, for partners and not for viewers', async t => {
  const engine = await setUp(t)
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

test('an uploader also sees all files of its own organisation, and only of that', async t => {
  const engine = await setUp(t)
  const query =
    '{ files(order_by: { id: asc }) { status hospital { name } } rates_aggregate { aggregate { count } } payers { id } }'
  const own = await ask(engine, session('uploader', organisations[1]), query)
  t.same(
    own.data?.files,
    statuses.map(status => ({ status, hospital: { name: `content of a ${status} file` } })),
  )
  t.match(own.data, { rates_aggregate: { aggregate: { count: 5 } } })
  const other = await ask(engine, session('uploader', organisations[0]), query)
  t.same(other.data?.files, [{ status: 'published', hospital: { name: 'content of a published file' } }])
  t.match(other.data, { rates_aggregate: { aggregate: { count: 1 } }, payers: [{ id: 1 }] })
})

test('links and their clicks stay within the organisation, and who clicked with nobody', async t => {
  const engine = await setUp(t)
  for (const role of ['partner', 'uploader', 'viewer'])
    for (const [index, organisation] of organisations.entries()) {
      const { data } = await ask(
        engine,
        session(role, organisation),
        '{ links { slug clicks { clicks } } link_clicks { link { slug } clicks } }',
      )
      const slug = `slug-${index + 1}`
      t.same(
        data,
        { links: [{ slug, clicks: [{ clicks: 3 }] }], link_clicks: [{ link: { slug }, clicks: 3 }] },
        `${role} ${slug}`,
      )
    }
  const hash = await ask(engine, session('partner'), '{ link_clicks { visitor } }')
  t.match(hash, { errors: [{ message: "field 'visitor' not found in type: 'link_clicks'" }] })
  const nobody = await ask(engine, { role: 'partner', vars: {} }, '{ links { slug } }')
  t.match(nobody, {
    errors: [{ extensions: { code: 'not-found' }, message: 'missing session variable: "x-hasura-org-id"' }],
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
  const engine = await setUp(t)
  t.match(await ask(engine, session('stranger'), '{ files { id } }'), {
    errors: [{ message: "field 'files' not found in type: 'query_root'" }],
  })
})

test('rates can be subscribed to as a list, and not as a stream, which no index serves', async t => {
  const engine = await setUp(t)
  for (const role of ['partner', 'uploader', 'viewer']) {
    const fields = (await schemaOf(engine, role)).getSubscriptionType()?.getFields() ?? {}
    t.hasProps(fields, ['rates', 'files_stream'], role)
    t.notHas(fields, { rates_stream: {} }, role)
  }
})
