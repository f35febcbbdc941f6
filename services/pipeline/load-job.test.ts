import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { createTestDatabase } from '@glimmr/dev/testing'
import { one, rows } from '@glimmr/lib/db'
import { createS3Client } from '@glimmr/lib/s3'
import { sql } from '@glimmr/lib/sql'
import type { JobHelpers } from 'graphile-worker'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import t from 'tap'
import { createLoadThreads } from './load/thread.ts'
import { createLoadJob } from './load-job.ts'
import { createLoadMetrics } from './metrics.ts'
import { contentLimits } from './source/content.ts'
import { anItem, csv } from './test-files.ts'
import { addOrganisation, startStore, upload } from './test-store.ts'

type Test = Parameters<typeof createTestDatabase>[0]

/** The job without the worker that runs it, to be run as often as a test wants. */
async function setUp(t: Test) {
  const db = await createTestDatabase(t)
  const s3 = await startStore(t)
  const client = createS3Client(s3)
  const threads = createLoadThreads()
  t.teardown(async () => {
    client.destroy()
    await threads.close()
  })
  const job = createLoadJob({
    ...{ pool: db.poolFor('glimmr_pipeline'), databaseUrl: db.urlFor('glimmr_pipeline'), s3, threads },
    ...{ log: pino({ level: 'silent' }), limits: contentLimits },
    metrics: createLoadMetrics(new Registry()),
  })
  const helpers = { job: { attempts: 1, max_attempts: 12 } } as JobHelpers
  const run = async (id: string) => void (await job({ upload_id: id }, helpers))
  const statuses = () =>
    rows<{ status: string }>(db.pool, sql`select status from prices.loads order by created_at`).then(all =>
      all.map(load => load.status),
    )
  const files = () => rows(db.pool, sql`select id, status, upload_id from prices.files order by id`)
  return { db, client, organisation: await addOrganisation(db), run, statuses, files }
}

const a = csv([anItem])
const b = csv([{ ...anItem, plan_name: 'HMO' }])

t.test('a job that is run again after its load ended changes nothing', async t => {
  const setting = await setUp(t)
  const { run, statuses, files } = setting
  const uploads: string[] = []
  // The second finds the first's file, the fourth takes its place.
  for (const body of [a, a, '%PDF-1.7', b]) {
    const id = await upload(setting, body)
    uploads.push(id)
    await run(id)
  }
  const ended = ['published', 'already_loaded', 'rejected', 'published']
  t.same(await statuses(), ended)
  const before = await files()
  for (const id of uploads) await run(id)
  t.same(await statuses(), ended)
  t.same(await files(), before, 'what was published last is still what counts')
})

t.test('of two runs of a job at once one ends the load, and the other leaves it so', async t => {
  const setting = await setUp(t)
  const id = await upload(setting, a)
  await Promise.all([setting.run(id), setting.run(id)])
  t.same(await setting.statuses(), ['published'])
  t.match(await setting.files(), [{ status: 'published' }])
  t.match(await one(setting.db.pool, sql`select attempts from prices.loads`), { attempts: 2 })
})

t.test('a load that failed begins anew when its job is run again', async t => {
  const setting = await setUp(t)
  const id = await upload(setting, a, { key: 'a' })
  await setting.client.send(new DeleteObjectCommand({ Bucket: 'glimmr', Key: 'a' }))
  await setting.run(id)
  t.same(await setting.statuses(), ['failed'])
  await setting.client.send(new PutObjectCommand({ Bucket: 'glimmr', Key: 'a', Body: a }))
  await setting.run(id)
  t.same(await setting.statuses(), ['published'])
})
