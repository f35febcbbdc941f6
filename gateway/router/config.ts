/** What the router alone reads from the environment; the rest stands in the route files. */
import { type Environment, readConfig } from '@glimmr/lib/config'
import { z } from 'zod'

const variables = z.object({
  /** Path of traefik.yml. */
  TRAEFIK_FILE: z.string().default('traefik/traefik.yml'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
})

export function readRouterConfig(env: Environment): z.infer<typeof variables> {
  return readConfig(variables, env)
}
