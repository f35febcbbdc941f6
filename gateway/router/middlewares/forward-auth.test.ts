import t from 'tap'
import type { Mount, VerifyRequest } from '../router.ts'
import { echo, type Seen, startEcho, startServer, startTestRouter } from '../test-router.ts'

const routes = (back: string, auth: string, more = '') => `
http:
  routers:
    all: { rule: PathPrefix(\`/\`), middlewares: [auth], service: back }
  middlewares:
    auth:
      forwardAuth:
        address: ${auth}/verify?scope=core:read
        authResponseHeaders: [Authorization, X-Auth-Subject, X-Api-Key]
        authResponseHeadersRegex: ^X-Hasura-
        ${more}
  services:
    back: { loadBalancer: { servers: [{ url: '${back}' }] } }
`

const client = {
  authorization: 'Bearer mine',
  'x-api-key': 'secret',
  'x-auth-subject': 'forged',
  'x-hasura-role': 'admin',
  'x-hasura-user-id': 'forged',
  'x-kept': '1',
}

const admitted = { authorization: 'Bearer internal', 'x-auth-subject': 'key:1', 'x-hasura-role': 'partner' }

t.test('over HTTP: the verdict’s identity replaces the client’s, in every named header', async t => {
  const asked: Seen[] = []
  const { url: auth } = await startServer(t, (request, response) => {
    asked.push({
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      raw: [],
      body: '',
    })
    response.writeHead(200, admitted).end()
  })
  const { url: back } = await startEcho(t)
  const { url } = await startTestRouter(t, {
    dynamic: routes(back, auth, 'authRequestHeaders: [Authorization, X-Hasura-Role]'),
  })
  const { headers } = (await (
    await fetch(`${url}/v1/x?y=1`, { method: 'PUT', headers: client, body: 'b' })
  ).json()) as Seen
  t.match(headers, { ...admitted, 'x-kept': '1' })
  t.equal(headers['x-api-key'], undefined)
  t.equal(headers['x-hasura-user-id'], undefined)
  const [question] = asked
  t.equal(question?.method, 'GET')
  t.equal(question?.url, '/verify?scope=core:read')
  t.match(question?.headers, {
    authorization: 'Bearer mine',
    'x-hasura-role': 'admin',
    'x-forwarded-method': 'PUT',
    'x-forwarded-uri': '/v1/x?y=1',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
  })
  t.equal(question?.headers['x-kept'], undefined, 'only what it was to see')
  t.equal(question?.headers['content-length'], undefined)
})

t.test('in process: the same, by a call', async t => {
  const asked: VerifyRequest[] = []
  const mount: Mount = {
    routing: () => t.fail('not by HTTP'),
    verify: request => {
      asked.push({ ...request, headers: { ...request.headers } })
      return request.headers.authorization === 'Bearer other'
        ? { status: 200, headers: { 'x-auth-subject': 'key:2' }, body: '' }
        : { status: 200, headers: admitted, body: '' }
    },
  }
  const { url } = await startTestRouter(t, {
    dynamic: routes('http://app:1', 'http://auth:3004'),
    mounts: {
      'http://auth:3004': mount,
      'http://app:1': { routing: (request, response) => echo()(request, response as never) },
    },
  })
  const { headers, raw } = (await (await fetch(`${url}/v1/x?y=1`, { headers: client })).json()) as Seen
  t.match(headers, { ...admitted, 'x-kept': '1' })
  t.notMatch(raw.join('\n'), /forged|mine|secret/, 'nor in the raw list')
  t.match(asked[0], {
    address: '/verify?scope=core:read',
    method: 'GET',
    uri: '/v1/x?y=1',
    headers: { authorization: 'Bearer mine' },
  })
  // Said of one client by the same object again, then of another, then of the first.
  for (const [authorization, subject] of [
    ['Bearer mine', 'key:1'],
    ['Bearer other', 'key:2'],
    ['Bearer mine', 'key:1'],
  ] as const) {
    const seen = (await (await fetch(url, { headers: { ...client, authorization } })).json()) as Seen
    t.equal(seen.headers['x-auth-subject'], subject)
    t.equal(seen.headers.authorization, subject === 'key:1' ? 'Bearer internal' : undefined)
    t.equal(seen.headers['x-hasura-role'], subject === 'key:1' ? 'partner' : undefined)
    t.match(seen.headers['x-request-id'], /^[0-9a-f-]{36}$/)
  }
})

t.test('a refusal is the client’s answer, as it is', async t => {
  const { url: auth } = await startServer(t, (_request, response) => {
    response.writeHead(403, { 'content-type': 'application/problem+json', 'www-authenticate': 'Bearer x' })
    response.end('{"status":403}')
  })
  const { url: back, seen } = await startEcho(t)
  const { url } = await startTestRouter(t, { dynamic: routes(back, auth, 'maxResponseBodySize: 100') })
  const answer = await fetch(url)
  t.equal(answer.status, 403)
  t.equal(answer.headers.get('content-type'), 'application/problem+json')
  t.equal(answer.headers.get('www-authenticate'), 'Bearer x')
  t.same(await answer.json(), { status: 403 })
  t.equal(seen.length, 0)
})

t.test('no verdict is no admission: away, too large, or failing', async t => {
  const { url: back, seen } = await startEcho(t)
  const away = await startTestRouter(t, { dynamic: routes(back, 'http://127.0.0.1:1') })
  t.equal((await fetch(away.url)).status, 500)
  const { url: talkative } = await startServer(t, (_request, response) => void response.end('x'.repeat(200)))
  const large = await startTestRouter(t, { dynamic: routes(back, talkative, 'maxResponseBodySize: 100') })
  t.equal((await fetch(large.url)).status, 401)
  for (const verify of [
    () => {
      throw new Error('boom')
    },
    () => Promise.reject(new Error('boom')),
  ]) {
    const broken = await startTestRouter(t, {
      dynamic: routes(back, 'http://auth:3004'),
      mounts: { 'http://auth:3004': { routing: () => {}, verify } },
    })
    t.equal((await fetch(broken.url)).status, 500)
  }
  t.equal(seen.length, 0)
})
