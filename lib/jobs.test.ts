import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createTestDatabase } from '@glimmr/dev/testing'
import type { Job, Task, TaskList } from 'graphile-worker'
import { pino } from 'pino'
import t from 'tap'
import type { Pool } from './db.ts'
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

const waiting =
  "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%_private_tasks%'"
const endConnections =
  "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'glimmr_pipeline'"

t.test('a worker that lost its connections takes jobs again by itself', async t => {
  const db = await createTestDatabase(t)
  const taken = Promise.withResolvers<unknown>()
  const tasks = { load: async (payload: unknown) => taken.resolve(payload) }
  const url = db.urlFor('glimmr_pipeline')
  const jobs = await startJobs({ url, tasks, concurrency: 1, log, rescueMs: 50 })
  t.teardown(() => jobs.stop())
  await db.pool.query(endConnections)
  await db.poolFor('glimmr_media').query('select jobs.add_load($1, $1, 10, null)', [upload])
  t.match(await taken.promise, { upload_id: upload })
})

t.test('a worker whose connection for its locks breaks holds them again at once', async t => {
  const db = await createTestDatabase(t)
  const url = db.urlFor('glimmr_pipeline')
  const jobs = await startJobs({ url, tasks: { load: () => {} }, concurrency: 1, log, rescueMs: 1e9 })
  t.teardown(() => jobs.stop())
  const holder = async () => {
    const held =
      "select pid from pg_locks join pg_stat_activity using (pid) where locktype = 'advisory' and granted and application_name = 'glimmr_job_locks' and datname = current_database()"
    return (await db.pool.query<{ pid: number }>(held)).rows[0]?.pid
  }
  await until(db.pool, async () => (await holder()) !== undefined)
  const before = await holder()
  await db.pool.query('select pg_terminate_backend($1)', [before])
  await until(db.pool, async () => ![undefined, before].includes(await holder()))
  t.pass('by another session')
})

t.test('a worker whose connections break while it starts says so, and leaves nothing behind', async t => {
  const db = await createTestDatabase(t)
  const tasks = { load: async () => {} }
  const url = db.urlFor('glimmr_pipeline')
  // Its first question waits here until its connection is ended.
  const client = await db.pool.connect()
  await client.query('begin; lock table graphile_worker._private_tasks in share row exclusive mode')
  const refused = t.rejects(startJobs({ url, tasks, concurrency: 1, log }), { code: '57P01' })
  await until(db.pool, async () => (await db.pool.query(waiting)).rowCount === 1)
  await client.query(endConnections)
  await refused
  await client.query('rollback')
  client.release()
  const left =
    "select from pg_stat_activity where datname = current_database() and usename = 'glimmr_pipeline'"
  await until(db.pool, async () => (await db.pool.query(left)).rowCount === 0)
  t.pass('no connection is left')
})

t.test('a job whose end cannot be reported is given to the worker that is started next', async t => {
  const db = await createTestDatabase(t)
  const begun: unknown[] = []
  const again = Promise.withResolvers<void>()
  const tasks = {
    load: async (payload: unknown) => {
      begun.push(payload)
      if (begun.length > 1) return again.resolve()
      await db.pool.query(`alter database ${db.name} connection limit 0`)
      await db.pool.query(endConnections)
    },
  }
  const url = db.urlFor('glimmr_pipeline')
  const jobs = await startJobs({ url, tasks, concurrency: 1, log, rescueMs: 50 })
  t.teardown(() => jobs.stop())
  await db.poolFor('glimmr_media').query('select jobs.add_load($1, $1, 10, null)', [upload])
  await until(db.pool, () => !jobs.running())
  await db.pool.query(`alter database ${db.name} connection limit -1`)
  await again.promise
  t.match(begun, [{ upload_id: upload }, { upload_id: upload }])
})

t.test('a job that a stopping worker gives up has cost no attempt, and is taken up at once', async t => {
  const db = await createTestDatabase(t)
  const url = db.urlFor('glimmr_pipeline')
  const begun = Promise.withResolvers<void>()
  const givenUp: Task = (_payload, { abortSignal }) => {
    begun.resolve()
    return new Promise((_, reject) =>
      abortSignal?.addEventListener('abort', () => reject(new Error('stopped'))),
    )
  }
  const first = await startJobs({ url, tasks: { load: givenUp }, concurrency: 1, log })
  await db.poolFor('glimmr_media').query('select jobs.add_load($1, $1, 10, null)', [upload])
  await begun.promise
  await db.pool.query('update graphile_worker._private_jobs set attempts = max_attempts')
  await first.stop()
  const taken = Promise.withResolvers<Job>()
  const tasks: TaskList = { load: async (_payload, helpers) => taken.resolve(helpers.job) }
  const second = await startJobs({ url, tasks, concurrency: 1, log })
  t.teardown(() => second.stop())
  const { attempts, max_attempts } = await taken.promise
  t.equal(attempts, max_attempts, 'it is the last attempt still')
})

t.test('a job that was taken and never arrived is given back, and one that is worked on is not', async t => {
  const db = await createTestDatabase(t)
  const url = db.urlFor('glimmr_pipeline')
  const begun: Job[] = []
  const arrived = Promise.withResolvers<void>()
  const tasks: TaskList = {
    load: async (_payload, { job }) => {
      begun.push(job)
      // The first is worked on until the second, the lost one, has come.
      if (begun.length === 2) arrived.resolve()
      else await arrived.promise
    },
  }
  const jobs = await startJobs({ url, tasks, concurrency: 2, log, rescueMs: 100 })
  t.teardown(() => jobs.stop())
  const add = "select id from graphile_worker.add_job('load', run_at => now() + $1::interval)"
  await db.pool.query(add, ['0'])
  await until(db.pool, () => begun.length === 1)
  const { rows } = await db.pool.query(add, ['1 second'])
  await db.pool.query(
    `update graphile_worker._private_jobs set attempts = 1, run_at = now(), locked_at = now(), locked_by = $2 where id = $1`,
    [rows[0]?.id, begun[0]?.locked_by],
  )
  await arrived.promise
  t.same(
    begun.map(job => job.id),
    [begun[0]?.id, rows[0]?.id],
  )
  t.equal(begun[1]?.attempts, 1, 'what was lost was no attempt')
  await until(db.pool, async () => (await db.pool.query('select from graphile_worker.jobs')).rowCount === 0)
  t.equal(begun.length, 2)
})

async function until(pool: Pool, holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pool.query('select pg_sleep(0.01)')
}
