/** The object store over S3: Cloudflare R2 in production, dev/store locally, the same client and presigner. */
import { S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'

export const s3Variables = {
  /** R2: https://<account>.r2.cloudflarestorage.com. Presigned URLs work on this host only, never on a custom domain. */
  S3_ENDPOINT: z.url(),
  S3_REGION: z.string().default('auto'),
  S3_BUCKET: z.string().default('glimmr'),
  S3_ACCESS_KEY_ID: z.string(),
  S3_SECRET_ACCESS_KEY: z.string(),
}

export type S3Config = {
  endpoint: string
  region: string
  bucket: string
  accessKeyId: string
  secretAccessKey: string
}

export function s3Config(variables: z.infer<z.ZodObject<typeof s3Variables>>): S3Config {
  return {
    endpoint: variables.S3_ENDPOINT,
    region: variables.S3_REGION,
    bucket: variables.S3_BUCKET,
    accessKeyId: variables.S3_ACCESS_KEY_ID,
    secretAccessKey: variables.S3_SECRET_ACCESS_KEY,
  }
}

export function createS3Client({ endpoint, region, accessKeyId, secretAccessKey }: S3Config): S3Client {
  return new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    // Otherwise a presigned PUT carries the CRC32 of an empty body, and every real body is refused.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
}
