/** What the pipeline reads from the environment. */
import { type Environment, readConfig } from '@glimmr/lib/config'
import { serviceVariables } from '@glimmr/lib/run-service'
import { type S3Config, s3Config, s3Variables } from '@glimmr/lib/s3'
import { z } from 'zod'

const variables = z.object({
  ...serviceVariables(3005),
  ...s3Variables,
  /** Files loaded at the same time; each takes a thread, three connections and some 150 MB. */
  PIPELINE_CONCURRENCY: z.coerce.number().int().min(1).max(32).default(2),
  /** Of one decompressed file. */
  PIPELINE_MAX_FILE_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(64 * 1024 ** 3),
})

export type PipelineSettings = { s3: S3Config; concurrency: number; maxFileBytes: number }

export function readPipelineConfig(
  env: Environment,
): PipelineSettings & { variables: z.infer<typeof variables> } {
  const values = readConfig(variables, env)
  return {
    variables: values,
    s3: s3Config(values),
    concurrency: values.PIPELINE_CONCURRENCY,
    maxFileBytes: values.PIPELINE_MAX_FILE_BYTES,
  }
}
