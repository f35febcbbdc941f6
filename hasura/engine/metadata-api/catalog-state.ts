/**
 * `get_catalog_state`, `set_catalog_state`: what the console and the CLI remember about themselves, such as which migrations
 * were applied. Kept in the database, so that the next process finds it again; in a table of our own, because a real Hasura
 * takes a database that has its `hdb_version` for one that it has set up.
 */
import type pg from 'pg'
import { RequestError } from '../errors.ts'
import type { Act } from './acts.ts'
import { object, text } from './arguments.ts'

const createSql = `
create schema if not exists hdb_catalog;
create table if not exists hdb_catalog.catalog_state (
  only_one boolean primary key default true check (only_one),
  id uuid not null default gen_random_uuid(),
  cli_state jsonb not null default '{}',
  console_state jsonb not null default '{}'
);
insert into hdb_catalog.catalog_state default values on conflict do nothing`

/** Of one row; what the console and the CLI write is theirs, so only its size is looked at. */
const mostCharacters = 1_000_000

export function catalogStateActs(pool: () => pg.Pool | undefined): Record<string, Act> {
  const prepared = new WeakMap<pg.Pool, Promise<unknown>>()
  const ready = async (): Promise<pg.Pool> => {
    const found = pool()
    if (!found) throw new RequestError('unexpected', '$.args', 'there is no database that keeps the state')
    const made = prepared.get(found) ?? found.query(`select pg_advisory_xact_lock(7033924); ${createSql}`)
    prepared.set(found, made)
    await made.catch(cause => {
      prepared.delete(found)
      throw cause
    })
    return found
  }
  return {
    async get_catalog_state() {
      const { rows } = await (await ready()).query(
        'select id, cli_state, console_state from hdb_catalog.catalog_state',
      )
      return rows[0]
    },
    async set_catalog_state(_, args) {
      const type = text(args, 'type')
      if (type !== 'cli' && type !== 'console')
        throw new RequestError('parse-failed', '$.type', 'expected "cli" or "console"')
      const state = JSON.stringify(object(args, 'state'))
      if (state.length > mostCharacters)
        throw new RequestError(
          'validation-failed',
          '$.args',
          `a state has at most ${mostCharacters} characters`,
        )
      await (await ready()).query(`update hdb_catalog.catalog_state set ${type}_state = $1`, [state])
      return { message: 'success' }
    },
  }
}
