/** Commands that look at sources: which kinds there are, which tables one has. */
import type pg from 'pg'
import type { EngineControl } from '../engine.ts'
import { RequestError } from '../errors.ts'
import type { Act } from './acts.ts'
import { sourceName } from './arguments.ts'

/** The database of a source. Throws for one that is not known, or not connected. */
export function connected(control: EngineControl, source: string): pg.Pool {
  if (!control.current().metadata.sources.some(({ name }) => name === source))
    throw new RequestError('not-exists', '$.args', `source with name "${source}" does not exist`)
  const pool = control.pool(source)
  if (!pool) throw new RequestError('unexpected', '$.args', `source "${source}" is not connected`)
  return pool
}

const tablesSql = `
select n.nspname as schema, c.relname as name
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
  and n.nspname not in ('information_schema', 'hdb_catalog') and n.nspname !~ '^pg_'
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by n.nspname, c.relname`

export const sourceActs: Readonly<Record<string, Act>> = {
  async list_source_kinds() {
    return { sources: [{ available: true, builtin: true, display_name: 'pg', kind: 'postgres' }] }
  },
  /** What could be tracked: tables, views, foreign tables; nothing of the system, of Hasura or of extensions. */
  async get_source_tables({ control }, args) {
    const { rows } = await connected(control, sourceName(args)).query<{ schema: string; name: string }>(
      tablesSql,
    )
    return rows
  },
}
