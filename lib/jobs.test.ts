import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createTestDatabase } from '@glimmr/dev/testing'
import { pino } from 'pino'
import t from 'tap'
import { startJobs } from './jobs.ts'

const log = pino({ level: 'silent' })
const upload = '018f0000-0000-7000-8000-000000000001'
const script = fileURLToPath(new URL('fixtures/hanging-worker.ts', import.meta.url))

t.test('the job of a killed worker is taken over at once, that of a living one is left alone', async t => {
  const db = await createTestDatabase(t)
  const url = db.urlFor('glimmr_pipeline')
  await db.poolFor('glimmr_media').query('select jobs.add_load($1, $1, 10, null)', [upload])
  const child = spawn(process.execPath, [script, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [said] = await once(child.stdout, 'data')
  t.equal(String(said), 'taken\n')

  const taken = Promise.withResolvers<unknown>()
  const tasks = { load: async (payload: unknown) => taken.resolve(payload) }
  const jobs = await startJobs({ url, tasks, concurrency: 1, log, rescueMs: 50 })
  t.teardown(() => jobs.stop())
  const { rows } = await db.pool.query('select locked_by from pg_sleep(0.4), graphile_worker.jobs')
  t.match(rows, [{ locked_by: String }], 'still with the living worker after several looks')

  child.kill('SIGKILL')
  t.match(await taken.promise, { upload_id: upload })
})
