import '@glimmr/lib/telemetry'
import { configured } from '@glimmr/lib/config'
import { runService } from '@glimmr/lib/run-service'
import { readPipelineConfig } from './config.ts'
import { build } from './server.ts'

const { variables, ...config } = configured(() => readPipelineConfig(process.env))
await runService(variables, async ({ databaseUrl, log }) => {
  const app = await build({ databaseUrl, log, ...config })
  await app.start()
  return app
})
