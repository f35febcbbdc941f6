import '@glimmr/lib/telemetry'
import { readOptions } from '@glimmr/lib/command'
import { configured } from '@glimmr/lib/config'
import { runService } from '@glimmr/lib/run-service'
import { readAuthConfig } from './config.ts'
import { build } from './server.ts'

readOptions(
  {},
  `npm run auth: API keys, tokens and the keys that sign them, behind Traefik's ForwardAuth.

Settings are environment variables: DATABASE_URL of the role glimmr_auth, KEYS_DIR (.data/auth-keys), ISSUERS_FILE, HOST, PORT
(3004), LOG_LEVEL. What each means: .env.example and gateway/auth/README.md.`,
)
const config = configured(() => readAuthConfig(process.env))
// It publishes the keys that others fetch: the address is never asked.
await runService({ ...config, JWKS_URL: 'http://localhost/' }, ({ databaseUrl, log }) =>
  build({ databaseUrl, log, keysDir: config.KEYS_DIR, issuers: config.ISSUERS }),
)
