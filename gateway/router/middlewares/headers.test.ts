import t from 'tap'
import {
  bodyOf,
  echo,
  rawRequest,
  sendRaw,
  simpleRoute,
  startEcho,
  startServer,
  startTestRouter,
  statusOf,
} from '../test-router.ts'

t.test('request headers are set and removed, in every spelling of their name', async t => {
  const { url: back } = await startEcho(t)
  const { port } = await startTestRouter(t, {
    dynamic: simpleRoute(
      back,
      "h: { headers: { customRequestHeaders: { X-Auth-Subject: '', X-New: yes } } }",
      ['h'],
    ),
    entryPoint: '    http: { underscoreHeadersStrategy: delete }',
  })
  const answer = await sendRaw(
    port,
    rawRequest('/', [
      'x-AUTH-subject: me',
      'X-Auth-Subject: me',
      'X_Auth_Subject: me',
      'x-auth_subject: me',
      'X-New: no',
    ]),
  )
  const { raw } = JSON.parse(bodyOf(answer)) as { raw: string[] }
  t.notMatch(raw.join('\n'), /auth/i)
  t.match(raw.join('\n'), 'X-New\nyes')
})

t.test('response headers are set, removed, and made safe', async t => {
  const { url: back } = await startServer(t, (_request, response) => {
    response.writeHead(200, { server: 'secret/1.0', 'x-powered-by': 'x', vary: 'Accept' })
    response.end('hello')
  })
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute(
      back,
      "h: { headers: { customResponseHeaders: { Server: '', X-Powered-By: '', X-Extra: '1' }, contentTypeNosniff: true, frameDeny: true, referrerPolicy: no-referrer, permissionsPolicy: camera=(), browserXssFilter: true, contentSecurityPolicy: default-src 'none', stsSeconds: 60, forceSTSHeader: true, stsIncludeSubdomains: true, stsPreload: true, addVaryHeader: true } }",
      ['h'],
    ),
  })
  const { headers } = await fetch(url)
  t.equal(headers.get('server'), null)
  t.equal(headers.get('x-powered-by'), null)
  t.match(Object.fromEntries(headers), {
    'x-extra': '1',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-xss-protection': '1; mode=block',
    'referrer-policy': 'no-referrer',
    'permissions-policy': 'camera=()',
    'content-security-policy': "default-src 'none'",
    'strict-transport-security': 'max-age=60; includeSubDomains; preload',
    vary: 'Accept,Origin',
  })
})

t.test('HSTS is not promised over plain HTTP', async t => {
  const { url: back } = await startEcho(t)
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'h: { headers: { stsSeconds: 60, frameDeny: true } }', ['h']),
  })
  t.equal((await fetch(url)).headers.get('strict-transport-security'), null)
})

t.test('a preflight is answered here and never reaches the service', async t => {
  const { url: back, seen } = await startEcho(t)
  const { port } = await startTestRouter(t, {
    dynamic: simpleRoute(
      back,
      'h: { headers: { accessControlAllowOriginList: [https://a.example], accessControlAllowOriginListRegex: ["^https://[a-z]+\\\\.b\\\\.example$"], accessControlAllowMethods: [GET, PUT], accessControlAllowHeaders: [X-Key], accessControlMaxAge: 60, accessControlAllowCredentials: true, accessControlExposeHeaders: [ETag], addVaryHeader: true } }',
      ['h'],
    ),
  })
  const preflight = (origin: string) =>
    sendRaw(port, rawRequest('/x', [`Origin: ${origin}`, 'Access-Control-Request-Method: PUT'], 'OPTIONS'))
  for (const [origin, allowed] of [
    ['https://a.example', true],
    ['https://xy.b.example', true],
    ['https://evil.example', false],
    ['https://xy.b.example.evil', false],
  ] as const) {
    const answer = await preflight(origin)
    t.equal(statusOf(answer), 200)
    t.equal(answer.toLowerCase().includes(`access-control-allow-origin: ${origin}\r\n`), allowed, origin)
    t.match(answer, /access-control-allow-methods: GET,PUT\r\n/i)
    t.match(answer, /access-control-max-age: 60\r\n/i)
  }
  t.equal(seen.length, 0)
  const plain = await sendRaw(port, rawRequest('/x', ['Origin: https://a.example'], 'OPTIONS'))
  t.match(plain, /access-control-allow-origin: https:\/\/a\.example\r\n/i)
  t.match(plain, /access-control-expose-headers: ETag\r\n/i)
  t.equal(seen.length, 1, 'an OPTIONS that is no preflight goes on')
})

t.test('a host that is not on the list is refused', async t => {
  const { url: back, seen } = await startEcho(t)
  const { port } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'h: { headers: { allowedHosts: [api.example] } }', ['h']),
  })
  t.equal(statusOf(await sendRaw(port, rawRequest('/', ['Host: evil.example']))), 500)
  t.equal(seen.length, 0)
  t.equal(statusOf(await sendRaw(port, rawRequest('/', ['Host: api.example']))), 200)
})

t.test('headers of any characters go as the bytes of the file, whoever answers', async t => {
  const { url: back, seen } = await startEcho(t)
  const wanted = 'Zürich — 李'
  const changes = `h: { headers: { customRequestHeaders: { X-A: "${wanted}" }, customResponseHeaders: { X-B: "${wanted}" }, contentSecurityPolicy: "default-src 'self';\\n img-src *" } }`
  const mounts = { 'http://here:1': { routing: echo() } }
  for (const server of [back, 'http://here:1', 'http://127.0.0.1:1']) {
    const { port } = await startTestRouter(t, { dynamic: simpleRoute(server, changes, ['h']), mounts })
    const answer = Buffer.from(await sendRaw(port, rawRequest('/')), 'latin1').toString()
    t.equal(statusOf(answer), server === 'http://127.0.0.1:1' ? 502 : 200)
    t.match(answer, `x-b: ${wanted}\r\n`)
    t.match(answer, "content-security-policy: default-src 'self';  img-src *\r\n")
  }
  t.equal(Buffer.from(String(seen[0]?.headers['x-a']), 'latin1').toString(), wanted)
})

t.test('a header that cannot be sent is a fault of the file', async t => {
  for (const [options, key] of [
    ['customRequestHeaders: { X-A: "b\\r\\nX-C: d" }', /customRequestHeaders.X-A: a header has no control/],
    ['customResponseHeaders: { X-A: "b\\0" }', /customResponseHeaders.X-A: a header has no control/],
    ['customResponseHeaders: { "X A": b }', /customResponseHeaders.X A/],
  ] as const)
    await t.rejects(
      startTestRouter(t, {
        dynamic: simpleRoute('http://127.0.0.1:1', `h: { headers: { ${options} } }`, ['h']),
      }),
      { message: key },
    )
})
