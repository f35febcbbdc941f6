/** The router alone, in front of services at other addresses: what Traefik does in production. */
import '@glimmr/lib/telemetry'
import { readOptions } from '@glimmr/lib/command'
import { configured } from '@glimmr/lib/config'
import { createLog } from '@glimmr/lib/run-service'
import { stopTelemetry } from '@glimmr/lib/telemetry'
import { readRouterConfig } from './config.ts'
import { ConfigurationError } from './configuration/fault.ts'
import { createRouter } from './router.ts'

readOptions(
  {},
  `npm run router: the files of Traefik without Traefik, in front of services at other addresses.

Settings are environment variables: TRAEFIK_FILE (traefik/traefik.yml), LOG_LEVEL, and those that the route files name
themselves. See gateway/router/README.md.`,
)
try {
  await main()
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error
  // A line for each fault says more than a stack.
  console.error(error.message)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const { TRAEFIK_FILE: staticFile, LOG_LEVEL } = configured(() => readRouterConfig(process.env))
  const log = createLog(LOG_LEVEL)
  const router = createRouter({ staticFile, env: process.env, log })
  const { url, ports } = await router.listen()
  log.info({ url, ports }, 'the router listens')
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      void router.close().then(stopTelemetry)
    })
}
