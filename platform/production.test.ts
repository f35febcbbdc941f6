/**
 * Production as the compose files describe it, without its containers: each service a process of its own with the
 * variables it is given there, and in front of them the real Traefik (where scripts/build-traefik.sh has built it) on the
 * folder that is mounted into it. gateway/router in its place must answer the same.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { whenSaid } from '@glimmr/dev/server-ports'
import { createTestDatabase } from '@glimmr/dev/testing'
import { findTraefik, startTraefik } from '@glimmr/gateway/parity/traefik'
import { createRouter } from '@glimmr/gateway/router/router'
import { createLog } from '@glimmr/lib/run-service'
import t, { type Test } from 'tap'
import { filled, readCompose, root } from './test-compose.ts'

const base = readCompose('docker-compose.yml').services
const production = readCompose('docker-compose.prod.yml').services
const names = ['auth', 'core', 'media', 'links'] as const
type Name = (typeof names)[number]

const answers = (name: string) => ({ ...base[name]?.environment, ...production[name]?.environment })

/** What a `.env` says. */
const dotEnv = {
  CORS_ORIGIN: 'https://app.example',
  PROXY_DEPTH: '0',
  PUBLIC_URL: 'https://glimmr.example',
  S3_ENDPOINT: 'https://account.r2.cloudflarestorage.com',
}

async function startServices(t: Test) {
  const db = await createTestDatabase(t)
  const keys = mkdtempSync(join(tmpdir(), 'glimmr-production-'))
  t.teardown(() => rmSync(keys, { recursive: true, force: true }))
  const start = (name: Name, jwksUrl?: string) => {
    const { HASURA_URL: _none, ...environment } = filled(answers(name), dotEnv)
    return startService(t, name, {
      ...environment,
      DATABASE_URL: db.urlFor(`glimmr_${name}`),
      ...(jwksUrl && environment.JWKS_URL && { JWKS_URL: jwksUrl }),
      ...(environment.KEYS_DIR && { KEYS_DIR: keys }),
    })
  }
  const auth = await start('auth')
  const others = names.filter(name => name !== 'auth')
  const found = await Promise.all(others.map(name => start(name, `${auth}/.well-known/jwks.json`)))
  const urls: Record<string, string> = { AUTH_URL: auth }
  for (const [at, name] of others.entries()) urls[`${name.toUpperCase()}_URL`] = found[at] ?? ''
  await Promise.all(Object.values(urls).map(url => answersWithin(`${url}/readyz`, 60_000)))
  const made = spawnSync(
    process.execPath,
    ['services/core/first-key.ts', '--organisation', 'General Hospital'],
    { cwd: root, encoding: 'utf8', env: { DATABASE_URL: db.urlFor('glimmr_core') } },
  )
  return { urls, key: made.stdout.trim() }
}

/** Its address: on the port that it took. */
async function startService(t: Test, name: Name, environment: Record<string, string>): Promise<string> {
  const [, file = ''] = base[name]?.command ?? []
  const child = spawn(process.execPath, [file], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...environment, HOST: '127.0.0.1', PORT: '0' },
  })
  t.teardown(async () => {
    const ended = once(child, 'exit')
    if (child.kill()) await ended
  })
  const [, url = ''] = await whenSaid(child, /Server listening at (http:[^"]+)/, 60_000)
  return url
}

async function answersWithin(url: string, ms: number): Promise<void> {
  const end = performance.now() + ms
  for (;;) {
    const ok = await fetch(url).then(
      answer => answer.ok,
      () => false,
    )
    if (ok) return
    if (performance.now() > end) throw new Error(`${url} does not answer within ${ms} ms`)
    await wait(50)
  }
}

type Call = [name: string, path: string, options?: RequestInit]

const json = { 'content-type': 'application/json' }
const graphql = JSON.stringify({ query: '{ files { hospital_name } }' })

function calls(key: string): Call[] {
  const headers = { authorization: `Bearer ${key}` }
  return [
    ['core’s health', '/v1/core/health'],
    ['media’s health', '/v1/media/health'],
    ['links’s health', '/v1/links/health'],
    ['the published keys', '/.well-known/jwks.json'],
    ['prices', '/v1/core/prices?code=70551', { headers }],
    ['prices without a key', '/v1/core/prices?code=70551'],
    ['a file of media’s', '/v1/media/uploads', { headers }],
    ['GraphQL', '/v1/links/graphql', { method: 'POST', body: graphql, headers: { ...headers, ...json } }],
    ['a token', '/v1/core/tokens', { method: 'POST', body: '{}', headers: { ...headers, ...json } }],
    ['a short link that is none', '/l/none'],
    ['nothing', '/nothing/here'],
    ['a path that is encoded twice', '/v1/core/%252e%252e/keys', { headers }],
    [
      'a body that is too large',
      '/v1/core/api-keys',
      { method: 'POST', body: 'x'.repeat(1_100_000), headers },
    ],
    [
      'a preflight',
      '/v1/core/prices',
      { method: 'OPTIONS', headers: { origin: dotEnv.CORS_ORIGIN, 'access-control-request-method': 'GET' } },
    ],
  ]
}

/** What two routers must agree on. */
async function answerTo(url: string, [name, path, options]: Call) {
  const answer = await fetch(url + path, { redirect: 'manual', ...options })
  const text = await answer.text()
  const body = answer.headers.get('content-type')?.includes('json')
    ? Object.keys(JSON.parse(text)).sort()
    : text
  const { headers, status } = answer
  return {
    name,
    status,
    type: headers.get('content-type'),
    security: headers.get('x-content-type-options'),
    origin: headers.get('access-control-allow-origin'),
    methods: headers.get('access-control-allow-methods'),
    body,
  }
}

/** A subscription as a browser opens it, until its first result. */
async function subscribe(url: string, key: string): Promise<unknown> {
  const bought = await fetch(`${url}/v1/core/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...json },
    body: '{"scopes":["links:read"]}',
  })
  const { access_token: token } = (await bought.json()) as { access_token: string }
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/links/graphql`, [
    'graphql-transport-ws',
    `glimmr.bearer.${token}`,
  ])
  const query = 'subscription { files(order_by: { id: asc }) { hospital_name } }'
  const start = JSON.stringify({ type: 'subscribe', id: '1', payload: { query } })
  const result = new Promise<unknown>((resolve, reject) => {
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(String(data)) as { type: string; payload?: unknown }
      if (frame.type === 'connection_ack') socket.send(start)
      if (frame.type === 'next' || frame.type === 'error') resolve(frame.payload)
    })
    socket.addEventListener('close', ({ code }) => reject(new Error(`the socket closed with ${code}`)))
  })
  socket.addEventListener('open', () => socket.send('{"type":"connection_init"}'))
  return result.finally(() => socket.close())
}

const binary = findTraefik(process.env)

t.test(
  'production’s files, variables and processes answer, through Traefik and through gateway/router',
  async t => {
    const { urls, key } = await startServices(t)
    t.match(key, /^glm_/, 'first-key.ts, as the README says')
    const env = { ...filled(answers('traefik'), dotEnv), ...urls }
    t.equal(env.CORE_LIMIT, '', 'limits that .env leaves empty are the route files’')
    const [mounted = '', at] = base.traefik?.volumes?.[0]?.split(':') ?? []
    t.equal(base.traefik?.working_dir, at, 'Traefik finds `dynamic` beside its file')
    const folder = join(root, mounted)
    const router = createRouter({
      staticFile: join(folder, 'traefik.yml'),
      env,
      overrides: { entryPoints: { web: { port: 0 }, ops: { port: 0 } } },
      log: createLog('fatal'),
    })
    const { ports } = await router.listen()
    t.teardown(() => router.close())
    const ours = `http://127.0.0.1:${ports.web}`
    const expected = await Promise.all(calls(key).map(call => answerTo(ours, call)))
    t.same(Object.fromEntries(expected.map(({ name, status }) => [name, status])), {
      'core’s health': 200,
      'media’s health': 200,
      'links’s health': 200,
      'the published keys': 200,
      prices: 200,
      'prices without a key': 401,
      'a file of media’s': 200,
      GraphQL: 200,
      'a token': 200,
      'a short link that is none': 404,
      nothing: 404,
      'a path that is encoded twice': 400,
      'a body that is too large': 413,
      'a preflight': 200,
    })
    t.match(await subscribe(ours, key), { data: { files: [] } })
    t.equal((await fetch(`http://127.0.0.1:${ports.ops}/ping`)).status, 200)

    if (!binary)
      return t.comment('SKIPPED: no Traefik here: scripts/build-traefik.sh builds it where there is Go')
    // With its tracing: the collector is not there without `--profile traces` either.
    const traefik = await startTraefik({ binary, folder, env, tracing: true })
    t.teardown(() => traefik.close())
    const theirs = `http://127.0.0.1:${traefik.ports.web}`
    for (const [index, call] of calls(key).entries())
      t.same(await answerTo(theirs, call), expected[index], `Traefik: ${call[0]}`)
    t.match(await subscribe(theirs, key), { data: { files: [] } }, 'Traefik: a subscription')
    t.equal((await fetch(`http://127.0.0.1:${traefik.ports.ops}/ping`)).status, 200, 'its health check')
  },
)
