import '@glimmr/lib/telemetry'
import { configured } from '@glimmr/lib/config'
import { runService } from '@glimmr/lib/run-service'
import { readCoreConfig } from './config.ts'
import { build } from './server.ts'

const { variables, ...config } = configured(() => readCoreConfig(process.env))
await runService(variables, context => build({ ...context, ...config }))
