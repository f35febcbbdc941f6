/** What media reads from the environment. */
import { type Environment, readConfig } from '@glimmr/lib/config'
import { serviceVariables } from '@glimmr/lib/run-service'
import { type S3Config, s3Config, s3Variables } from '@glimmr/lib/s3'
import { z } from 'zod'

const MiB = 1024 ** 2
const TiB = 1024 ** 4

/** The store joins no more parts into one object. */
const mostParts = 10_000

const settings = z.object({
  ...serviceVariables(3002),
  ...s3Variables,
  /** The store as clients outside reach it, where that differs from S3_ENDPOINT (compose, port forwarding). */
  S3_PUBLIC_ENDPOINT: z.url().optional(),
  /** How long a presigned URL is good: 1 s to 7 days. Those of a large file's parts are good for longer. */
  MEDIA_PRESIGN_SECONDS: z.coerce.number().int().min(1).max(604_800).default(3_600),
  /** Larger files go in parts of this size at most. The store takes 5 GiB in one PUT, and joins no parts below 5 MiB. */
  MEDIA_MAX_PUT_BYTES: z.coerce
    .number()
    .int()
    .min(
      5 * MiB,
      'must be 5242880 (5 MiB) or more: larger files go in such parts, and the store joins no smaller ones',
    )
    .max(5 * 1024 * MiB, 'must be 5368709120 (5 GiB) or less: the store takes no more in one PUT')
    .default(5 * 1024 * MiB),
  /** Larger files are refused. */
  MEDIA_MAX_UPLOAD_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .max(5 * TiB, 'must be 5497558138880 (5 TiB) or less: the store holds no larger object')
    .default(64 * 1024 ** 3),
  /** How often uploads are looked for that nobody completed; 0: never. */
  MEDIA_SWEEP_SECONDS: z.coerce.number().min(0).default(30),
})

/** So that no upload is begun which could not be ended. */
const variables = settings.superRefine((values, { addIssue, issues }) => {
  const least = Math.ceil(values.MEDIA_MAX_UPLOAD_BYTES / mostParts)
  if (issues.length > 0 || values.MEDIA_MAX_PUT_BYTES >= least) return
  addIssue({
    code: 'custom',
    path: ['MEDIA_MAX_PUT_BYTES'],
    message: `must be ${least} or more: a file of MEDIA_MAX_UPLOAD_BYTES would have more than ${mostParts} parts, which the store does not join`,
  })
})

export type MediaSettings = {
  s3: S3Config
  publicEndpoint?: string
  presignSeconds: number
  maxPutBytes: number
  maxUploadBytes: number
  sweepMs: number
}

export function readMediaConfig(env: Environment): MediaSettings & { variables: z.infer<typeof variables> } {
  const values = readConfig(variables, env)
  return {
    variables: values,
    s3: s3Config(values),
    ...(values.S3_PUBLIC_ENDPOINT && { publicEndpoint: values.S3_PUBLIC_ENDPOINT }),
    presignSeconds: values.MEDIA_PRESIGN_SECONDS,
    maxPutBytes: values.MEDIA_MAX_PUT_BYTES,
    maxUploadBytes: values.MEDIA_MAX_UPLOAD_BYTES,
    sweepMs: values.MEDIA_SWEEP_SECONDS * 1000,
  }
}
