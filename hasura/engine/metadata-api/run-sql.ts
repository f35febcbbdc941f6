/**
 * run_sql: SQL as the source's role may run it, in a transaction with the metadata that follows from it: what was renamed
 * is renamed there, what was dropped is dropped there (with `cascade`, or when nothing depends on it).
 *
 * Source: https://hasura.io/docs/2.0/api-reference/schema-api/run-sql/
 */
import type pg from 'pg'
import { RequestError } from '../errors.ts'
import type { State } from '../state.ts'
import { type Args, flag, sourceName, text } from './arguments.ts'
import { checkChange } from './check-change.ts'
import type { ApiContext } from './metadata-api.ts'
import { followSchema } from './schema-changes.ts'
import { readSchema } from './schema-snapshot.ts'
import { splitSql } from './split-sql.ts'

/** SQL that may change what the metadata speaks of. */
const structural = /\b(alter|drop|replace|create\s+function|comment\s+on)\b/i
const mostSqlBytes = 4 * 1024 * 1024

type SqlAnswer = { result_type: 'CommandOk' | 'TuplesOk'; result: string[][] | null }

export async function runSql(context: ApiContext, args: Args): Promise<SqlAnswer> {
  if (!context.allowRunSql)
    throw new RequestError('not-supported', '$.args', 'run_sql is switched off on this server')
  const sql = text(args, 'sql')
  if (Buffer.byteLength(sql) > mostSqlBytes)
    throw new RequestError('validation-failed', '$.args', `the SQL is longer than ${mostSqlBytes} bytes`)
  const source = sourceName(args)
  const pool = context.control.pool(source)
  if (!pool) throw new RequestError('not-exists', '$.args', `source with name "${source}" does not exist`)
  const client = await pool.connect()
  try {
    if (flag(args, 'no_transaction')) return await oneByOne(client, sql)
    return await inTransaction(context, client, { sql, source, args })
  } finally {
    // What the SQL set for its session must not reach the next one; nor may it forget what pg has prepared there.
    client.release(true)
  }
}

type Run = { sql: string; source: string; args: Args }

async function inTransaction(
  context: ApiContext,
  client: pg.PoolClient,
  { sql, source, args }: Run,
): Promise<SqlAnswer> {
  const readOnly = flag(args, 'read_only')
  await client.query(readOnly ? 'begin read only' : 'begin')
  let done = false
  try {
    const check = args.check_metadata_consistency ?? structural.test(sql)
    const follows = !readOnly && check === true
    const before = context.control.current()
    const schema = follows ? await readSchema(client, before, source) : undefined
    const answer = await sent(client, sql)
    const after = schema && (await followed(context, client, { before, schema, source, args }))
    await committed(client, sql)
    done = true
    if (after) await context.put(after)
    return answer
  } finally {
    if (!done) await client.query('rollback').catch(() => undefined)
  }
}

async function followed(
  { control }: ApiContext,
  client: pg.PoolClient,
  {
    before,
    schema,
    source,
    args,
  }: Omit<Run, 'sql'> & {
    before: State
    schema: Awaited<ReturnType<typeof readSchema>>
  },
): Promise<State> {
  const draft = structuredClone(before.metadata)
  await followSchema(client, { draft, before, schema, source, cascade: flag(args, 'cascade') })
  const after = await control.load(draft, { source, client })
  checkChange(before, after, [])
  return after
}

/** Constraints may be checked as late as this. */
async function committed(client: pg.PoolClient, sql: string): Promise<void> {
  await client.query('commit').catch(cause => {
    throw failed(cause, sql)
  })
}

async function oneByOne(client: pg.PoolClient, sql: string): Promise<SqlAnswer> {
  let answer: SqlAnswer = { result_type: 'CommandOk', result: null }
  for (const statement of splitSql(sql)) answer = await sent(client, statement)
  return answer
}

/** Of several statements, the last one's rows; every value as Postgres writes it. */
async function sent(client: pg.PoolClient, sql: string): Promise<SqlAnswer> {
  const types = { getTypeParser: () => (value: string) => value }
  const results = await client
    .query<string[]>({ text: sql, rowMode: 'array', types })
    .catch((cause: unknown) => {
      throw failed(cause, sql)
    })
  const last = Array.isArray(results) ? results.at(-1) : results
  if (!last || last.fields.length === 0) return { result_type: 'CommandOk', result: null }
  const head = last.fields.map((field: pg.FieldDef) => field.name)
  const rows = last.rows.map((row: (string | null)[]) => row.map(value => value ?? 'NULL'))
  return { result_type: 'TuplesOk', result: [head, ...rows] }
}

function failed(cause: unknown, statement: string): unknown {
  if (!(cause instanceof Error) || !('code' in cause) || !('severity' in cause)) return cause
  const { code, message, detail, hint } = cause as pg.DatabaseError
  const error = {
    exec_status: 'FatalError',
    status_code: code,
    message,
    description: detail ?? null,
    hint: hint ?? null,
  }
  const internal = { statement, prepared: false, error, arguments: [] }
  return new RequestError('postgres-error', '$.args', 'query execution failed', internal)
}
