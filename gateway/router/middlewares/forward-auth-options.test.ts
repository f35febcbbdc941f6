/** What forwardAuth can be told beyond its address; gateway/parity compares each with Traefik. */
import t, { type Test } from 'tap'
import { type Seen, startEcho, startServer, startTestRouter } from '../test-router.ts'

type Said = { status: number; headers: Record<string, string | string[]> }

async function start(t: Test, options: string, said: Said) {
  const asked: { method: string; body: string; headers: Record<string, unknown> }[] = []
  const { url: auth } = await startServer(t, (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', text => {
      body += text
    })
    request.on('end', () => {
      asked.push({ method: String(request.method), body, headers: request.headers })
      response.writeHead(said.status, said.headers).end()
    })
  })
  const { url: back, seen } = await startEcho(t)
  const { url, lines } = await startTestRouter(t, {
    dynamic: `
http:
  routers: { all: { rule: PathPrefix(\`/\`), middlewares: [auth, cookies], service: back } }
  middlewares:
    auth: { forwardAuth: { address: '${auth}/verify', ${options} } }
    cookies: { headers: { customResponseHeaders: { Set-Cookie: 'session=own' } } }
  services: { back: { loadBalancer: { servers: [{ url: '${back}' }] } } }
`,
  })
  return { url, asked, seen, auth, lines }
}

t.test('cookies of auth take the place of the service’s, those that are named', async t => {
  const said = { status: 200, headers: { 'set-cookie': ['session=new; HttpOnly', 'other=1'] } }
  const { url } = await start(t, 'addAuthCookiesToResponse: [session]', said)
  t.same((await fetch(url)).headers.getSetCookie(), ['session=new; HttpOnly'])
  const without = await start(t, 'trustForwardHeader: false', said)
  t.same((await fetch(without.url)).headers.getSetCookie(), ['session=own'])
})

t.test('a refusal keeps its cookies apart, and its address counts from auth', async t => {
  const said = {
    status: 307,
    headers: { 'set-cookie': ['a=1', 'b=2'], location: '/sign-in?back=1' },
  }
  const { url, auth } = await start(t, 'trustForwardHeader: false', said)
  const answer = await fetch(url, { redirect: 'manual' })
  t.same(answer.headers.getSetCookie(), ['a=1', 'b=2'])
  t.equal(answer.headers.get('location'), `${auth}/sign-in?back=1`)
  const kept = await start(t, 'preserveLocationHeader: true', said)
  t.equal((await fetch(kept.url, { redirect: 'manual' })).headers.get('location'), '/sign-in?back=1')
})

t.test('who is not known is sent to where one signs in; who may not pass is not', async t => {
  const signin = 'authSigninURL: "https://login.example/"'
  const { url } = await start(t, signin, { status: 401, headers: {} })
  const answer = await fetch(url, { redirect: 'manual' })
  t.equal(answer.status, 302)
  t.equal(answer.headers.get('location'), 'https://login.example/')
  const forbidden = await start(t, signin, { status: 403, headers: {} })
  t.equal((await fetch(forbidden.url)).status, 403)
})

t.test('auth is shown the body, whole, and the service gets it after', async t => {
  const { url, asked, seen } = await start(t, 'forwardBody: true, maxBodySize: 10', {
    status: 200,
    headers: {},
  })
  const send = (body: string | ReadableStream) =>
    fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit)
  const answer = (await (await send('0123456789')).json()) as Seen
  t.equal(answer.body, '0123456789')
  t.equal(asked[0]?.body, '0123456789')
  t.equal((await send('0123456789x')).status, 401, 'too large, announced')
  const chunked = new Blob(['0123456789x']).stream()
  t.equal((await send(chunked)).status, 401, 'too large, in chunks')
  t.same([asked.length, seen.length], [1, 1], 'nobody is asked about those')
})

t.test('what it cannot do for an app of this process is said at the start', async t => {
  const mounts = {
    'http://auth:1': { routing: () => {}, verify: () => ({ status: 200, headers: {}, body: '' }) },
  }
  const dynamic = `
http:
  routers: { all: { rule: PathPrefix(\`/\`), middlewares: [auth], service: back } }
  middlewares: { auth: { forwardAuth: { address: 'http://auth:1/', forwardBody: true } } }
  services: { back: { loadBalancer: { servers: [] } } }
`
  await t.rejects(startTestRouter(t, { dynamic, mounts }), { message: /does not look at bodies/ })
  const tls = dynamic.replace('forwardBody: true', 'tls: { ca: /none/ca.pem }')
  await t.rejects(startTestRouter(t, { dynamic: tls }), { message: /ENOENT.*ca\.pem/ })
})

t.test('whatever the expression matches is said by auth alone, however it is written', async t => {
  const names = ['x-hasura-role', 'x-hasura', 'x-hasuraaa-id', 'y-role', 'z-x-hasura-role']
  const sent = Object.fromEntries(names.map(name => [name, 'forged']))
  const said = { status: 200, headers: { 'x-hasura-role': 'viewer', 'z-role': '1' } }
  const expressions: Record<string, string[]> = {
    '^X-Hasura-': ['x-hasura-role'],
    '^X-Hasura-?': ['x-hasura-role', 'x-hasura', 'x-hasuraaa-id'],
    '^X-Hasura+-': ['x-hasura-role', 'x-hasuraaa-id'],
    '^X-Hasura-.*|^Y-': ['x-hasura-role', 'y-role'],
    '^(X-Hasura|Y)-': ['x-hasura-role', 'y-role'],
    '(?i)^x-hasura-': ['x-hasura-role'],
    'Hasura-Role$': ['x-hasura-role', 'z-x-hasura-role'],
    '^x-hasura-': [],
  }
  for (const [expression, copied] of Object.entries(expressions)) {
    const { url } = await start(t, `authResponseHeadersRegex: '${expression}'`, said)
    const { headers } = (await (await fetch(url, { headers: sent })).json()) as Seen
    for (const name of names) {
      const wanted = !copied.includes(name) ? 'forged' : name === 'x-hasura-role' ? 'viewer' : undefined
      t.equal(headers[name], wanted, `${expression} ${name}`)
    }
    t.equal(headers['z-role'], undefined)
  }
})
