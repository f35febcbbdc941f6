/** The engine under test as a server of its own, set up as the recorded one was. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import pg from 'pg'
import { request as httpRequest } from 'undici'
import { cronActs } from '../cron/cron-acts.ts'
import { createCronRunner } from '../cron/cron-runner.ts'
import { createEngine, type Engine } from '../engine.ts'
import { dropEvents } from '../events/catalog.ts'
import { eventActs } from '../events/event-acts.ts'
import { createEventRunner } from '../events/event-runner.ts'
import { identify } from '../http/identify.ts'
import { createListener } from '../http/listen.ts'
import type { Logger } from '../http/log.ts'
import { type HttpAnswer, type HttpRequest, serve } from '../http/serve.ts'
import { logOf, openFront, readFrontSettings } from '../http/settings.ts'
import { createSockets } from '../http/sockets.ts'
import { createMetadataApi } from '../metadata-api/metadata-api.ts'
import { rowActs } from '../row-commands/row-acts.ts'
import type { Environment } from '../webhook/settings.ts'
import { createWebhookClient } from '../webhook/webhook-client.ts'
import { type Ask, startActionWebhooks } from './action-webhooks.ts'
import { asksEchoHook, startAuthWebhooks, startEchoHook } from './auth-webhooks.ts'
import type { Databases } from './databases.ts'
import { startEventWebhooks } from './event-webhooks.ts'
import { startJwkServer } from './jwk-server.ts'
import { fill } from './placeholders.ts'
import { createSocketSteps } from './socket-steps.ts'
import type { Subject } from './steps.ts'
import type { Vector } from './vectors.ts'
import type { WebhookServer } from './webhook-server.ts'

export type ServerUnderTest = {
  engine: Engine
  named: Record<string, unknown>
  /** Steps about sockets and webhooks. */
  other: NonNullable<Subject['other']>
  send(request: HttpRequest): Promise<HttpAnswer>
  pool(source: string): pg.Pool
  close(): Promise<void>
}

export const adminSecret = 'conformance-admin-secret'

/** `pool` is the vector's own database; further sources get databases of their own. */
export async function startServer(
  { databases, pool }: { databases: Databases; pool: pg.Pool },
  vector: Vector,
): Promise<ServerUnderTest> {
  const { args = [] } = vector.server
  const helpers: { close(): Promise<void> }[] = []
  let origin = ''
  const deliveries = needsEvents(vector) ? await startEventWebhooks() : undefined
  if (deliveries) helpers.push(deliveries)
  const echo = asksEchoHook(vector) ? await startEchoHook() : undefined
  if (echo) helpers.push(echo)
  const env = await helped(
    vector,
    helpers,
    { events: deliveries?.url, echo: echo?.url },
    (query, variables) => ask(origin, query, variables),
  )
  const further = createFurtherDatabases(databases)
  const webhooks = createWebhookClient({ allowPrivate: true })
  const pools = Object.fromEntries(vector.metadata.sources.map(({ name }) => [name, pool]))
  const engine = await createEngine({
    metadata: vector.metadata,
    pools,
    connect: source => further.open(source.configuration),
    enableAllowList: env.HASURA_GRAPHQL_ENABLE_ALLOWLIST === 'true',
    allowListByRole: vector.needs.includes('enterprise'),
    inferFunctionPermissions: env.HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS !== 'false',
    stringifyNumericTypes: args.includes('--stringify-numeric-types'),
    removeUnboundVariables:
      env.HASURA_GRAPHQL_EXPERIMENTAL_FEATURES?.includes('no_null_unbound_variable_default') ?? false,
    namingConventions: env.HASURA_GRAPHQL_EXPERIMENTAL_FEATURES?.includes('naming_convention') ?? false,
    ...(env.HASURA_GRAPHQL_DEFAULT_NAMING_CONVENTION === 'graphql-default'
      ? { defaultNamingConvention: 'graphql-default' as const }
      : {}),
    subscriptions: { intervalMs: 100 },
    actions: { client: webhooks, env },
    validateInput: { client: webhooks, env },
  })
  const { control } = engine
  const triggers = {
    control,
    client: webhooks,
    env,
    intervalMs: 100,
    stringify: args.includes('--stringify-numeric-types'),
  }
  const events = createEventRunner({
    ...triggers,
    atOnce: Number(env.HASURA_GRAPHQL_EVENTS_HTTP_POOL_SIZE ?? 100),
  })
  const cron = createCronRunner(triggers)
  const metadataApi = createMetadataApi({
    control,
    allowRunSql: true,
    env,
    acts: { ...eventActs(events), ...cronActs(cron), ...rowActs({ stringify: triggers.stringify }) },
    async onChange() {
      await events.sync()
      await cron.sync()
    },
    async onClear({ sources }) {
      for (const { name } of sources) await dropEvents(control.pool(name) ?? pool)
    },
  })
  await events.sync()
  await cron.sync()
  const front = await openFront(readFrontSettings(frontEnvironment(vector, env)), {
    client: webhooks,
    log: logOf(env, discarded),
  })
  const options = { ...front.options, metadataApi }
  const sockets = createSockets({
    engine,
    authenticate: headers => identify(options.auth, { headers }),
    log: options.log,
  })
  const listener = createListener({ serve: request => serve(engine, options, request), sockets })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  origin = `http://127.0.0.1:${port}`
  const socketSteps = createSocketSteps(sockets, adminSecret)
  return {
    engine,
    named: {
      ...(deliveries ? { webhook: deliveries.figures } : {}),
      ...(echo ? { graphql_service: echo.named } : {}),
    },
    other: (step, results) => deliveries?.run(step, results) ?? socketSteps.run(step, results),
    send: request => sent(origin, request),
    pool: source => engine.control.pool(source) ?? pool,
    async close() {
      await socketSteps.close()
      front.close()
      for (const helper of helpers) await helper.close()
      await events.close()
      await cron.close()
      await engine.close()
      listener.closeAllConnections()
      listener.close()
      await webhooks.close()
      await further.close()
    },
  }
}

function needsEvents({ needs }: Vector): boolean {
  return needs.includes('event_webhook_server')
}

/** The servers that the vector's webhooks are sent to, in the variables that name them. */
async function helped(
  { server, needs }: Vector,
  helpers: { close(): Promise<void> }[],
  { events: eventsUrl, echo }: { events: string | undefined; echo: string | undefined },
  asked: Ask,
): Promise<Environment> {
  const env: Record<string, string> = { ...server.env }
  const start = async (name: string, starting: Promise<WebhookServer>) => {
    const started = await starting
    helpers.push(started)
    env[name] = started.url
  }
  if (eventsUrl !== undefined)
    for (const name of ['EVENT_WEBHOOK_HANDLER', 'SCHEDULED_TRIGGERS_WEBHOOK_DOMAIN']) env[name] = eventsUrl
  if (needs.includes('action_webhook_server'))
    await start('ACTION_WEBHOOK_HANDLER', startActionWebhooks(asked))
  if (env.HASURA_GRAPHQL_AUTH_HOOK !== undefined) await start('HASURA_GRAPHQL_AUTH_HOOK', startAuthWebhooks())
  if (needs.includes('jwk_server')) await start('JWK_SERVER_URL', startJwkServer())
  if (echo !== undefined)
    Object.assign(env, { HASURA_GRAPHQL_AUTH_HOOK: echo, HASURA_GRAPHQL_AUTH_HOOK_MODE: 'POST' })
  return env
}

async function ask(origin: string, query: string, variables: Record<string, unknown>): Promise<unknown> {
  const headers = { 'x-hasura-admin-secret': adminSecret }
  const { body } = await sent(origin, {
    method: 'POST',
    url: '/v1/graphql',
    headers,
    body: { query, variables },
  })
  return JSON.parse(body)
}

/** What the recorded server was started with, its secrets and the addresses of helpers filled in. */
function frontEnvironment({ server }: Vector, env: Environment): Environment {
  const { admin_secret } = server
  const jwt = env.HASURA_GRAPHQL_JWT_SECRET
  return {
    ...env,
    HASURA_GRAPHQL_ADMIN_SECRET: admin_secret === undefined || admin_secret === 'either' ? '' : adminSecret,
    HASURA_GRAPHQL_JWT_SECRET:
      jwt &&
      JSON.stringify(JSON.parse(jwt), (_, value) =>
        typeof value === 'string'
          ? fill(value).replace('{{JWK_SERVER_URL}}', env.JWK_SERVER_URL ?? '')
          : value,
      ),
  }
}

/** Lines are put together and then go nowhere. */
const nowhere = () => undefined
const discarded: Logger = { debug: nowhere, info: nowhere, warn: nowhere, error: nowhere }

/** As bytes over a socket, so that headers and encodings are what a client would get. */
async function sent(origin: string, { method, url, headers, body }: HttpRequest): Promise<HttpAnswer> {
  const withBody = body !== undefined && body !== null && method !== 'GET'
  const answer = await httpRequest(`${origin}${url}`, {
    method: method as 'GET',
    headers: withBody ? { 'content-type': 'application/json', ...headers } : headers,
    body: withBody ? JSON.stringify(body) : null,
  })
  const bytes = Buffer.from(await answer.body.arrayBuffer())
  const zipped = answer.headers['content-encoding'] === 'gzip'
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined) kept[name] = Array.isArray(value) ? value.join(', ') : value
  return {
    status: answer.statusCode,
    body: (zipped ? gunzipSync(bytes) : bytes).toString('utf8'),
    headers: kept,
  }
}

/** A database for each address that a source is added with. */
function createFurtherDatabases(databases: Databases) {
  const made = new Map<string, Promise<{ url: string; drop(): Promise<void> }>>()
  return {
    async open(configuration: unknown): Promise<pg.Pool> {
      const address = JSON.stringify(configuration, (key, value) =>
        key === 'pool_settings' ? undefined : value,
      )
      const known = made.get(address) ?? databases.create()
      made.set(address, known)
      const pool = new pg.Pool({ connectionString: (await known).url, max: 2 })
      pool.on('error', () => undefined)
      return pool
    },
    async close() {
      for (const database of made.values()) await (await database).drop()
    },
  }
}
