/** Postgres: pools and the four ways to run one statement. Errors are pg's own (`code` is the SQLSTATE). */
import { createHash } from 'node:crypto'
import pg from 'pg'
import type { Sql } from './sql.ts'

export type Pool = pg.Pool
/** What a statement runs on: a pool, or the client of a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>

export type PoolOptions = {
  url: string
  /** Shown in pg_stat_activity. */
  name: string
  max?: number
  /** 0: none. */
  statementTimeoutMs?: number
  /** To run as, for a login that is a member of it. */
  role?: string
  /** Postgres settings of each connection: `{ plan_cache_mode: 'force_generic_plan' }`. Names and values are ours. */
  settings?: Record<string, string>
  /** Told of a connection that broke while idle; the pool replaces it. */
  onError?: (error: Error) => void
}

/**
 * For every connection that is held for long: one whose other end is gone without a word (a host that fell, an address
 * that a proxy forgot) breaks within minutes, and does not wait for ever for an answer.
 */
export const keptAlive = { keepAlive: true, keepAliveInitialDelayMillis: 30_000 }

/** A pool that never throws from an idle connection: Postgres restarting must not end the process. */
export function createPool(options: PoolOptions): Pool {
  const { url, name, max = 5, statementTimeoutMs = 30_000, role, settings = {}, onError } = options
  const given = Object.entries(role ? { ...settings, role } : settings)
  const pool = new pg.Pool({
    connectionString: url,
    application_name: name,
    max,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 10_000,
    ...keptAlive,
    statement_timeout: statementTimeoutMs,
    ...(given.length > 0 && { options: given.map(([name, value]) => `-c ${name}=${value}`).join(' ') }),
  })
  const told = (error: Error) => onError?.(error)
  pool.on('error', told)
  pool.on('connect', client => client.on('error', told))
  return pool
}

export async function rows<Row extends object>(db: Queryable, statement: Sql): Promise<Row[]> {
  const result = await db.query<Row & pg.QueryResultRow>(statement.text, statement.values)
  return result.rows
}

export async function maybeOne<Row extends object>(db: Queryable, statement: Sql): Promise<Row | undefined> {
  return (await rows<Row>(db, statement))[0]
}

/** The one row; throws when there is none, for statements that always give one. */
export async function one<Row extends object>(db: Queryable, statement: Sql): Promise<Row> {
  const row = await maybeOne<Row>(db, statement)
  if (!row) throw new Error(`a row was expected from: ${statement.text.trim().slice(0, 200)}`)
  return row
}

/**
 * As `rows`, through a prepared statement of its own per connection: parsed and planned once, not for every request.
 * For statements whose text has few forms.
 */
export async function preparedRows<Row extends object>(db: Queryable, statement: Sql): Promise<Row[]> {
  const { text, values } = statement
  const name = createHash('sha256').update(text).digest('base64url')
  const result = await db.query<Row & pg.QueryResultRow>({ name, text, values })
  return result.rows
}

/** How many rows the statement touched. */
export async function execute(db: Queryable, statement: Sql): Promise<number> {
  return (await db.query(statement.text, statement.values)).rowCount ?? 0
}

/** Runs `work` in one transaction: committed when it resolves, rolled back when it throws. */
export async function transaction<Result>(
  pool: Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch((cause: Error) => {
      broken = cause
    })
    throw error
  } finally {
    client.release(broken)
  }
}
