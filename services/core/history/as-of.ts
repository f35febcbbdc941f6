/** Which files were current on a day: of all hospitals, by the time when they were published here. */
import { type Sql, sql } from '@glimmr/lib/sql'

/** The moment that `as_of` means: the end of that day in UTC. */
export function endOf(day: string): Sql {
  return sql`((${day}::date + 1)::timestamp at time zone 'UTC')`
}

/** Whether a publication (`p`) was in force at the end of `day`. */
export function inForce(day: string): Sql {
  return sql`p.published_at < ${endOf(day)} and (p.superseded_at is null or p.superseded_at >= ${endOf(day)})`
}

/** Whether file `f` was its hospital's current one at the end of `day`. */
export function currentOn(day: string): Sql {
  return sql`exists (select from prices.publications p where p.file_id = f.id and ${inForce(day)})`
}
