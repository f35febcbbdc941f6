/** A store with a bucket, for tests of the job, and what services/media does when an upload is complete. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { createStore } from '@glimmr/dev/store/server'
import type { TestDatabase } from '@glimmr/dev/testing'
import { execute, one, rows } from '@glimmr/lib/db'
import type { S3Config } from '@glimmr/lib/s3'
import { sql } from '@glimmr/lib/sql'

type Teardown = { teardown(work: () => unknown): void }

export async function startStore(t: Teardown): Promise<S3Config> {
  const dataDir = await mkdtemp(join(tmpdir(), 'glimmr-pipeline-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const keys = { accessKeyId: 'pipeline-test', secretAccessKey: randomUUID() }
  const store = await createStore({ dataDir, buckets: ['glimmr'], ...keys })
  t.teardown(() => {
    store.server.closeAllConnections()
    return store.close()
  })
  const { url } = await store.listen(0)
  return { endpoint: url, region: 'auto', bucket: 'glimmr', ...keys }
}

export async function addOrganisation(db: Pick<TestDatabase, 'pool'>): Promise<string> {
  const id = randomUUID()
  await execute(db.pool, sql`insert into core.organisations (id, name) values (${id}, ${id})`)
  return id
}

export type Uploading = { db: Pick<TestDatabase, 'pool'>; client: S3Client; organisation: string }

/** The object stands, its row says so, the job is added. Returns the upload's id. */
export async function upload(
  { db, client, organisation }: Uploading,
  body: string | Buffer,
  { key = randomUUID(), contentEncoding }: { key?: string; contentEncoding?: string } = {},
): Promise<string> {
  const put = await client.send(
    new PutObjectCommand({ Bucket: 'glimmr', Key: key, Body: body, ContentEncoding: contentEncoding }),
  )
  const size = Buffer.byteLength(body)
  const { id } = await one<{ id: string }>(
    db.pool,
    sql`
      insert into media.uploads (organisation_id, created_by, filename, content_type, size_bytes, object_key, status, etag, expires_at)
      values (${organisation}, 'test', 'prices.csv', 'text/csv', ${size}, ${key}, 'stored', ${put.ETag ?? null}, now() + interval '1 hour')
      returning id`,
  )
  await rows(db.pool, sql`select jobs.add_load(${id}, ${organisation}, ${size}, null)`)
  return id
}

export type Load = {
  status: string
  rows_seen: string
  rows_loaded: string
  bytes_read: string
  bytes_total: string
  error: string | null
  reasons: { rule: string }[]
  attempts: number
}

/** Asks for the row that services/media shows until `enough` of it has come true. */
export async function until(
  { db }: Uploading,
  uploadId: string,
  enough: (load: Load) => boolean,
): Promise<Load> {
  for (;;) {
    const load = await one<Load>(
      db.pool,
      sql`
        select status, rows_seen, rows_loaded, bytes_read, bytes_total, error, reasons, attempts
        from prices.loads where upload_id = ${uploadId}`,
    )
    if (enough(load)) return load
    // What is waited for needs the processor more.
    await wait(5)
  }
}

export const ended = ({ status }: Load) => !['queued', 'loading'].includes(status)
