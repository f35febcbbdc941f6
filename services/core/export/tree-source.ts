/** All that a file's rows in the tree are made of, as one hash: while it is the same, they would be the same. */
import { createHash } from 'node:crypto'
import { one, type Pool, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import { columns } from './columns.ts'
import { headOf, namesOf } from './read-rows.ts'

export type TreeSource = { id: number; sha256: string; state: string | null; hash: string }

/** The file's own bytes; what is known of its hospital; who its payers are, by the rules of today; and the table's form. */
export async function treeSourceOf(pool: Pool, id: number): Promise<TreeSource> {
  const { sha256 } = await one<{ sha256: string }>(
    pool,
    sql`select f.sha256 from prices.files f where f.id = ${id}`,
  )
  const head = await one<{ state: string | null }>(pool, headOf(id))
  const names = await rows(pool, namesOf(id))
  const hash = createHash('sha256')
    .update(JSON.stringify([sha256, head, names, columns]))
    .digest('hex')
  return { id, sha256, state: head.state, hash }
}
