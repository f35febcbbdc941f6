/** Which files were current on a day: of all hospitals, by the time when they were published here. */
import { type Sql, sql } from '@glimmr/lib/sql'

/** The moment that `as_of` means: the end of that day in UTC. */
function endOf(day: string): Sql {
  return sql`((${day}::date + 1)::timestamp at time zone 'UTC')`
}

/**
 * Of file `f`: its publication (published_at, superseded_at) that was in force at the end of `day`, or no row. For `lateral`.
 * `seen`: only publications up to this one count, as if none had come later.
 */
export function publicationOn(day: string, seen?: string): Sql {
  const later = sql`l.hospital_id = p.hospital_id and l.id > p.id and l.id <= ${seen}::bigint and l.published_at < ${endOf(day)}`
  const stillInForce =
    seen === undefined
      ? sql`(p.superseded_at is null or p.superseded_at >= ${endOf(day)})`
      : sql`p.id <= ${seen}::bigint and not exists (select from prices.publications l where ${later})`
  return sql`
    select p.published_at, p.superseded_at from prices.publications p
    where p.file_id = f.id and p.published_at < ${endOf(day)} and ${stillInForce} limit 1`
}
