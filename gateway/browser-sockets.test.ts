/** A WebSocket as a browser opens it, through the route files: in gateway/router, and in the real Traefik where there is one. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { findTraefik, startTraefik } from './parity/traefik.ts'
import { rawRequest, sendRaw } from './router/test-router.ts'
import { bearer, startGateway } from './test-gateway.ts'

const path = '/v1/links/graphql'

/** Takes every handshake with the first protocol it is offered, and says goodbye. */
async function startSocketService(t: Test) {
  const handshakes: IncomingMessage[] = []
  const server = createServer((_request, response) => response.writeHead(404).end())
  server.on('upgrade', (request, socket) => {
    handshakes.push(request)
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const [chosen] = String(request.headers['sec-websocket-protocol'] ?? '').split(',')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}\r\n${chosen ? `Sec-WebSocket-Protocol: ${chosen}\r\n` : ''}\r\n`,
    )
    socket.end(Buffer.from([0x88, 0x02, 0x03, 0xe8]))
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, handshakes }
}

type Gateway = Awaited<ReturnType<typeof startGateway>>

async function tokenOf({ url, keys }: Gateway): Promise<string> {
  const answer = await fetch(`${url}/v1/core/tokens`, {
    method: 'POST',
    headers: { ...bearer(keys.partner), 'content-type': 'application/json' },
    body: '{"scopes":["links:read"]}',
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

/** The protocol that was agreed on; undefined: the handshake was refused. */
async function open(port: number, protocols: string[], target = path): Promise<string | undefined> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${target}`, protocols)
  const closed = once(socket, 'close')
  const opened = await Promise.race([once(socket, 'open').then(() => true), closed.then(() => false)])
  await closed
  return opened ? socket.protocol : undefined
}

async function check(t: Test, port: number, gateway: Gateway, handshakes: IncomingMessage[]): Promise<void> {
  const token = await tokenOf(gateway)
  const key = String(gateway.keys.partner)
  const bearerOf = (credential: string) => `glimmr.bearer.${credential}`
  t.equal(await open(port, ['graphql-transport-ws', bearerOf(token)]), 'graphql-transport-ws')
  t.equal(await open(port, [bearerOf(token), 'graphql-ws', 'other']), 'graphql-ws', 'wherever it stands')
  t.same(
    handshakes.map(({ headers }) => headers['sec-websocket-protocol']),
    ['graphql-transport-ws', 'graphql-ws, other'],
    'the service is offered the other protocols alone',
  )
  for (const { headers } of handshakes) {
    t.match(headers['x-auth-subject'], /^key:/)
    t.match(headers.authorization, /^Bearer eyJ/)
  }
  const served = handshakes.length
  const refused: [string, string[]][] = [
    ['no token', ['graphql-transport-ws']],
    ['an API key', ['graphql-transport-ws', bearerOf(key)]],
    ['a token that was changed', ['graphql-transport-ws', bearerOf(`${token.slice(0, -4)}AAAA`)]],
    ['nothing behind the prefix', ['graphql-transport-ws', 'glimmr.bearer.']],
    ['two tokens', ['graphql-transport-ws', bearerOf(token), 'glimmr.bearer.x']],
  ]
  for (const [name, protocols] of refused) t.equal(await open(port, protocols), undefined, name)
  t.equal(await open(port, ['graphql-transport-ws'], `${path}?token=${token}`), undefined, 'in a query')
  t.equal(handshakes.length, served)
  const handshake = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ]
  const both = await sendRaw(
    port,
    rawRequest(path, [
      ...handshake,
      `Authorization: Bearer ${token}`,
      `Sec-WebSocket-Protocol: a, ${bearerOf(token)}`,
    ]),
  )
  t.match(both, /^HTTP\/1\.1 401 [\s\S]*one credential/)
  const apiKey = await sendRaw(port, rawRequest(path, [`Sec-WebSocket-Protocol: a, ${bearerOf(key)}`]))
  t.match(apiKey, /^HTTP\/1\.1 401 [\s\S]*POST \/v1\/core\/tokens/, 'which says what to do')
  const lines = await sendRaw(
    port,
    rawRequest(path, [
      ...handshake,
      'Sec-WebSocket-Protocol: a',
      `Sec-WebSocket-Protocol: ${bearerOf(token)}`,
    ]),
  )
  t.match(lines, /^HTTP\/1\.1 101 [\s\S]*Sec-WebSocket-Protocol: a\r\n/i, 'on two lines')
  t.notMatch(handshakes.map(({ rawHeaders }) => rawHeaders.join('\n')).join('\n'), /glimmr\.bearer/)
}

t.test('gateway/router: a token among the sub-protocols opens a WebSocket, and ends there', async t => {
  const { url, handshakes } = await startSocketService(t)
  const gateway = await startGateway(t, { env: { LINKS_URL: url } })
  await check(t, gateway.port, gateway, handshakes)
  t.notMatch(JSON.stringify(gateway.lines), /glimmr\.bearer|eyJ/, 'nor does it reach the log')
})

const binary = findTraefik(process.env)

t.test(
  'Traefik: the same',
  { skip: binary ? false : 'SKIPPED: no Traefik here: scripts/build-traefik.sh builds it where there is Go' },
  async t => {
    const { url, handshakes } = await startSocketService(t)
    const gateway = await startGateway(t, { overHttp: true })
    const traefik = await startTraefik({
      binary: String(binary),
      folder: fileURLToPath(new URL('../traefik', import.meta.url)),
      env: { ...gateway.urls, LINKS_URL: url },
    })
    t.teardown(() => traefik.close())
    await check(t, Number(traefik.ports.web), gateway, handshakes)
    t.match(traefik.log(), /"RequestPath":"\/v1\/links\/graphql"/)
    t.notMatch(traefik.log(), /glimmr\.bearer|eyJ\w+\.\w+\.\w{20}/, 'nor does it reach the log')
  },
)
