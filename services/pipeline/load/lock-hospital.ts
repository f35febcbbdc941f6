/** One publication of a hospital at a time, and each with a moment of its own. */
import { one, type Queryable } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'

/**
 * Waits for those that publish for the hospital now, to the end of their transactions, and holds the next ones up to the
 * end of the caller's. Gives the moment of publication, with microseconds. Not now(): that is when the transaction began,
 * which may be before the publication that it waited for; and never before the last one, should the clock be set back.
 */
export async function lockHospital(db: Queryable, hospitalId: string): Promise<string> {
  await one(db, sql`select pg_advisory_xact_lock(hashtextextended(${`glimmr hospital ${hospitalId}`}, 0))`)
  const { moment } = await one<{ moment: string }>(
    db,
    sql`
      select greatest(clock_timestamp(), max(published_at))::text as moment
      from prices.publications where hospital_id = ${hospitalId}`,
  )
  return moment
}
