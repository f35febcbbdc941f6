import { mkdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createBlobs } from './blobs.ts'
import { ensureBucket } from './buckets.ts'
import { defaultLimits, type Limits, type LogEntry, type Store } from './call.ts'
import { knownBlobs, openCatalog } from './catalog.ts'
import { createEventQueue, type EventTarget } from './events.ts'
import { type HandleOptions, handle } from './handle.ts'
import { endOldUploads } from './uploads.ts'

export type StoreOptions = {
  /** one folder for everything; made if absent, used by one store at a time */
  dataDir: string
  accessKeyId: string
  secretAccessKey: string
  /** made at the start if absent */
  buckets: readonly string[]
  /** default `auto`, as R2 has it */
  region?: string
  /** default `['*']` */
  corsOrigins?: readonly string[]
  /** who is told of new objects; default nobody */
  event?: EventTarget
  log?: (entry: LogEntry) => void
  limits?: Partial<Limits>
  /** milliseconds; for tests of expiry */
  now?: () => number
}

export type RunningStore = {
  /** for mounting it elsewhere; `server` uses the same */
  handler: (request: IncomingMessage, response: ServerResponse) => void
  server: Server
  /** port 0 takes a free one; the answer says which. Throws EADDRINUSE. */
  listen: (port: number, host?: string) => Promise<{ port: number; url: string }>
  /** no new request, ten seconds for those under way, then the files are closed */
  close: () => Promise<void>
}

const idleMs = 60_000
const closeMs = 10_000
const expireMs = 3600 * 1000

/**
 * An object store that speaks S3 and keeps its bytes in a folder. Opening it removes what an earlier, killed process
 * had not finished. Throws when another process has the folder open.
 */
export async function createStore(options: StoreOptions): Promise<RunningStore> {
  const { region = 'auto', corsOrigins = ['*'], accessKeyId, secretAccessKey } = options
  const store = await openStore(options, region)
  const under = new Set<Promise<void>>()
  const settings: HandleOptions = {
    store,
    cors: corsOrigins,
    keyring: { accessKeyId, secretAccessKey, region },
  }
  const run = (request: IncomingMessage, response: ServerResponse, waits = false) => {
    const work = handle(settings, request, response, waits).finally(() => under.delete(work))
    under.add(work)
  }
  const server = createHttpServer(run)
  store.events?.wake()
  let expiring = Promise.resolve()
  const expire = () => {
    expiring = endOldUploads(store).catch(error =>
      options.log?.({ level: 'error', msg: 'old uploads could not be ended', cause: String(error) }),
    )
  }
  const expiry = setInterval(expire, expireMs).unref()

  async function listen(port: number, host = '127.0.0.1') {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, () => resolve(void server.off('error', reject)))
    })
    const address = server.address() as AddressInfo
    const shown = host.includes(':') ? `[${host}]` : host
    return { port: address.port, url: `http://${shown}:${address.port}` }
  }

  let ending: Promise<void> | undefined
  const close = () => (ending ??= end())

  async function end(): Promise<void> {
    const closed = new Promise<void>(resolve => server.close(() => resolve()))
    server.closeIdleConnections()
    const timer = setTimeout(() => server.closeAllConnections(), closeMs)
    await Promise.all([closed, ...under])
    clearTimeout(timer)
    clearInterval(expiry)
    await expiring
    await store.events?.close()
    store.catalog.close()
  }

  return { handler: run, server, listen, close }
}

async function openStore(options: StoreOptions, region: string): Promise<Store> {
  const { dataDir, event, log = () => {}, now = Date.now } = options
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const catalog = openCatalog(dataDir)
  try {
    const blobs = await createBlobs(join(dataDir, 'blobs'))
    for (const bucket of options.buckets) ensureBucket(catalog, bucket, now())
    await endOldUploads({ catalog, blobs, now })
    const strays = await blobs.sweep(knownBlobs(catalog))
    if (strays > 0) log({ level: 'info', msg: 'removed files that no object owns', strays })
    const events = event && createEventQueue({ catalog, target: event, log })
    return { catalog, blobs, events, region, log, now, limits: { ...defaultLimits, ...options.limits } }
  } catch (error) {
    catalog.close()
    throw error
  }
}

/**
 * Bounds of the protocol: 32 KiB of headers within 30 s, a thousand connections, a minute without a byte ends one.
 * There is no limit on the time of a whole request, because five gigabytes over a slow line are a fair request.
 */
function createHttpServer(
  run: (request: IncomingMessage, response: ServerResponse, waits?: boolean) => void,
): Server {
  const server = createServer(
    // Without the interval node looks every half minute, and 30 s of headers were up to a minute.
    {
      maxHeaderSize: 32 * 1024,
      headersTimeout: 30_000,
      requestTimeout: 0,
      connectionsCheckingInterval: 5000,
    },
    (request, response) => {
      run(request, response)
    },
  )
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
    run(request, response, true),
  )
  server.maxConnections = 1000
  server.setTimeout(idleMs)
  return server
}
