/** Media: the way of a price file into the store, and to the pipeline exactly once. */
import type { JwksSource } from '@glimmr/lib/auth'
import { createPool, rows } from '@glimmr/lib/db'
import { createS3Client, type S3Config } from '@glimmr/lib/s3'
import { createServer, type Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import type { FastifyBaseLogger } from 'fastify'
import type { Media } from './media.ts'
import { createUploadMetrics } from './metrics.ts'
import { routeCompleteUpload } from './uploads/complete-upload.ts'
import { routeDownload } from './uploads/download.ts'
import { routeGetUpload } from './uploads/get-upload.ts'
import { routeListUploads } from './uploads/list-uploads.ts'
import { routePresign } from './uploads/presign.ts'
import { routeSendUpload } from './uploads/send-upload.ts'
import { routeStoreEvents } from './uploads/store-events.ts'
import { startSweep } from './uploads/sweep.ts'
import { routeUploadEvents } from './uploads/upload-events.ts'
import { createWatcher } from './uploads/watcher.ts'

export type MediaConfig = {
  /** Of the role glimmr_media. */
  databaseUrl: string
  log: FastifyBaseLogger
  jwks: JwksSource
  s3: S3Config
  /** The store as clients outside reach it; default: as we do. */
  publicEndpoint?: string
  poolSize?: number
  /** How long a presigned URL is good, and how much later a PUT that began in time may still end. */
  presignSeconds?: number
  graceSeconds?: number
  /** Of one PUT; larger files go in parts. */
  maxPutBytes?: number
  maxUploadBytes?: number
  /** Between two looks for uploads that nobody completed; 0: none. */
  sweepMs?: number
  /** How often uploads that are being watched are looked at, and how often a silent stream shows life. */
  pollMs?: number
  heartbeatMs?: number
  maxStreams?: number
}

const description =
  'Price files: presigned uploads to the object store, their state until they are published, and downloads.'

export type MediaServer = Server & {
  /** For a server in front that waits for answers before it closes: no stream would end by itself. */
  endStreams(): void
}

/** The service, not yet listening. Closing it ends its streams, its sweep and its connections. */
export async function build(config: MediaConfig): Promise<MediaServer> {
  const { databaseUrl, log, jwks, s3, poolSize = 10, sweepMs = 30_000 } = config
  const { pollMs = 500, heartbeatMs = 15_000, maxStreams = 500 } = config
  const onError = (error: Error) => log.warn({ err: error }, 'a database connection broke')
  const pool = createPool({ url: databaseUrl, name: 'glimmr_media', max: poolSize, onError })
  const ready = async () => void (await rows(pool, sql`select 1`))
  const { app, metrics } = await createServer({ name: 'media', description, log, jwks, ready })
  const media: Media = {
    pool,
    s3: createS3Client(s3),
    presigner: createS3Client({ ...s3, endpoint: config.publicEndpoint ?? s3.endpoint }),
    bucket: s3.bucket,
    log: app.log,
    metrics: createUploadMetrics(metrics, pool),
    presignSeconds: config.presignSeconds ?? 3_600,
    graceSeconds: config.graceSeconds ?? 3_600,
    maxPutBytes: config.maxPutBytes ?? 5 * 1024 ** 3,
    maxUploadBytes: config.maxUploadBytes ?? 64 * 1024 ** 3,
  }
  const watcher = createWatcher({ pool, log: app.log, pollMs })
  const sweep = sweepMs > 0 ? startSweep(media, sweepMs) : undefined
  // Streams end before the server waits for its connections.
  app.addHook('preClose', async () => watcher.close())
  app.addHook('onClose', async () => {
    await sweep?.stop()
    media.s3.destroy()
    media.presigner.destroy()
    await pool.end()
  })
  routePresign(app, media)
  routeCompleteUpload(app, media)
  routeStoreEvents(app, media)
  routeListUploads(app, media)
  routeGetUpload(app, media)
  routeUploadEvents(app, media, { watcher, heartbeatMs, maxStreams })
  routeDownload(app, media)
  await routeSendUpload(app, media)
  return Object.assign(app, { endStreams: () => watcher.close() })
}
