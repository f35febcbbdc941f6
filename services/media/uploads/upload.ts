/** An upload as the API shows it: its row here, and what the pipeline has made of it so far. */
import type { Identity } from '@glimmr/lib/auth'
import { maybeOne, type Queryable } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'

const count = z.number().int()

export const statuses = [
  'waiting',
  'stored',
  'loading',
  'published',
  'rejected',
  'already_loaded',
  'failed',
  'expired',
] as const

export type Status = (typeof statuses)[number]

/** After these nothing changes any more. An expired upload may still arrive, when its PUT began in time. */
const ended = new Set<Status>(['published', 'rejected', 'already_loaded', 'failed', 'expired'])
export const hasEnded = (status: Status) => ended.has(status)

export const uploadSchema = z.object({
  upload_id: z.uuid(),
  status: z
    .enum(statuses)
    .describe(
      'waiting: for its bytes; stored: a job is queued; loading; then published, rejected (see reasons), already_loaded (the same bytes are file_id) or failed (a fault on our side). expired: the URL was not used in time.',
    ),
  filename: z.string(),
  content_type: z.string(),
  size_bytes: count,
  sha256: z.string().nullable().describe('Hex; promised by the client, or computed when it was loaded'),
  hospital_id: z.uuid().nullable().describe('Chosen by the uploader, or found by what the file says'),
  file_id: count.nullable().describe('See /v1/core/files/{id}'),
  progress: z.object({
    bytes_read: count,
    bytes_total: count,
    rows_seen: count,
    rows_loaded: count,
    rows_rejected: count,
  }),
  reasons: z
    .array(z.object({ rule: z.string(), message: z.string(), cell: z.string().nullish() }))
    .describe('Why it was rejected or has failed'),
  stored_by: z.enum(['complete', 'event', 'sweep']).nullable().describe('Who told of it first'),
  created_at: z.iso.datetime({ offset: true }),
  expires_at: z.iso.datetime({ offset: true }).describe('When its URL ends'),
  stored_at: z.iso.datetime({ offset: true }).nullable(),
})

export type UploadRow = { id: string; created: string; status: Status; json: string }

/** Statement for uploads as JSON texts. `created` is exact to the microsecond, for cursors. */
export function uploads(where: Sql): Sql {
  return sql`
    select u.id, to_char(u.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created, state.status, row_to_json(shown)::text as json
    from media.uploads u
    left join prices.loads l on l.upload_id = u.id
    left join prices.files f on f.id = l.file_id
    cross join lateral (
      select case when u.status = 'stored' and l.status <> 'queued' then l.status else u.status end as status
    ) state
    cross join lateral (
      select u.id as upload_id, state.status, u.filename, u.content_type, u.size_bytes,
        coalesce(u.sha256, f.sha256) as sha256, coalesce(u.hospital_id, f.hospital_id) as hospital_id,
        l.file_id,
        json_build_object(
          'bytes_read', coalesce(l.bytes_read, 0), 'bytes_total', coalesce(nullif(l.bytes_total, 0), u.size_bytes),
          'rows_seen', coalesce(l.rows_seen, 0), 'rows_loaded', coalesce(l.rows_loaded, 0),
          'rows_rejected', coalesce(l.rows_rejected, 0)
        ) as progress,
        case when l.status = 'failed' and l.reasons = '[]' then ${failedReason}::jsonb else coalesce(l.reasons, '[]') end
          as reasons,
        u.stored_by, u.created_at, u.expires_at, u.stored_at
    ) shown
    where ${where}`
}

// What went wrong on our side is in the log, not in an answer.
const failedReason = JSON.stringify([
  {
    rule: 'glimmr.failed',
    message:
      'Loading failed on our side, several times; the operator finds why in the log under the upload id. Upload the file again later.',
  },
])

/** Uploads the caller may see: those of the own organisation, an admin's too. */
export function visibleTo(identity: Identity): Sql {
  return sql`u.organisation_id = ${identity.organisation}`
}

/** One upload the caller may see; a 404 problem for any other, so that nobody learns which ids exist. */
export async function requireVisible(db: Queryable, identity: Identity, id: string): Promise<UploadRow> {
  const found = await maybeOne<UploadRow>(db, uploads(sql`u.id = ${id} and ${visibleTo(identity)}`))
  if (!found) throw noUpload(id)
  return found
}

export const noUpload = (id: string) => problem(404, `There is no upload ${id} of your organisation`)
