/** A batch of clicks into links.link_clicks, in one statement. */
import { execute, type Pool } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { Click } from './click-buffer.ts'

/** In the order of the key, so that two processes cannot wait for each other. Clicks of deleted links are left out. */
export async function writeClicks(pool: Pool, batch: Click[]): Promise<void> {
  await execute(
    pool,
    sql`
      insert into links.link_clicks (link_id, day, visitor, clicks)
      select given.link_id, given.day, given.visitor, given.clicks
      from unnest(
        ${batch.map(click => click.link_id)}::bigint[], ${batch.map(click => click.day)}::date[],
        ${batch.map(click => click.visitor)}::bytea[], ${batch.map(click => click.clicks)}::bigint[]
      ) given (link_id, day, visitor, clicks)
      join links.links l on l.id = given.link_id
      order by given.link_id, given.day, given.visitor
      on conflict (link_id, day, visitor) do update set clicks = link_clicks.clicks + excluded.clicks`,
  )
}
