/** The settings of every service, read as its main.ts reads them: `make start` has no list of its own. */
import { fileURLToPath } from 'node:url'
import { readCoreConfig } from '@glimmr/core/config'
import { readAuthConfig } from '@glimmr/gateway/auth/config'
import type { Environment } from '@glimmr/lib/config'
import { readLinksConfig } from '@glimmr/links/config'
import { readMediaConfig } from '@glimmr/media/config'
import { readPipelineConfig } from '@glimmr/pipeline/config'

/** Where these are, the platform knows itself: what the environment says of them is for other ways to run it. */
const known = {
  HOST: '',
  PORT: '',
  JWKS_URL: '',
  DATABASE_URL: 'postgresql://localhost/glimmr',
  S3_ENDPOINT: 'http://localhost/',
  S3_REGION: '',
  S3_BUCKET: '',
  S3_ACCESS_KEY_ID: 'own',
  S3_SECRET_ACCESS_KEY: 'own',
}

export type Settings = ReturnType<typeof readSettings>

/** Throws all that is wrong with those of a service. `usual` is for what the environment leaves open. */
export function readSettings(env: Environment, usual: { PUBLIC_URL: string; KEYS_DIR: string }) {
  const given = Object.entries(env).filter(([, value]) => value)
  const METADATA_DIR = fileURLToPath(new URL('../hasura/metadata', import.meta.url))
  const whole = { METADATA_DIR, ...usual, ...Object.fromEntries(given), ...known }
  return {
    core: readCoreConfig(whole),
    media: readMediaConfig(whole),
    links: readLinksConfig(whole),
    pipeline: readPipelineConfig(whole),
    auth: readAuthConfig(whole),
  }
}
