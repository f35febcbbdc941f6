import '@glimmr/lib/telemetry'
import { configured } from '@glimmr/lib/config'
import { runService } from '@glimmr/lib/run-service'
import { readLinksConfig } from './config.ts'
import { build } from './server.ts'

const config = configured(() => readLinksConfig(process.env))
await runService(config, context => build({ ...config, ...context }))
