import t from 'tap'
import { simpleRoute, startServer, startTestRouter } from '../test-router.ts'
import { chooser } from './balance.ts'
import { createLoadBalancer } from './load-balancer.ts'

const exchange = { client: { address: '10.0.0.1' } } as never
const choices = (weights: number[]) =>
  weights.map((weight, index) => ({ name: `s${index}`, weight, inFlight: 0, averageMs: 0 }))

t.test('round robin keeps to the weights without runs', t => {
  const choose = chooser('wrr')
  const servers = choices([3, 1, 0])
  const order = Array.from({ length: 8 }, () => choose(servers, exchange)?.name.slice(1)).join('')
  t.equal(order, '00100010')
  t.end()
})

t.test('the same client gets the same server, and only clients of a lost one move', t => {
  const choose = chooser('hrw')
  const servers = choices([1, 1, 1, 1])
  const of = (address: string, from = servers) => choose(from, { client: { address } } as never)?.name
  const addresses = Array.from({ length: 400 }, (_, index) => `10.0.${index >> 8}.${index & 255}`)
  const before = addresses.map(address => of(address))
  t.same(new Set(before).size, 4)
  const left = servers.slice(1)
  addresses.forEach((address, index) => {
    if (before[index] !== 's0') t.equal(of(address, left), before[index])
  })
  t.end()
})

t.test('less busy and faster servers are preferred', t => {
  const servers = choices([1, 1])
  const [first, second] = servers
  if (!first || !second) return t.end()
  first.inFlight = 9
  for (let index = 0; index < 10; index++) t.equal(chooser('p2c')(servers, exchange), second)
  first.inFlight = 0
  first.averageMs = 1
  second.averageMs = 100
  t.equal(chooser('leasttime')(servers, exchange), first)
  t.end()
})

t.test('a request whose client has gone makes no server seem busy', t => {
  const asked: string[] = []
  const routing = (request: { url?: string }) => void asked.push(String(request.url))
  const service = createLoadBalancer(
    { servers: ['http://a:1', 'http://b:1'].map(url => ({ url, weight: 1 })), strategy: 'p2c' } as never,
    {
      name: 'back@file',
      mounts: new Map(['http://a:1', 'http://b:1'].map(url => [url, { routing }])),
      onServerState() {},
    } as never,
  )
  service.handle({
    response: { destroyed: true, once: () => t.fail('nothing would tell of its end') },
  } as never)
  t.same(asked, [])
  t.end()
})

const two = (one: string, other: string, more: string) => `
http:
  routers:
    all: { rule: PathPrefix(\`/\`), service: back }
  services:
    back:
      loadBalancer:
        servers: [{ url: '${one}' }, { url: '${other}' }]
        ${more}
`

const named = (name: string, healthy: () => boolean = () => true) =>
  ((request: { url?: string }, response: { writeHead(status: number): { end(text: string): void } }) => {
    const status = healthy() ? 200 : 500
    response.writeHead(request.url === '/live' ? status : 200).end(name)
  }) as never

t.test('a cookie brings the client back to its server', async t => {
  const { url: a } = await startServer(t, named('a'))
  const { url: b } = await startServer(t, named('b'))
  const { url } = await startTestRouter(t, {
    dynamic: two(a, b, 'sticky: { cookie: { name: back, httpOnly: true, sameSite: lax, secure: true } }'),
  })
  const first = await fetch(url)
  const cookie = first.headers.get('set-cookie') ?? ''
  t.match(cookie, /^back=[0-9a-f]{16}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  const name = await first.text()
  for (let index = 0; index < 4; index++) {
    const again = await fetch(url, { headers: { cookie: `x=1; ${cookie.split(';')[0]}` } })
    t.equal(await again.text(), name)
    t.equal(again.headers.get('set-cookie'), null)
  }
})

t.test('a server that fails its health check gets nothing until it is well', async t => {
  let healthy = true
  const { url: a } = await startServer(
    t,
    named('a', () => healthy),
  )
  const { url: b } = await startServer(t, named('b'))
  const { url, lines } = await startTestRouter(t, {
    dynamic: two(a, b, 'healthCheck: { path: /live, interval: 20ms, timeout: 1s }'),
  })
  const state = async (up: boolean) => {
    while (!lines.some(line => line.fields.up === up && line.fields.server === a))
      await new Promise(resolve => setTimeout(resolve, 5))
  }
  healthy = false
  await state(false)
  for (let index = 0; index < 4; index++) t.equal(await (await fetch(url)).text(), 'b')
  healthy = true
  await state(true)
  t.same(new Set([await (await fetch(url)).text(), await (await fetch(url)).text()]), new Set(['a', 'b']))
})

t.test('a server that is away is left out after it failed, and asked again later', async t => {
  let now = 0
  const { url: b } = await startServer(t, named('b'))
  const { url } = await startTestRouter(t, {
    dynamic: two('http://127.0.0.1:1', b, 'passiveHealthCheck: { failureWindow: 10s, maxFailedAttempts: 1 }'),
    now: () => now,
  })
  const ask = async () => (await fetch(url)).status
  const statuses = [await ask(), await ask(), await ask(), await ask()]
  t.equal(statuses.filter(status => status === 502).length, 1)
  now += 11_000
  t.ok([await ask(), await ask()].includes(502))
})

t.test(
  'passively: an answer in between forgives, and what is out is shown as such until it is back',
  async t => {
    let status = 500
    const { url: a } = await startServer(t, (_request, response) => void response.writeHead(status).end('a'))
    const { url, router } = await startTestRouter(t, {
      dynamic: simpleRoute(a).replace(
        'servers:',
        'passiveHealthCheck: { failureWindow: 300ms, maxFailedAttempts: 2 }\n        servers:',
      ),
    })
    const ask = async () => (await fetch(url)).status
    const shown = () => /^traefik_service_server_up\{.*\} (\d)$/m.exec(router.metricsText())?.[1]
    t.equal(await ask(), 500)
    status = 200
    t.equal(await ask(), 200)
    status = 500
    t.same([await ask(), await ask(), await ask()], [500, 500, 503], 'two in a row')
    t.equal(shown(), '0')
    while (shown() === '0') await new Promise(resolve => setTimeout(resolve, 10))
    t.equal(await ask(), 500, 'asked again, without anybody having asked for it')
  },
)

t.test('with both checks, what failed requests is out until the next check is passed', async t => {
  let checks = 0
  const { url: a } = await startServer(t, (request, response) => {
    const check = request.url === '/live'
    if (check) checks++
    response.writeHead(check ? 200 : 500).end()
  })
  const { url, lines } = await startTestRouter(t, {
    dynamic: simpleRoute(a).replace(
      'servers:',
      'passiveHealthCheck: { failureWindow: 1ms }\n        healthCheck: { path: /live, interval: 1s }\n        servers:',
    ),
  })
  while (checks === 0) await new Promise(resolve => setTimeout(resolve, 5))
  t.equal((await fetch(url)).status, 500)
  t.equal((await fetch(url)).status, 503, 'however short the window is')
  while (!lines.some(line => line.fields.up === true)) await new Promise(resolve => setTimeout(resolve, 10))
  t.equal((await fetch(url)).status, 500)
})

t.test('no server: 503; weights over services; the fallback when the main service is down', async t => {
  const { url: a } = await startServer(t, named('a'))
  const { url: b } = await startServer(t, named('b'))
  const { url } = await startTestRouter(t, {
    dynamic: `
http:
  routers:
    none: { rule: Path(\`/none\`), service: none }
    mixed: { rule: Path(\`/mixed\`), service: mixed }
    failover: { rule: Path(\`/failover\`), service: failover }
    errors: { rule: Path(\`/errors\`), service: errors }
  services:
    none: { loadBalancer: { servers: [] } }
    down: { loadBalancer: { servers: [], healthCheck: { path: / } } }
    a: { loadBalancer: { servers: [{ url: '${a}' }] } }
    b: { loadBalancer: { servers: [{ url: '${b}' }] } }
    away: { loadBalancer: { servers: [{ url: 'http://127.0.0.1:1' }] } }
    mixed: { weighted: { services: [{ name: a, weight: 3 }, { name: b }] } }
    failover: { failover: { service: down, fallback: b } }
    errors: { failover: { service: away, fallback: b, errors: { status: ['500-599'] } } }
`,
  })
  const none = await fetch(`${url}/none`)
  t.equal(none.status, 503)
  t.equal(await none.text(), 'no available server\n')
  let answers = ''
  for (let index = 0; index < 8; index++) answers += await (await fetch(`${url}/mixed`)).text()
  t.equal(answers, 'aabaaaba')
  t.equal(await (await fetch(`${url}/failover`)).text(), 'b')
  t.equal(await (await fetch(`${url}/errors`)).text(), 'b')
})

t.test('Host is the client’s, or the server’s when the file says so', async t => {
  const { url: back } = await startServer(t, (request, response) => void response.end(request.headers.host))
  const passed = await startTestRouter(t, { dynamic: simpleRoute(back) })
  t.equal(await (await fetch(passed.url)).text(), new URL(passed.url).host)
  const own = await startTestRouter(t, {
    dynamic: simpleRoute(back).replace('servers:', 'passHostHeader: false\n        servers:'),
  })
  t.equal(await (await fetch(own.url)).text(), new URL(back).host)
})
