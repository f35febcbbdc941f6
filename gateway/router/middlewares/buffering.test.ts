import type { IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import {
  bodyOf,
  rawRequest,
  sendRaw,
  simpleRoute,
  startServer,
  startTestRouter,
  statusOf,
} from '../test-router.ts'

type Serve = (request: IncomingMessage, response: ServerResponse, body: string) => void

async function start(t: { teardown(handler: () => unknown): void }, options: string, serve: Serve) {
  const seen: string[] = []
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request
      .on('data', chunk => chunks.push(chunk))
      .on('end', () => {
        const body = Buffer.concat(chunks).toString()
        seen.push(body)
        serve(request, response, body)
      })
  }
  const { url } = await startServer(t, listener)
  const routes = (server: string) => simpleRoute(server, `hold: { buffering: { ${options} } }`, ['hold'])
  const proxied = await startTestRouter(t, { dynamic: routes(url) })
  const mounts = { 'http://back:1': { routing: listener } }
  const direct = await startTestRouter(t, { dynamic: routes('http://back:1'), mounts })
  return { ports: [proxied.port, direct.port], seen }
}

const post = (body: string, headers: string[] = []) =>
  rawRequest('/', [...headers, `Content-Length: ${body.length}`], 'POST') + body

t.test('an answer beyond the bound is 413, however its length is said; a smaller one is whole', async t => {
  const { ports } = await start(t, 'maxResponseBodyBytes: 1000', ({ url = '' }, response) => {
    const [, form, size] = url.split('/')
    const body = 'x'.repeat(Number(size))
    if (form === 'announced') return response.end(body)
    response.writeHead(200, { 'x-head': 'kept' })
    for (let at = 0; at < body.length; at += 100) response.write(body.slice(at, at + 100))
    response.end()
  })
  for (const port of ports)
    for (const form of ['announced', 'streamed']) {
      const small = await sendRaw(port, rawRequest(`/${form}/1000`))
      t.equal(statusOf(small), 200)
      t.equal(bodyOf(small).length, 1000)
      const large = await sendRaw(port, rawRequest(`/${form}/1001`))
      t.equal(statusOf(large), 413)
      t.equal(bodyOf(large), 'Request Entity Too Large')
      t.notMatch(large, /x-head/, 'nothing is left of the answer that was too large')
      t.equal(statusOf(await sendRaw(port, rawRequest(`/${form}/5000`, [], 'HEAD'))), 200)
    }
})

t.test('a request is repeated with its body for as long as the expression says so', async t => {
  let failing = 2
  const { ports, seen } = await start(
    t,
    `retryExpression: 'ResponseCode() == 503 && Attempts() < 4 && RequestMethod() != "PUT"'`,
    (_request, response) => {
      response.statusCode = failing-- > 0 ? 503 : 200
      response.end('done')
    },
  )
  for (const port of ports) {
    failing = 2
    seen.length = 0
    t.equal(statusOf(await sendRaw(port, post('again'))), 200)
    t.same(seen, ['again', 'again', 'again'])
    failing = 9
    seen.length = 0
    t.equal(statusOf(await sendRaw(port, post('never'))), 503)
    t.equal(seen.length, 4)
    failing = 1
    t.equal(statusOf(await sendRaw(port, post('put').replace('POST', 'PUT'))), 503)
    failing = 1
    t.equal(statusOf(await sendRaw(port, rawRequest('/'))), 503, 'without a body there is one attempt')
  }
})

t.test('a chunked body that is too long to be kept still arrives, once and whole', async t => {
  const { ports, seen } = await start(t, 'retryExpression: IsNetworkError()', (_request, response) =>
    response.end('ok'),
  )
  const size = 17 * 2 ** 20
  const head = 'POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
  const bytes = `${head}${size.toString(16)}\r\n${'y'.repeat(size)}\r\n0\r\n\r\n`
  for (const port of ports) {
    t.equal(statusOf(await sendRaw(port, bytes, 10_000)), 200)
    t.equal(seen.at(-1)?.length, size)
  }
})
