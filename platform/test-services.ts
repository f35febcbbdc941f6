/** The services without their gateway and without a store, on a database of a test. */
import { fileURLToPath } from 'node:url'
import { build as buildCore } from '@glimmr/core/server'
import type { TestDatabase } from '@glimmr/dev/testing'
import type { JwksSource } from '@glimmr/lib/auth'
import { createLog } from '@glimmr/lib/run-service'
import type { Server } from '@glimmr/lib/server'
import { build as buildLinks } from '@glimmr/links/server'
import { build as buildMedia } from '@glimmr/media/server'

const s3 = {
  endpoint: 'http://127.0.0.1:1',
  region: 'auto',
  bucket: 'none',
  accessKeyId: 'none',
  secretAccessKey: 'none',
}

export type TestServices = Record<'core' | 'media' | 'links', Server>

/** Closed when the test ends. `jwks`: whose tokens they believe. */
export async function testServices(
  t: { teardown(handler: () => unknown): void },
  { db, jwks }: { db: TestDatabase; jwks: JwksSource },
): Promise<TestServices> {
  const common = { log: createLog('fatal'), jwks }
  const apps = {
    core: await buildCore({ ...common, databaseUrl: db.urlFor('glimmr_core') }),
    media: await buildMedia({ ...common, databaseUrl: db.urlFor('glimmr_media'), s3, sweepMs: 0 }),
    links: await buildLinks({
      ...common,
      databaseUrl: db.urlFor('glimmr_links'),
      publicUrl: 'http://localhost:8080',
      metadataDir: fileURLToPath(new URL('../hasura/metadata', import.meta.url)),
    }),
  }
  t.teardown(() => Promise.all(Object.values(apps).map(app => app.close())))
  return apps
}
