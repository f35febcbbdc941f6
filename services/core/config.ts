/** What core reads from the environment. */
import { type Environment, readConfig } from '@glimmr/lib/config'
import { serviceVariables } from '@glimmr/lib/run-service'
import { type S3Config, s3Config, s3Variables } from '@glimmr/lib/s3'
import { z } from 'zod'

const variables = z.object({
  ...serviceVariables(3001),
  ...s3Variables,
  /** How far into a compressed file a row may stand that is shown, in decompressed bytes: a second for each 300 MB. */
  CORE_PROOF_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(4 * 1024 ** 3),
})

export type CoreSettings = { s3: S3Config; maxProofBytes: number }

export function readCoreConfig(env: Environment): CoreSettings & { variables: z.infer<typeof variables> } {
  const values = readConfig(variables, env)
  return { variables: values, s3: s3Config(values), maxProofBytes: values.CORE_PROOF_MAX_BYTES }
}
