import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { createStore } from '@glimmr/dev/store/server'
import { createTestDatabase } from '@glimmr/dev/testing'
import { execute, one, rows } from '@glimmr/lib/db'
import { createS3Client, type S3Config } from '@glimmr/lib/s3'
import { sql } from '@glimmr/lib/sql'
import { pino } from 'pino'
import t from 'tap'
import { build } from './server.ts'
import { aJsonItem, anItem, csv, json } from './test-files.ts'

type Test = Parameters<typeof createTestDatabase>[0]

async function setUp(t: Test) {
  const db = await createTestDatabase(t)
  const s3 = await startStore(t)
  const client = createS3Client(s3)
  t.teardown(() => client.destroy())
  const organisation = randomUUID()
  await execute(db.pool, sql`insert into core.organisations (id, name) values (${organisation}, 'Ours')`)
  const app = await build({ databaseUrl: db.urlFor('glimmr_pipeline'), log: pino({ level: 'silent' }), s3 })
  await app.ready()
  t.teardown(() => app.close())
  return { db, s3, client, organisation, app }
}

async function startStore(t: Test): Promise<S3Config> {
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

type Setting = Awaited<ReturnType<typeof setUp>>

/** What services/media does when an upload is complete: the object stands, its row says so, the job is added. */
async function upload(
  { db, client, organisation }: Setting,
  body: string | Buffer,
  key: string = randomUUID(),
): Promise<string> {
  const put = await client.send(new PutObjectCommand({ Bucket: 'glimmr', Key: key, Body: body }))
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

type Load = {
  status: string
  rows_loaded: string
  bytes_read: string
  bytes_total: string
  error: string | null
  reasons: { rule: string }[]
  attempts: number
}

/** Polls the row that services/media shows, until the load has come to an end. */
async function ended({ db }: Setting, uploadId: string): Promise<Load> {
  for (;;) {
    const load = await one<Load>(
      db.pool,
      sql`
      select status, rows_loaded, bytes_read, bytes_total, error, reasons, attempts from prices.loads where upload_id = ${uploadId}`,
    )
    if (!['queued', 'loading'].includes(load.status)) return load
  }
}

t.test('a stored upload becomes published prices through its job', async t => {
  const setting = await setUp(t)
  const uploads = [await upload(setting, csv([anItem])), await upload(setting, gzipSync(json([aJsonItem])))]
  await setting.app.start()
  for (const id of uploads) {
    const load = await ended(setting, id)
    t.match(load, { status: 'published', rows_loaded: '1', error: null, attempts: 1 })
    t.equal(load.bytes_read, load.bytes_total)
  }
  t.same(await rows(setting.db.pool, sql`select status from prices.files order by id`), [
    { status: 'superseded' },
    { status: 'published' },
  ])
})

t.test('the same content in two uploads is loaded once; the second upload is told so', async t => {
  const setting = await setUp(t)
  const uploads = [await upload(setting, csv([anItem])), await upload(setting, csv([anItem]))]
  await setting.app.start()
  const loads = await Promise.all(uploads.map(id => ended(setting, id)))
  t.same(loads.map(load => load.status).sort(), ['already_loaded', 'published'])
})

t.test('a file that is no price file ends as rejected, with reasons, without a retry', async t => {
  const setting = await setUp(t)
  const id = await upload(setting, '%PDF-1.7')
  await setting.app.start()
  t.match(await ended(setting, id), { status: 'rejected', attempts: 1, reasons: [{ rule: 'glimmr.kind' }] })
})

t.test('an object that was replaced or deleted after its upload ends the load with a clear word', async t => {
  const setting = await setUp(t)
  const replaced = await upload(setting, csv([anItem]), 'replaced')
  await setting.client.send(
    new PutObjectCommand({
      Bucket: 'glimmr',
      Key: 'replaced',
      Body: csv([{ ...anItem, plan_name: 'other' }]),
    }),
  )
  const deleted = await upload(setting, csv([anItem]), 'deleted')
  await setting.client.send(new DeleteObjectCommand({ Bucket: 'glimmr', Key: 'deleted' }))
  await setting.app.start()
  t.match(await ended(setting, replaced), { status: 'failed', error: /replaced/, attempts: 1 })
  t.match(await ended(setting, deleted), { status: 'failed', error: /no longer in the store/ })
  t.same(await rows(setting.db.pool, sql`select from prices.files where status = 'published'`), [])
})

t.test('it answers health and metrics, and nothing else', async t => {
  const setting = await setUp(t)
  const id = await upload(setting, csv([anItem]))
  await setting.app.start()
  await ended(setting, id)
  t.equal((await setting.app.inject('/readyz')).statusCode, 200)
  t.match((await setting.app.inject('/metrics')).body, /glimmr_loads_running/)
  t.equal((await setting.app.inject('/v1/pipeline/files')).statusCode, 404)
})
