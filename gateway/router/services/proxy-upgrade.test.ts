/** Handshakes are balanced, retried and watched as other requests are. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import t from 'tap'
import { sendRaw, startTestRouter, statusOf } from '../test-router.ts'
import { startRaw } from '../upstream/test-answers.ts'
import { routesTo, until } from './test-services.ts'

const asked = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const joined = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
// Nobody listens there.
const away = 'http://127.0.0.1:1'

/** Joins, says `word` and ends. */
async function startJoining(t: { teardown(handler: () => unknown): void }, word = 'frame') {
  const server = createServer().on('upgrade', (_request, socket) => {
    socket.on('error', () => {}).end(`${joined}Set-Cookie: own=1\r\n\r\n${word}`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const balanced = (urls: string[], more = '') =>
  routesTo(`top: { loadBalancer: { servers: [${urls.map(url => `{ url: '${url}' }`)}]${more} } }`)

t.test('a handshake is told its cookie, and with it comes back to its server', async t => {
  const urls = [await startJoining(t, 'frame a'), await startJoining(t, 'frame b')]
  const { port } = await startTestRouter(t, {
    dynamic: balanced(urls, ', sticky: { cookie: { name: stick } }'),
  })
  const first = await sendRaw(port, asked)
  t.match(first, /^HTTP\/1\.1 101 .+\r\nSet-Cookie: stick=[0-9a-f]{16}; Path=\/\r\n.+Set-Cookie: own=1\r\n/s)
  const cookie = /stick=[0-9a-f]+/.exec(first)?.[0]
  for (let count = 0; count < 3; count++) {
    const again = await sendRaw(port, asked.replace('Host', `Cookie: ${cookie}\r\nHost`))
    t.equal(again.slice(-7), first.slice(-7))
    t.notMatch(again, 'stick=')
  }
})

t.test(
  'a handshake is retried: at another server where one is away, and after a status that the file names',
  async t => {
    const url = await startJoining(t)
    let refusals = 0
    const busy = await startRaw(t, socket => {
      socket.end(
        refusals++ % 2 === 0 ? 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy' : `${joined}\r\nframe`,
      )
    })
    for (const [urls, status] of [
      [[away, url], ''],
      [[`http://127.0.0.1:${busy}`], ", status: ['503']"],
    ] as const) {
      const dynamic = `
http:
  routers: { all: { rule: PathPrefix(\`/\`), middlewares: [again], service: top } }
  middlewares: { again: { retry: { attempts: 3${status} } } }
  services: { top: { loadBalancer: { servers: [${urls.map(one => `{ url: '${one}' }`)}] } } }
`
      const { port, lines } = await startTestRouter(t, { dynamic })
      for (let count = 0; count < 4; count++) {
        const answer = await sendRaw(port, asked)
        t.equal(statusOf(answer), 101)
        t.match(answer, /\r\n\r\nframe$/)
        t.notMatch(answer, '503')
      }
      t.ok(lines.some(({ fields }) => fields.RetryAttempts === 1))
    }
  },
)

t.test('handshakes that fail count against their server', async t => {
  const url = await startJoining(t)
  const { port } = await startTestRouter(t, {
    dynamic: balanced([away, url], ', passiveHealthCheck: { failureWindow: 1h, maxFailedAttempts: 1 }'),
  })
  const seen: number[] = []
  for (let count = 0; count < 5; count++) seen.push(statusOf(await sendRaw(port, asked)))
  t.same(seen, [502, 101, 101, 101, 101])
})

t.test('a client that leaves before it has an answer ends its handshake', async t => {
  let open = 0
  const silent = await startRaw(t, socket => {
    open++
    socket.on('error', () => {}).on('close', () => open--)
    socket.on('end', () => socket.end())
  })
  const { port, lines } = await startTestRouter(t, { dynamic: balanced([`http://127.0.0.1:${silent}`]) })
  for (const way of ['end', 'resetAndDestroy'] as const) {
    lines.length = 0
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(asked)
    t.ok(await until(() => open === 1))
    socket[way]()
    t.ok(await until(() => open === 0), way)
    t.ok(await until(() => lines.some(({ message }) => message === 'request')))
  }
})

t.test('what a client says before it has an answer is kept for the server', async t => {
  let answer = () => {}
  const slow = await startRaw(t, socket => {
    answer = () => {
      socket.write(`${joined}\r\n`)
      socket.pipe(socket)
    }
    asks()
  })
  let asks = () => {}
  const reached = new Promise<void>(resolve => {
    asks = resolve
  })
  const { port } = await startTestRouter(t, { dynamic: balanced([`http://127.0.0.1:${slow}`]) })
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  t.teardown(() => socket.destroy())
  let received = ''
  socket.on('data', text => {
    received += text
  })
  socket.write(asked)
  await reached
  for (const piece of ['one ', 'two ', 'three']) await new Promise(resolve => socket.write(piece, resolve))
  answer()
  t.ok(await until(() => received.endsWith('one two three')), received)
  socket.end()
  await once(socket, 'close')
})
