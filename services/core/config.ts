/** What core reads from the environment. */
import { type Environment, readConfig } from '@glimmr/lib/config'
import { serviceVariables } from '@glimmr/lib/run-service'
import { z } from 'zod'

const variables = z.object(serviceVariables(3001))

export function readCoreConfig(env: Environment): z.infer<typeof variables> {
  return readConfig(variables, env)
}
