/**
 * The services without their gateway, as somebody inside the network could reach them: forged identities, forged tokens and
 * odd paths get 400, 401, 403 or 404, and never the data of another organisation.
 */
import type { AddressInfo } from 'node:net'
import { createForger } from '@glimmr/dev/forged-tokens'
import { createTestDatabase } from '@glimmr/dev/testing'
import { rawRequest, sendRaw, statusOf } from '@glimmr/gateway/router/test-router'
import t from 'tap'
import { testServices } from './test-services.ts'

const [mine, theirs] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b']
const everything = [
  'core:read',
  'media:read',
  'media:write',
  'links:read',
  'links:write',
  'admin',
  'media:events',
]
const forger = createForger({
  claims: { sub: 'key:me', org: mine, roles: ['admin'], scopes: everything },
})

const db = await createTestDatabase(t)
await db.pool.query(
  `insert into core.organisations (id, name) values ($1, 'Mine'), ($2, 'secret-of-theirs')`,
  [mine, theirs],
)
await db.pool.query(
  `insert into core.api_keys (organisation_id, name, prefix, hash, roles, scopes)
   values ($1, 'secret-of-theirs', 'glm_x', '\\x00', '{viewer}', '{core:read}')`,
  [theirs],
)
await db.pool.query(
  `insert into core.users (organisation_id, name, issuer, subject, roles, created_by)
   values ($1, 'secret-of-theirs', 'https://login.example/', 'x', '{viewer}', 'test')`,
  [theirs],
)
await db.pool.query(
  `insert into core.audit_log (organisation_id, actor, action, target) values ($1, 'secret-of-theirs', 'user.created', 'x')`,
  [theirs],
)
await db.pool.query(
  `insert into links.links (slug, organisation_id, created_by, kind, target, title)
   values ('theirs', $1, 'x', 'url', '/x', 'secret-of-theirs')`,
  [theirs],
)

const apps = await testServices(t, { db, jwks: async () => forger.jwks })

const lists: [service: string, path: string][] = [
  ['core', '/v1/core/organisations/me'],
  ['core', '/v1/core/api-keys'],
  ['core', '/v1/core/users'],
  ['core', '/v1/core/audit-log'],
  ['core', '/v1/core/hospitals'],
  ['media', '/v1/media/uploads'],
  ['links', '/v1/links/links'],
]
const ports: Record<string, number> = {}
for (const [name, app] of Object.entries(apps)) {
  await app.listen({ port: 0, host: '127.0.0.1' })
  ports[name] = (app.server.address() as AddressInfo).port
}

/** Bytes as they are, to a service; its status and what it said. */
async function ask(service: string, target: string, headers: string[] = [], method = 'GET') {
  const answer = await sendRaw(ports[service] ?? 0, rawRequest(target, headers, method))
  return { status: statusOf(answer), answer }
}
const bearer = (token: string) => `Authorization: Bearer ${token}`

/** What the gateway would have set, in every spelling. */
const identity = [
  ['X-Auth-Subject', 'key:x'],
  ['X-Auth-Org', theirs],
  ['X-Auth-Roles', 'admin,operator'],
  ['X-Auth-Scopes', [...everything, 'organisations'].join()],
  ['X-Auth-Class', 'bulk'],
  ['X-Hasura-Role', 'admin'],
  ['X-Hasura-Org-Id', theirs],
  ['X-Hasura-Admin-Secret', 'secret'],
  ['X-Forwarded-User', 'admin'],
  ['X-Original-URL', '/v1/core/health'],
  ['X-Rewrite-URL', '/v1/core/health'],
  ['X-HTTP-Method-Override', 'DELETE'],
].flatMap(([name = '', value]) =>
  [name, name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_')].map(
    spelled => `${spelled}: ${value}`,
  ),
)

t.test('identity headers are no identity, in no spelling', async t => {
  for (const [service, path] of lists) {
    t.equal((await ask(service, path, identity)).status, 401, path)
    t.equal(
      (await ask(service, path, [...identity, `X-Api-Key: glm_aaaaaaaa_${'a'.repeat(43)}`])).status,
      401,
    )
  }
})

t.test('beside a good token they change nothing: each sees the own organisation', async t => {
  for (const [service, path] of lists) {
    const { status, answer } = await ask(service, path, [...identity, bearer(forger.good())])
    t.equal(status, 200, path)
    t.notMatch(answer, /secret-of-theirs/, path)
  }
  for (const path of ['api-keys', 'users', 'audit-log'].map(
    list => `/v1/core/${list}?organisation_id=${theirs}`,
  ))
    t.equal((await ask('core', path, [...identity, bearer(forger.good())])).status, 403, path)
  const graphql = await apps.links?.inject({
    method: 'POST',
    url: '/v1/links/graphql',
    headers: {
      authorization: `Bearer ${forger.good({ roles: ['viewer'] })}`,
      'x-hasura-role': 'admin',
      'x-hasura-admin-secret': 'x',
    },
    payload: { query: '{ __typename }' },
  })
  t.match(graphql?.body, /access-denied/, 'a role that the token does not have')
})

t.test('no forged token is taken, by no service', async t => {
  for (const [service, path] of [
    ['core', '/v1/core/api-keys'],
    ['media', '/v1/media/uploads'],
    ['links', '/v1/links/links'],
  ] as const) {
    const passed: string[] = []
    for (const [name, token] of forger.forged()) {
      const { status } = await ask(service, path, [bearer(token)])
      if (status !== 401) passed.push(`${name}: ${status}`)
    }
    t.same(passed, [], `${service}: ${forger.forged().length} tokens`)
    t.equal((await ask(service, path, [bearer(forger.good())])).status, 200, 'and the good one is')
  }
})

t.test('a token anywhere but in one Authorization header is none', async t => {
  const token = forger.good()
  const cases: [string, string[]][] = [
    [`/v1/core/api-keys?access_token=${token}`, []],
    ['/v1/core/api-keys', [`Cookie: token=${token}; Authorization=Bearer ${token}`]],
    ['/v1/core/api-keys', [`Proxy-Authorization: Bearer ${token}`]],
    ['/v1/core/api-keys', [`X-Authorization: Bearer ${token}`]],
    ['/v1/core/api-keys', [`X-Access-Token: ${token}`]],
    ['/v1/core/api-keys', [`Authorization: ${token}`]],
    ['/v1/core/api-keys', [`Authorization: Basic ${token}`]],
    ['/v1/core/api-keys', [`Authorization: Bearer ${token} ${token}`]],
    ['/v1/core/api-keys', ['Authorization: Bearer', `Authorization: Bearer ${token}`]],
  ]
  for (const [path, headers] of cases) {
    const { status } = await ask('core', path, headers)
    t.ok(status === 400 || status === 401, `${headers.join().slice(0, 30)} ${status}`)
  }
})

t.test('without the scope of a route a good token opens no route of any service', async t => {
  const token = forger.good({ scopes: [] })
  for (const [name, app] of Object.entries(apps)) {
    const { paths = {} } = app.swagger() as {
      paths?: Record<string, Record<string, { security?: unknown[] }>>
    }
    for (const [path, item] of Object.entries(paths))
      for (const [method, { security }] of Object.entries(item)) {
        if (security?.length === 0 || path === '/v1/core/tokens') continue
        const url = path.replaceAll(/\{\w+\}/g, '00000000-0000-4000-8000-00000000dead')
        const { status } = await ask(name, url, [bearer(token)], method.toUpperCase())
        t.equal(status, 403, `${method} ${path}`)
      }
  }
})

t.test('no spelling of a path leads past the check', async t => {
  const targets = (name: string, list: string) => [
    `/v1/${name}/health/../${list}`,
    `/v1/${name}/health/..;/${list}`,
    `/v1/${name}/health/%2e%2e/${list}`,
    `/v1/${name}/health%2f..%2f${list}`,
    `/v1/${name}/health%2f%2e%2e%2f${list}`,
    `/v1/${name}/health%252f..%252f${list}`,
    `/v1/${name}/health/..%5c${list}`,
    `/v1/${name}/health\\..\\${list}`,
    `/v1/${name}/health;/../${list}`,
    `/v1/${name}/health;a=/${list}`,
    `/v1/${name}/health%00/../${list}`,
    `/v1/${name}/openapi.json/${list}`,
    `/v1/${name}/${list}/`,
    `/v1/${name}/${list}//`,
    `/v1/${name}//${list}`,
    `//v1/${name}/${list}`,
    `/./v1/${name}/${list}`,
    `/l/../v1/${name}/${list}`,
    `/v1/${name}/${list};.json`,
    `/v1/${name}/${list}%20`,
    `/v1/${name}/${list}%09`,
    `/v1/${name}/${list}%00`,
    `/v1/${name}/${list}#/health`,
    `/v1/${name}/${list}?/v1/${name}/health`,
    `/v1/${name}/%${list.charCodeAt(0).toString(16)}${list.slice(1)}`,
    `/V1/${name.toUpperCase()}/${list}`,
    `/v1/${name}/${list.toUpperCase()}`,
    `http://127.0.0.1/v1/${name}/${list}`,
    `http://127.0.0.1/v1/${name}/health/../${list}`,
    `//127.0.0.1/v1/${name}/${list}`,
    `/v1/${name}/\u00e4/../${list}`,
    `/v1/${name}/%c0%ae%c0%ae/${list}`,
    `/v1/${name}/..%c0%af${list}`,
    `/v1/${name}/.%2e/.%2e/%2e./%2e%2e/${list}`,
    '*',
    `v1/${name}/${list}`,
  ]
  for (const [service, path] of lists) {
    const passed: string[] = []
    for (const target of targets(service, path.split('/').slice(3).join('/')))
      for (const method of ['GET', 'POST', 'HEAD', 'TRACE', 'PROPFIND']) {
        const { status, answer } = await ask(service, target, [], method)
        if (![400, 401, 404, 405].includes(status) || /secret-of-theirs/.test(answer))
          passed.push(`${method} ${target}: ${status}`)
      }
    t.same(passed, [], path)
  }
})

t.test('headers have bounds, and what is beyond them is refused at once', async t => {
  for (const name of Object.keys(apps)) {
    const path = `/v1/${name}/health`
    t.equal((await ask(name, path, [`X-Large: ${'x'.repeat(20_000)}`])).status, 431, name)
    t.equal((await ask(name, path, [bearer('x'.repeat(20_000))])).status, 431, name)
    t.equal((await ask(name, `${path}?${'x'.repeat(20_000)}`)).status, 431, name)
    t.equal((await ask(name, path)).status, 200, `${name} goes on`)
  }
})
