/**
 * A request that is repeated, because its answer was lost, is the same upload: by presign and by form alike. Which upload
 * a key means stands in its row (new-upload.ts); keys belong to who sent them, and are forgotten after a week.
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
import { execute, type Queryable } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'

export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe(
      'Of your choice; for a week a repeat of the same request gives the same upload, with the header Idempotent-Replayed, and another request 409',
    ),
})

/** At most so many in one statement: the next turn of the sweep takes the next ones. */
const batch = 1000

/** The uploads stay; how many keys were forgotten. */
export function forgetOldKeys(db: Queryable): Promise<number> {
  return execute(
    db,
    sql`update media.uploads set idempotency_key = null, idempotency_hash = null
      where id in (
        select id from media.uploads
        where idempotency_key is not null and created_at < now() - interval '7 days'
        order by created_at limit ${batch} for update skip locked)`,
  )
}
