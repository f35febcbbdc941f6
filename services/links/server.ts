/** Links: the front of GraphQL, and short links with their clicks. */
import type { JwksSource } from '@glimmr/lib/auth'
import { createPool, rows } from '@glimmr/lib/db'
import { createServer, type Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import type { FastifyBaseLogger } from 'fastify'
import { type Click, createClickBuffer } from './clicks/click-buffer.ts'
import { clientAddressBehind } from './clicks/client-address.ts'
import { writeClicks } from './clicks/write-clicks.ts'
import { createAnswerer } from './graphql/answerer.ts'
import { routeGraphql } from './graphql/graphql-route.ts'
import { type GraphqlSockets, serveGraphqlSockets } from './graphql/graphql-socket.ts'
import { inconsistentObjects, routeMetadata } from './graphql/metadata-route.ts'
import { routeCreateLink } from './links/create-link.ts'
import { routeDeleteLink } from './links/delete-link.ts'
import { routeListLinks } from './links/list-links.ts'
import { routeRedirect } from './links/redirect.ts'

export type LinksConfig = {
  /** Of the role glimmr_links. */
  databaseUrl: string
  log: FastifyBaseLogger
  jwks: JwksSource
  /** What short links begin with. */
  publicUrl: string
  /** Hosts that links of kind url may lead to, besides that of publicUrl. */
  linkHosts?: string[]
  redirectsPerMinute?: number
  /** Networks of the proxies in front of this service. */
  trustedProxies?: string[]
  /** How long clicks wait to be written together, and how many at most. */
  clickFlushMs?: number
  clickBufferSize?: number
  now?: () => Date
  /** Metadata for the embedded engine; or a real Hasura to forward to. */
  metadataDir?: string
  hasuraUrl?: string
}

const description = 'GraphQL over every published price, and short links to prices, files and pages.'

/** For a server that listens in its stead: `upgrade` takes WebSocket handshakes, `endSockets` goes before its close. */
export type LinksServer = Server & { upgrade: GraphqlSockets['upgrade']; endSockets(): void }

/** The service, not yet listening. Closing it writes the clicks it still holds. */
export async function build(config: LinksConfig): Promise<LinksServer> {
  const {
    databaseUrl,
    log,
    jwks,
    publicUrl,
    linkHosts = [],
    trustedProxies = ['127.0.0.0/8', '::1/128'],
  } = config
  const {
    redirectsPerMinute = 6_000,
    clickFlushMs = 2_000,
    clickBufferSize = 5_000,
    now = () => new Date(),
  } = config
  const onError = (error: Error) => log.warn({ err: error }, 'a database connection broke')
  const pool = createPool({
    url: databaseUrl,
    name: 'glimmr_links',
    max: 10,
    statementTimeoutMs: 5_000,
    onError,
  })
  const ready = async () => void (await rows(pool, sql`select 1`))
  const { app, metrics } = await createServer({ name: 'links', description, log, jwks, ready })
  const answerer = await createAnswerer({ ...config, onError })
  const clicks = createClickBuffer({
    write: (batch: Click[]) => writeClicks(pool, batch),
    flushMs: clickFlushMs,
    capacity: clickBufferSize,
    onError: error => log.warn({ err: error }, 'clicks could not be written yet'),
  })
  // Before the server waits for its connections.
  app.addHook('preClose', async () => sockets.end())
  app.addHook('onClose', async () => {
    await clicks.close()
    await answerer.close()
    await pool.end()
  })
  routeGraphql(app, { answerer, metrics })
  const sockets = serveGraphqlSockets(app, { answerer, metrics })
  app.server.on('upgrade', sockets.upgrade)
  routeMetadata(app, answerer.engine)
  for (const object of answerer.engine ? inconsistentObjects(answerer.engine) : [])
    log.warn({ object: object.name, reason: object.reason }, 'metadata is inconsistent')
  routeCreateLink(app, { pool, publicUrl, linkHosts, now })
  routeListLinks(app, { pool, publicUrl })
  routeDeleteLink(app, pool)
  const addressOf = clientAddressBehind(trustedProxies)
  await routeRedirect(app, { pool, clicks, addressOf, perMinute: redirectsPerMinute, now })
  return Object.assign(app, { upgrade: sockets.upgrade, endSockets: sockets.end })
}
