import '@glimmr/lib/telemetry'
import { runService } from '@glimmr/lib/run-service'
import { readCoreConfig } from './config.ts'
import { build } from './server.ts'

await runService(readCoreConfig(process.env), build)
