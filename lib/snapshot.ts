/**
 * Long answers, read piece by piece: one read-only transaction, so that all pieces are of one moment, and a cursor of the
 * server's, so that neither side holds more than a batch. The reader sets the pace: nothing is fetched ahead of it.
 */
import pg from 'pg'
import type { Pool, Queryable } from './db.ts'
import { quoteIdentifier, type Sql } from './sql.ts'

export type SnapshotOptions = {
  /** When it aborts, the statement that runs is cancelled and the generator throws its reason. */
  signal: AbortSignal
  /** `set local`: names and values are ours. */
  settings?: Record<string, string>
}

/**
 * For statements that read a range of a file at a time: from index to index. Right after a load, before Postgres has
 * statistics of the new rows, it would read a whole table for each range (30 s instead of 36 ms for a thousand items).
 */
export const byIndex = { enable_seqscan: 'off', enable_hashjoin: 'off', enable_mergejoin: 'off', jit: 'off' }

/** Yields what `read` yields, inside a snapshot that ends with it, also when the consumer stops early. */
export async function* inSnapshot<Item>(
  pool: Pool,
  { signal, settings = {} }: SnapshotOptions,
  read: (client: Queryable) => AsyncGenerator<Item, void, undefined>,
): AsyncGenerator<Item, void, undefined> {
  signal.throwIfAborted()
  const client = await pool.connect()
  let cancelling: Promise<unknown> | undefined
  const cancel = () => {
    cancelling = cancelBackend(pool, client)
  }
  signal.addEventListener('abort', cancel, { once: true })
  let broken: Error | undefined
  try {
    await client.query('begin isolation level repeatable read read only')
    for (const [name, value] of Object.entries(settings))
      await client.query(`set local ${quoteIdentifier(name)} = ${pg.escapeLiteral(value)}`)
    for await (const item of read(client)) {
      yield item
      signal.throwIfAborted()
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', cancel)
    // A cancel that comes late would meet the next user of this connection.
    await cancelling?.catch(() => {})
    await client.query('rollback').catch((cause: Error) => {
      broken = cause
    })
    client.release(broken)
  }
}

function cancelBackend(pool: Pool, client: pg.PoolClient): Promise<unknown> {
  const { processID } = client as unknown as { processID: number }
  return pool.query('select pg_cancel_backend($1)', [processID])
}

/** The rows of a statement, `batch` at a time, through a cursor of the server's. Inside a transaction. */
export async function* fetchRows<Row>(
  db: Queryable,
  statement: Sql,
  { batch, rowMode }: { batch: number; rowMode?: 'array' },
): AsyncGenerator<Row[], void, undefined> {
  const name = quoteIdentifier(`rows ${++cursors}`)
  await db.query(`declare ${name} no scroll cursor for ${statement.text}`, statement.values)
  const fetch = { text: `fetch forward ${batch} from ${name}`, ...(rowMode && { rowMode }) }
  for (;;) {
    const { rows } = (await db.query(fetch as pg.QueryConfig)) as unknown as { rows: Row[] }
    if (rows.length > 0) yield rows
    if (rows.length < batch) break
  }
  await db.query(`close ${name}`)
}

/** Names differ within a session, where cursors nest. */
let cursors = 0
