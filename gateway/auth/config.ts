/** What auth reads from the environment. */
import { type Environment, readConfig } from '@glimmr/lib/config'
import { serviceVariables } from '@glimmr/lib/run-service'
import { z } from 'zod'
import { type Issuer, parseIssuers } from './issuers/issuer.ts'

const { JWKS_URL: _, ...shared } = serviceVariables(3004)
const variables = z.object({
  ...shared,
  /** Where the signing keys are; created at the first start. */
  KEYS_DIR: z.string().default('.data/auth-keys'),
  /** JSON as issuers/issuer.ts describes it: who else's tokens are taken. Usually by ISSUERS_FILE. */
  ISSUERS: issuersVariable(),
})

export function readAuthConfig(env: Environment): z.infer<typeof variables> {
  return readConfig(variables, env)
}

function issuersVariable() {
  return z
    .string()
    .default('{"issuers":[]}')
    .transform((text, context): Issuer[] => {
      try {
        return parseIssuers(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is not valid' })
        return z.NEVER
      }
    })
}
