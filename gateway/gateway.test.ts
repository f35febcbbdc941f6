/** The whole gateway: the route files of production, auth, and apps that say what they received. */
import { roles } from '@glimmr/lib/api-keys'
import t from 'tap'
import { type LogLine, rawRequest, sendRaw, statusOf } from './router/test-router.ts'
import { bearer, organisation, startGateway } from './test-gateway.ts'

for (const overHttp of [false, true]) {
  const way = overHttp ? 'services at other addresses' : 'services in this process'

  t.test(`${way}: role by route, who may what`, async t => {
    const { url, keys } = await startGateway(t, { overHttp })
    const matrix: [method: string, path: string, allowed: string[]][] = [
      ['GET', '/v1/core/files', ['admin', 'uploader', 'partner', 'viewer', 'operator']],
      ['POST', '/v1/core/keys', ['admin', 'uploader', 'partner', 'viewer', 'operator']],
      ['GET', '/v1/media/uploads/1', ['admin', 'uploader']],
      ['GET', '/v1/media/uploads/1/events', ['admin', 'uploader']],
      ['POST', '/v1/media/presign', ['admin', 'uploader']],
      ['POST', '/v1/media/store-events', ['admin', 'store']],
      ['POST', '/v1/links/graphql', ['admin', 'uploader', 'partner', 'viewer']],
    ]
    for (const [method, path, allowed] of matrix) {
      for (const role of roles) {
        const { status } = await fetch(url + path, { method, headers: bearer(keys[role]) })
        t.equal(status, allowed.includes(role) ? 200 : 403, `${role} ${method} ${path}`)
      }
      t.equal((await fetch(url + path, { method })).status, 401, `nobody ${method} ${path}`)
    }
  })

  t.test(`${way}: a service sees the identity that auth gave, and nothing of the client's`, async t => {
    const { port, keys, received } = await startGateway(t, { overHttp })
    const forged = [
      'X-Auth-Subject',
      'X-Auth-Org',
      'X-Auth-Roles',
      'X-Auth-Scopes',
      'X-Hasura-Admin-Secret',
      'X-Hasura-User-Id',
      'X-Hasura-Anything',
      'X-Hasura-Allowed-Roles',
    ]
    const twins = forged.flatMap(name => [
      name,
      name.toLowerCase(),
      name.toUpperCase(),
      name.replaceAll('-', '_'),
    ])
    await sendRaw(
      port,
      rawRequest('/v1/links/graphql', [
        `X-Api-Key: ${keys.partner}`,
        'X-Hasura-Role: partner',
        `X-Organisation: ${organisation}`,
        ...twins.map(name => `${name}: forged`),
      ]),
    )
    // Without auth only the names that services know are stripped.
    const known = twins.filter(name => !/anything/i.test(name))
    await sendRaw(
      port,
      rawRequest(
        '/l/abc',
        known.map(name => `${name}: forged`),
      ),
    )
    t.equal(received.length, 2)
    for (const { headers, raw } of received) t.notMatch(JSON.stringify([headers, raw]), /forged|glm_/)
    t.match(received[0]?.headers, {
      'x-auth-subject': /^key:/,
      'x-auth-org': organisation,
      'x-auth-roles': 'partner',
      'x-hasura-role': 'partner',
      authorization: /^Bearer ey/,
      'x-forwarded-for': '127.0.0.1',
    })
    t.equal(received[0]?.headers['x-organisation'], undefined, 'a choice that auth has heard')
    t.equal(received[1]?.headers['x-auth-subject'], undefined)
  })

  t.test(`${way}: nobody acts for an organisation by asking to`, async t => {
    const { port, keys, received } = await startGateway(t, { overHttp })
    const theirs = '00000000-0000-4000-8000-00000000000b'
    for (const lines of [[theirs], [organisation, theirs], [theirs, organisation], ['']]) {
      const headers = lines.map(line => `X-Organisation: ${line}`)
      const answer = await sendRaw(
        port,
        rawRequest('/v1/core/x', [`X-Api-Key: ${keys.operator}`, ...headers]),
      )
      t.equal(statusOf(answer), 403, lines.join())
    }
    t.equal(received.length, 0)
  })
}

t.test('what is public, and that nothing else is', async t => {
  const { url, received } = await startGateway(t)
  for (const path of [
    '/v1/core/health',
    '/v1/media/openapi.json',
    '/v1/links/health',
    '/l/abc',
    '/.well-known/jwks.json',
  ])
    t.equal((await fetch(url + path)).status, 200, path)
  const before = received.length
  for (const path of [
    '/',
    '/health',
    '/metrics',
    '/verify',
    '/problems/429',
    '/v1',
    '/v1/core',
    '/v1/auth/health',
    '/v1/pipeline/health',
    '/v1/corex',
    '/V1/core/health',
    '/l',
    '/.well-known/other',
  ])
    t.equal((await fetch(url + path)).status, 404, path)
  for (const path of [
    '/v1/core/',
    '/v1/core/health/',
    '/v1/core/healthx',
    '/v1/core//health/../files',
    '/v1/media/metrics',
  ])
    t.equal((await fetch(url + path)).status, 401, path)
  t.equal(received.length, before)
})

t.test('refusals of every kind are problems with the request id', async t => {
  const { url, keys } = await startGateway(t)
  const cases: [string, RequestInit, number][] = [
    ['/nowhere', {}, 404],
    ['/nowhere', { method: 'POST', body: '{x', headers: { 'content-type': 'application/json' } }, 404],
    ['/v1/core/x', {}, 401],
    ['/v1/core/x', { headers: bearer('glm_no') }, 401],
    ['/v1/media/x', { headers: bearer(keys.viewer) }, 403],
    ['/v1/core/x', { method: 'POST', headers: bearer(keys.admin), body: 'x'.repeat(1_048_577) }, 413],
  ]
  for (const [path, init, status] of cases) {
    const answer = await fetch(`${url}${path}?secret=1`, {
      ...init,
      headers: { ...init.headers, 'x-request-id': 'my-id' },
    })
    t.equal(answer.status, status, path)
    t.equal(answer.headers.get('content-type'), 'application/problem+json')
    t.equal(answer.headers.get('x-request-id'), 'my-id')
    t.equal(answer.headers.get('access-control-allow-origin'), '*', 'a browser may read it')
    t.match(await answer.json(), { status, request_id: 'my-id', instance: path, detail: String })
  }
})

t.test('a service that is away is a problem too', async t => {
  const { url, keys } = await startGateway(t, { env: { CORE_URL: 'http://127.0.0.1:1' } })
  const answer = await fetch(`${url}/v1/core/files`, { headers: bearer(keys.viewer) })
  t.equal(answer.status, 502)
  t.match(await answer.json(), { status: 502, instance: '/v1/core/files', detail: /does not answer/ })
})

t.test('limits by key: 100 for core, 50 for media, 100 for links, none for the store', async t => {
  const { url, keys, wait } = await startGateway(t)
  const admitted = async (path: string, key: string | undefined, tries: number, method = 'GET') => {
    let count = 0
    for (let index = 0; index < tries; index++) {
      const answer = await fetch(url + path, { method, headers: bearer(key) })
      await answer.arrayBuffer()
      if (answer.status === 200) count++
      else t.equal(answer.status, 429)
    }
    return count
  }
  t.equal(await admitted('/v1/core/files', keys.partner, 105), 100)
  t.equal(await admitted('/v1/core/files', keys.viewer, 1), 1, 'another key has its own')
  wait(10_000)
  t.equal(await admitted('/v1/links/graphql', keys.partner, 103, 'POST'), 100, 'another service too')
  t.equal(await admitted('/v1/media/uploads/1', keys.uploader, 53), 50)
  t.equal(await admitted('/v1/media/presign', keys.uploader, 1, 'POST'), 0, 'reading and writing share it')
  t.equal(
    await admitted('/v1/core/files', keys.partner, 20),
    17,
    '10 seconds later a sixth is back; who is nearly there waits',
  )
  wait(10_000)
  t.equal(await admitted('/v1/media/store-events', keys.store, 120, 'POST'), 120)
  const refused = await fetch(`${url}/v1/media/uploads/1`, { headers: bearer(keys.uploader) })
  t.equal(refused.status, 200)
  await admitted('/v1/media/uploads/1', keys.uploader, 20)
  const last = await fetch(`${url}/v1/media/uploads/1`, { headers: bearer(keys.uploader) })
  t.equal(last.status, 429)
  t.equal(last.headers.get('retry-after'), '2')
  t.match(await last.json(), { status: 429, title: 'Too Many Requests', instance: '/v1/media/uploads/1' })
})

t.test('one address cannot try keys without end', async t => {
  const { url } = await startGateway(t, { env: { ADDRESS_LIMIT: '10', ADDRESS_BURST: '20' } })
  const statuses: number[] = []
  for (let index = 0; index < 25; index++)
    statuses.push((await fetch(`${url}/v1/core/x`, { headers: bearer('glm_no') })).status)
  t.same(
    [statuses.filter(status => status === 401).length, statuses.filter(status => status === 429).length],
    [20, 5],
  )
})

t.test('an API key buys a token, which passes like the key', async t => {
  const { url, keys, received } = await startGateway(t)
  const bought = await fetch(`${url}/v1/core/tokens`, { method: 'POST', headers: bearer(keys.viewer) })
  const { access_token: token } = (await bought.json()) as { access_token: string }
  t.equal((await fetch(`${url}/v1/core/files`, { headers: bearer(token) })).status, 200)
  t.equal(received[0]?.headers.authorization, `Bearer ${token}`)
  t.equal((await fetch(`${url}/v1/media/uploads/1`, { headers: bearer(token) })).status, 403)
})

t.test('browsers may ask from anywhere, or from where the environment says', async t => {
  const preflight = {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    },
  }
  const open = await startGateway(t)
  const answer = await fetch(`${open.url}/v1/core/tokens`, preflight)
  t.equal(answer.status, 200)
  t.equal(answer.headers.get('access-control-allow-origin'), '*')
  t.match(answer.headers.get('access-control-allow-headers'), /Authorization/)
  const narrow = await startGateway(t, { env: { CORS_ORIGIN: 'https://other.example' } })
  t.equal(
    (await fetch(`${narrow.url}/v1/core/x`, preflight)).headers.get('access-control-allow-origin'),
    null,
  )
  t.equal(open.received.length + narrow.received.length, 0)
})

t.test('operators see Traefik’s metrics and a ping, on a port of their own', async t => {
  const { url, opsUrl, lines } = await startGateway(t)
  await (await fetch(`${url}/v1/core/health`)).text()
  t.equal(await (await fetch(`${opsUrl}/ping`)).text(), 'OK')
  const text = await (await fetch(`${opsUrl}/metrics`)).text()
  t.match(
    text,
    /traefik_service_requests_total\{code="200",method="GET",protocol="http",service="core@file"\} 1/,
  )
  t.equal((await fetch(`${url}/ping`)).status, 404)
  const internal = (line: LogLine) => line.fields.entryPointName === 'ops'
  t.equal(lines.filter(internal).length, 0, 'which is not worth a log line')
})

t.test('an ambiguous request is refused before anything else', async t => {
  const { port, received } = await startGateway(t)
  for (const target of [
    '/v1/core/%2e%2e%2fadmin',
    '/v1/core/a%2Fb',
    '/v1/core/a%00',
    '/v1/core/a\\b',
    '/l/%252e',
  ])
    t.equal(statusOf(await sendRaw(port, rawRequest(target))), 400, target)
  t.equal(received.length, 0)
})
