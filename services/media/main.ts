import '@glimmr/lib/telemetry'
import { configured } from '@glimmr/lib/config'
import { runService } from '@glimmr/lib/run-service'
import { readMediaConfig } from './config.ts'
import { build } from './server.ts'

const { variables, ...config } = configured(() => readMediaConfig(process.env))
await runService(variables, context => build({ ...context, ...config }))
