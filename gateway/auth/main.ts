import '@glimmr/lib/telemetry'
import { runService } from '@glimmr/lib/run-service'
import { readAuthConfig } from './config.ts'
import { build } from './server.ts'

const config = readAuthConfig(process.env)
// It publishes the keys that others fetch: the address is never asked.
await runService({ ...config, JWKS_URL: 'http://localhost/' }, ({ databaseUrl, log }) =>
  build({ databaseUrl, log, keysDir: config.KEYS_DIR, issuers: config.ISSUERS }),
)
