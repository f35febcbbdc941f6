/** The metadata over a database with a file of each status, for tests: what a role may see, and what it must not. */
import { insertRates } from '@glimmr/dev/rate-blocks'
import { createTestDatabase } from '@glimmr/dev/testing'
import { createEngine, type Engine, type Session } from '@glimmr/engine/engine'
import { execute } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import {
  buildClientSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
} from 'graphql'
import type pg from 'pg'
import type { Test } from 'tap'

export const metadataDir = import.meta.dirname
export const organisations = [
  '00000000-0000-4000-8000-000000000001',
  '00000000-0000-4000-8000-000000000002',
] as const
export const statuses = ['published', 'loading', 'rejected', 'superseded', 'failed'] as const
export const secret = statuses.filter(status => status !== 'published')

export const session = (role: string, organisation: string = organisations[0]): Session => ({
  role,
  vars: { 'x-hasura-role': role, 'x-hasura-org-id': organisation },
})

export async function ask(
  engine: Engine,
  given: Session,
  query: string,
): Promise<{ data?: Record<string, unknown>; errors?: unknown }> {
  const { body } = await engine.graphql({ body: { query }, session: given })
  return JSON.parse(body)
}

/** One file of each status, owned by the second organisation, with a row in every table that says so. */
export async function fill(pool: pg.Pool): Promise<void> {
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

export async function setUp(t: Test): Promise<Engine> {
  const database = await createTestDatabase(t)
  await fill(database.pool)
  // As the role the service logs in with: what it may not read must not be needed.
  return createEngine({
    metadataDir,
    pools: { default: database.poolFor('glimmr_links') },
    limits: { nodes: 5000 },
  })
}

export async function schemaOf(engine: Engine, role: string): Promise<GraphQLSchema> {
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
