/** The pipeline: jobs that turn stored files into prices. It has no routes but health and metrics. */
import { createPool, rows } from '@glimmr/lib/db'
import { type Jobs, startJobs } from '@glimmr/lib/jobs'
import type { S3Config } from '@glimmr/lib/s3'
import { createServer, type Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import type { FastifyBaseLogger } from 'fastify'
import { createCompareJob } from './compare-job.ts'
import { openKernel } from './kernel/kernel.ts'
import { createLoadThreads } from './load/thread.ts'
import { createLoadJob, endAbandonedLoads, type LoadJobOptions } from './load-job.ts'
import { createLoadMetrics } from './metrics.ts'
import { contentLimits } from './source/content.ts'

export type PipelineConfig = {
  /** Of the role glimmr_pipeline. */
  databaseUrl: string
  log: FastifyBaseLogger
  s3: S3Config
  /** Files loaded at the same time. */
  concurrency?: number
  /** Of one decompressed file. */
  maxFileBytes?: number
}

export type Pipeline = Server & {
  /** Begins to take jobs. */
  start(): Promise<void>
  /** Takes no further jobs; a load that is running is rolled back and will be begun again by the next worker. */
  stop(): Promise<void>
}

/** The service, neither listening nor working yet. Closing it stops its work. */
export async function build(config: PipelineConfig): Promise<Pipeline> {
  const { databaseUrl, log, s3, concurrency = 2, maxFileBytes = contentLimits.bytes } = config
  const onError = (error: Error) => log.warn({ err: error }, 'a database connection broke')
  const pool = createPool({ url: databaseUrl, name: 'glimmr_pipeline', max: concurrency + 2, onError })
  let jobs: Jobs | undefined
  const ready = async () => {
    await rows(pool, sql`select 1`)
    if (jobs && !jobs.running()) throw new Error('the worker has ended')
  }
  const { app, metrics } = await createServer({
    name: 'pipeline',
    description: 'Price files become prices.',
    log,
    ready,
  })
  // Each loading thread opens one of its own; here it is only asked whether there is one.
  if (!openKernel())
    log.warn('WebAssembly with SIMD is missing here: tall and JSON files load at about half the speed')
  const threads = createLoadThreads()
  const options: LoadJobOptions = {
    pool,
    threads,
    databaseUrl,
    s3,
    log: app.log,
    limits: { ...contentLimits, bytes: maxFileBytes },
    metrics: createLoadMetrics(metrics.registry),
  }
  const load = createLoadJob(options)
  const compare = createCompareJob({ pool, log: app.log })
  const start = async () => {
    const tasks = { load, compare }
    const afterLook = () => endAbandonedLoads(options)
    jobs ??= await startJobs({ url: databaseUrl, tasks, concurrency, log: app.log, afterLook })
  }
  const stop = async () => {
    const running = jobs
    jobs = undefined
    await running?.stop()
  }
  app.addHook('onClose', async () => {
    await stop()
    await threads.close()
    await pool.end()
  })
  return Object.assign(app, { start, stop })
}
