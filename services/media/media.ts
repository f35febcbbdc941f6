/** What all operations of media share. */
import type { S3Client } from '@aws-sdk/client-s3'
import type { Pool } from '@glimmr/lib/db'
import type { FastifyBaseLogger } from 'fastify'
import type { UploadMetrics } from './metrics.ts'

export type Media = {
  pool: Pool
  s3: S3Client
  /** Signs what clients outside will call; the same as `s3` unless they know the store under another address. */
  presigner: S3Client
  bucket: string
  log: FastifyBaseLogger
  metrics: UploadMetrics
  presignSeconds: number
  graceSeconds: number
  maxPutBytes: number
  maxUploadBytes: number
}
