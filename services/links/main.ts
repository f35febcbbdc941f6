import '@glimmr/lib/telemetry'
import { runService } from '@glimmr/lib/run-service'
import { readLinksConfig } from './config.ts'
import { build } from './server.ts'

const config = readLinksConfig(process.env)
await runService(config, context => build({ ...config, ...context }))
