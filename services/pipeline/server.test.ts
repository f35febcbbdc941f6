import { brotliCompressSync, gzipSync } from 'node:zlib'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { createTestDatabase } from '@glimmr/dev/testing'
import { execute, rows } from '@glimmr/lib/db'
import { createS3Client } from '@glimmr/lib/s3'
import { sql } from '@glimmr/lib/sql'
import { pino } from 'pino'
import t from 'tap'
import { build } from './server.ts'
import { aJsonItem, anItem, csv, json } from './test-files.ts'
import { addOrganisation, ended, startStore, until, upload } from './test-store.ts'

type Test = Parameters<typeof createTestDatabase>[0]

async function setUp(t: Test) {
  const db = await createTestDatabase(t)
  const s3 = await startStore(t)
  const client = createS3Client(s3)
  t.teardown(() => client.destroy())
  const organisation = await addOrganisation(db)
  const app = await build({ databaseUrl: db.urlFor('glimmr_pipeline'), log: pino({ level: 'silent' }), s3 })
  await app.ready()
  t.teardown(() => app.close())
  return { db, s3, client, organisation, app }
}

t.test('a stored upload becomes published prices through its job', async t => {
  const setting = await setUp(t)
  const uploads = [await upload(setting, csv([anItem])), await upload(setting, gzipSync(json([aJsonItem])))]
  await setting.app.start()
  for (const id of uploads) {
    const load = await until(setting, id, ended)
    t.match(load, { status: 'published', rows_loaded: '1', error: null, attempts: 1 })
    t.equal(load.bytes_read, load.bytes_total)
  }
  t.same(await rows(setting.db.pool, sql`select status from prices.files order by status`), [
    { status: 'published' },
    { status: 'superseded' },
  ])
})

t.test('the same content in two uploads is loaded once; the second upload is told so', async t => {
  const setting = await setUp(t)
  const uploads = [await upload(setting, csv([anItem])), await upload(setting, csv([anItem]))]
  await setting.app.start()
  const loads = await Promise.all(uploads.map(id => until(setting, id, ended)))
  t.same(loads.map(load => load.status).sort(), ['already_loaded', 'published'])
})

t.test('the log says so where WebAssembly is missing', async t => {
  const db = await createTestDatabase(t)
  const s3 = await startStore(t)
  const lines: string[] = []
  t.intercept(globalThis as { WebAssembly?: object }, 'WebAssembly', { value: undefined })
  const log = pino({ level: 'warn' }, { write: line => lines.push(line) })
  const app = await build({ databaseUrl: db.urlFor('glimmr_pipeline'), log, s3 })
  t.teardown(() => app.close())
  t.match(lines, [/WebAssembly with SIMD is missing/])
})

t.test('what is compressed is told by the bytes; a coding that cannot be told so is refused', async t => {
  const setting = await setUp(t)
  const gzip = { contentEncoding: 'gzip' }
  const zipped = await upload(setting, gzipSync(csv([anItem])), gzip)
  const plain = await upload(setting, csv([{ ...anItem, description: 'said to be zipped' }]), gzip)
  const brotli = await upload(setting, brotliCompressSync(csv([anItem])), { contentEncoding: 'br' })
  await setting.app.start()
  for (const id of [zipped, plain]) t.match(await until(setting, id, ended), { status: 'published' })
  t.match(await until(setting, brotli, ended), {
    status: 'rejected',
    attempts: 1,
    reasons: [{ rule: 'glimmr.content-encoding', message: /Content-Encoding: br\..*as \.gz/ }],
  })
})

t.test('a file that is no price file ends as rejected, with reasons, without a retry', async t => {
  const setting = await setUp(t)
  const id = await upload(setting, '%PDF-1.7')
  await setting.app.start()
  t.match(await until(setting, id, ended), {
    status: 'rejected',
    attempts: 1,
    reasons: [{ rule: 'glimmr.kind' }],
  })
})

t.test('a load whose worker was killed in its last attempt ends as failed, and says so', async t => {
  const setting = await setUp(t)
  const { pool } = setting.db
  const [killed, waiting] = [await upload(setting, csv([anItem])), await upload(setting, '%PDF-1.7')]
  await execute(pool, sql`update prices.loads set status = 'loading' where upload_id = ${killed}`)
  await execute(
    pool,
    sql`
      update graphile_worker._private_jobs set attempts = max_attempts, locked_by = 'killed', locked_at = now()
      where key = ${`load:${killed}`}`,
  )
  await setting.app.start()
  t.match(await until(setting, killed, ended), { status: 'failed', error: /killed in the last attempt$/ })
  t.match(await until(setting, waiting, ended), { status: 'rejected' })
  t.match((await setting.app.inject('/metrics')).body, /glimmr_loads_total\{.*outcome="failed".*\} 1\n/)
})

t.test('an object that was replaced or deleted after its upload ends the load with a clear word', async t => {
  const setting = await setUp(t)
  const replaced = await upload(setting, csv([anItem]), { key: 'replaced' })
  await setting.client.send(
    new PutObjectCommand({
      Bucket: 'glimmr',
      Key: 'replaced',
      Body: csv([{ ...anItem, plan_name: 'other' }]),
    }),
  )
  const deleted = await upload(setting, csv([anItem]), { key: 'deleted' })
  await setting.client.send(new DeleteObjectCommand({ Bucket: 'glimmr', Key: 'deleted' }))
  await setting.app.start()
  t.match(await until(setting, replaced, ended), { status: 'failed', error: /replaced/, attempts: 1 })
  t.match(await until(setting, deleted, ended), { status: 'failed', error: /no longer in the store/ })
  t.same(await rows(setting.db.pool, sql`select from prices.files where status = 'published'`), [])
})

t.test('it answers health and metrics, and nothing else', async t => {
  const setting = await setUp(t)
  const id = await upload(setting, csv([anItem]))
  await setting.app.start()
  await until(setting, id, ended)
  t.equal((await setting.app.inject('/readyz')).statusCode, 200)
  t.match((await setting.app.inject('/metrics')).body, /glimmr_loads_running/)
  t.equal((await setting.app.inject('/v1/pipeline/files')).statusCode, 404)
})
