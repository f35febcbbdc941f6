/** The router alone, in front of services at other addresses: what Traefik does in production. */
import '@glimmr/lib/telemetry'
import { createLog } from '@glimmr/lib/run-service'
import { stopTelemetry } from '@glimmr/lib/telemetry'
import { readRouterConfig } from './config.ts'
import { createRouter } from './router.ts'

const { TRAEFIK_FILE: staticFile, LOG_LEVEL: level } = readRouterConfig(process.env)
const log = createLog(level)
const router = createRouter({ staticFile, env: process.env, log })
const { url, ports } = await router.listen()
log.info({ url, ports }, 'the router listens')
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void router.close().then(stopTelemetry)
  })
