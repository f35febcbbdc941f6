/** Uploads as Prometheus sees them. */
import { one, type Pool, rows } from '@glimmr/lib/db'
import { type Count, createCounter, createGauge, type Metrics } from '@glimmr/lib/metrics'
import { sql } from '@glimmr/lib/sql'

export type UploadMetrics = {
  presigned: Count<never>
  /** By who told of it first. */
  stored: Count<'by'>
  expired: Count<never>
  /** Open at this moment. */
  streams: { open: number }
}

export function createUploadMetrics(metrics: Metrics, pool: Pool): UploadMetrics {
  const streams = { open: 0 }
  createGauge(metrics, {
    name: 'glimmr_uploads',
    help: 'Uploads of the last seven days, by status',
    labelNames: ['status'],
    read: () => countByStatus(pool),
  })
  createGauge(metrics, {
    name: 'glimmr_upload_wait_seconds',
    help: 'How long the stored file has waited that waits longest for its prices to be published; 0 for none',
    labelNames: [],
    read: () => longestWait(pool),
  })
  createGauge(metrics, {
    name: 'glimmr_upload_streams',
    help: 'Open streams of server-sent events',
    labelNames: [],
    read: async () => [{ labels: {}, value: streams.open }],
  })
  return {
    presigned: createCounter(metrics, {
      name: 'glimmr_uploads_presigned_total',
      help: 'URLs given out',
      labelNames: [],
    }),
    stored: createCounter(metrics, {
      name: 'glimmr_uploads_stored_total',
      help: 'Uploads found in the store, by who told of them first: complete, event or sweep',
      labelNames: ['by'],
    }),
    expired: createCounter(metrics, {
      name: 'glimmr_uploads_expired_total',
      help: 'Uploads that never arrived',
      labelNames: [],
    }),
    streams,
  }
}

async function countByStatus(pool: Pool): Promise<{ labels: { status: string }; value: number }[]> {
  const counts = await rows<{ status: string; count: number }>(
    pool,
    sql`select case when u.status = 'stored' and l.status <> 'queued' then l.status else u.status end as status,
        count(*)::int as count
      from media.uploads u
      left join prices.loads l on l.upload_id = u.id
      where u.created_at > now() - interval '7 days'
      group by 1`,
  )
  return counts.map(({ status, count }) => ({ labels: { status }, value: count }))
}

/** Rejected and failed files do not wait: somebody has been told. */
async function longestWait(pool: Pool): Promise<{ labels: Record<never, string>; value: number }[]> {
  const { seconds } = await one<{ seconds: number }>(
    pool,
    sql`select coalesce(max(extract(epoch from now() - u.stored_at)), 0)::float8 as seconds
      from media.uploads u
      left join prices.loads l on l.upload_id = u.id
      where u.status = 'stored' and u.created_at > now() - interval '7 days'
        and coalesce(l.status, 'queued') in ('queued', 'loading')`,
  )
  return [{ labels: {}, value: seconds }]
}
