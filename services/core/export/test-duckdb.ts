/** DuckDB in memory, for tests that read what was exported. */
import { DuckDBInstance } from '@duckdb/node-api'

type Teardown = { teardown(handler: () => unknown): void }

/** Rows as JSON: decimals and large integers are their digits. */
export type Query = (statement: string) => Promise<Record<string, unknown>[]>

export async function openDuckdb(t: Teardown): Promise<Query> {
  const instance = await DuckDBInstance.create(':memory:')
  t.teardown(() => instance.closeSync())
  const connection = await instance.connect()
  return async statement => (await connection.runAndReadAll(statement)).getRowObjectsJson()
}
