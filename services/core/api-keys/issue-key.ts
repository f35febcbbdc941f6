/** Keys that no request asks for: the first ones of an installation. */
import { createApiKey, hashApiKey, type Role, usualClass } from '@glimmr/lib/api-keys'
import { execute, maybeOne, one, type Queryable } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'

/** The id of the organisation of this name, made when there is none. */
export async function ensureOrganisation(db: Queryable, name: string): Promise<string> {
  const { id } = await one<{ id: string }>(
    db,
    sql`insert into core.organisations (name) values (${name})
      on conflict (name) do update set name = excluded.name returning id`,
  )
  return id
}

export type IssuedKey = { organisation: string; name: string; roles: readonly Role[]; createdBy: string }

/** The key itself, which is stored nowhere. */
export async function issueKey(
  db: Queryable,
  { organisation, name, roles, createdBy }: IssuedKey,
): Promise<string> {
  const { key, prefix, hash, scopes } = createApiKey({ roles })
  const detail = JSON.stringify({ name, roles, prefix, scopes })
  await execute(
    db,
    sql`
      with made as (
        insert into core.api_keys (organisation_id, name, prefix, hash, roles, scopes, limit_class, created_by)
        values (${organisation}, ${name}, ${prefix}, ${hash}, ${[...roles]}, ${scopes}, ${usualClass(roles)}, ${createdBy})
        returning id
      )
      insert into core.audit_log (organisation_id, actor, action, target, detail)
      select ${organisation}, ${createdBy}, 'api_key.created', id, ${detail} from made`,
  )
  return key
}

/** Whether the key works and has all of these roles. */
export async function isGoodKey(db: Queryable, key: string, roles: readonly Role[] = []): Promise<boolean> {
  const found = await maybeOne(
    db,
    sql`select from core.api_keys
      where hash = ${hashApiKey(key)} and revoked_at is null and coalesce(expires_at > now(), true)
        and roles @> ${[...roles]}::text[]`,
  )
  return found !== undefined
}
