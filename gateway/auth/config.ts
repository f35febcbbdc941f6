/** What auth reads from the environment. */
import { type Environment, readConfig } from '@glimmr/lib/config'
import { serviceVariables } from '@glimmr/lib/run-service'
import { z } from 'zod'

const { JWKS_URL: _, ...shared } = serviceVariables(3004)
const variables = z.object({
  ...shared,
  /** Where the signing keys are; created at the first start. */
  KEYS_DIR: z.string().default('.data/auth-keys'),
})

export function readAuthConfig(env: Environment): z.infer<typeof variables> {
  return readConfig(variables, env)
}
