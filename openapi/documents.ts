/** The OpenAPI documents of the services, from the schemas of their routes. Nothing is connected to. */
import { build as buildCore } from '@glimmr/core/server'
import { createLog } from '@glimmr/lib/run-service'
import type { Server } from '@glimmr/lib/server'
import { build as buildLinks } from '@glimmr/links/server'
import { build as buildMedia } from '@glimmr/media/server'

export const services = ['core', 'media', 'links'] as const
export type ServiceName = (typeof services)[number]

const nowhere = {
  databaseUrl: 'postgresql://nobody@127.0.0.1:1/none',
  log: createLog('fatal'),
  jwks: async () => ({ keys: [] }),
}
const s3 = {
  endpoint: 'http://127.0.0.1:1',
  region: 'auto',
  bucket: 'none',
  accessKeyId: 'none',
  secretAccessKey: 'none',
}

const builds: Record<ServiceName, () => Promise<Server>> = {
  core: () => buildCore(nowhere),
  media: () => buildMedia({ ...nowhere, s3, sweepMs: 0 }),
  // The engine would read the catalogue of a database; the document is the same in front of a Hasura.
  links: () =>
    buildLinks({ ...nowhere, publicUrl: 'http://localhost:8080', hasuraUrl: 'http://127.0.0.1:1' }),
}

/** The document as text: paths in alphabetical order, so that moving a route changes nothing. */
export async function openapiText(service: ServiceName): Promise<string> {
  const app = await builds[service]()
  try {
    await app.ready()
    const { paths = {}, ...document } = app.swagger()
    const sorted = Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)))
    return `${JSON.stringify({ ...document, paths: sorted }, null, 2)}\n`
  } finally {
    await app.close()
  }
}

/** Where the document is checked in. */
export function documentFile(service: ServiceName): URL {
  return new URL(`${service}.json`, import.meta.url)
}
