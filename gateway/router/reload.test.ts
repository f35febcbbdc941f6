/** Route files that change while requests come. */
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { connect } from 'node:tls'
import t from 'tap'
import { Pool } from 'undici'
import { echo, simpleRoute, startEcho, startServer, startTestRouter } from './test-router.ts'
import { selfSigned } from './tls/self-signed.ts'

const routes = (url: string, version: number) => `
http:
  routers: { all: { rule: PathPrefix(\`/\`), middlewares: [mark, again], service: back } }
  middlewares:
    mark: { headers: { customResponseHeaders: { X-Version: '${version}' } } }
    again: { retry: { attempts: 2 } }
  services: { back: { loadBalancer: { servers: [{ url: '${url}' }] } } }
`

/** The same routes, told in other words. */
const changed = (dynamic: string) => dynamic.replace('PathPrefix(`/`)', 'PathPrefix(`/`) || Path(`/other`)')

for (const way of ['proxied', 'in this process'])
  t.test(`no request is lost while files change again and again (${way})`, async t => {
    const { url } = await startEcho(t)
    const server = way === 'proxied' ? url : 'http://back:1'
    const mounts = { 'http://back:1': { routing: echo() } }
    const {
      url: gateway,
      router,
      dynamicFile,
    } = await startTestRouter(t, { dynamic: routes(server, 0), mounts })
    const client = new Pool(gateway, { connections: 8 })
    t.teardown(() => client.close())
    let version = 0
    let ending = false
    let answered = 0
    const wrong: string[] = []
    const worker = async () => {
      while (!ending) {
        const before = version
        const { statusCode, headers, body } = await client.request({
          method: 'POST',
          path: '/x',
          body: 'all of it',
        })
        const text = await body.text()
        answered++
        if (statusCode !== 200 || !text.includes('all of it')) wrong.push(`${statusCode} ${text}`)
        // Whoever asks after a reload is served by it.
        if (Number(headers['x-version']) < before)
          wrong.push(`version ${headers['x-version']} after ${before}`)
      }
    }
    const working = Array.from({ length: 8 }, worker)
    for (let change = 1; change <= 25; change++) {
      const until = answered + 20
      while (answered < until) await new Promise(resolve => setImmediate(resolve))
      writeFileSync(dynamicFile, routes(server, change))
      t.equal(router.reload(), true)
      version = change
    }
    ending = true
    await Promise.all(working)
    t.same(wrong, [])
    t.ok(answered >= 500)
  })

t.test('certificates change with the files, and TLS may come and go on an open port', async t => {
  const mounts = { 'http://back:1': { routing: echo() } }
  const files = (tls: string, certificates = '') =>
    `http:\n  routers: { all: { rule: PathPrefix(\`/\`), service: back${tls} } }\n  services: { back: { loadBalancer: { servers: [{ url: 'http://back:1' }] } } }\n${certificates}`
  const withCertificate = (name: string) => {
    const { cert, key } = selfSigned([name])
    return files(
      ', tls: {}',
      `tls: { certificates: [{ certFile: ${JSON.stringify(cert)}, keyFile: ${JSON.stringify(key)} }] }`,
    )
  }
  const { port, url, router, dynamicFile } = await startTestRouter(t, { dynamic: files(''), mounts })
  const subject = () =>
    new Promise<string>((resolve, reject) => {
      const options = { port, host: '127.0.0.1', servername: 'a.example', rejectUnauthorized: false }
      const socket = connect(options, () => {
        resolve(String(socket.getPeerX509Certificate()?.subject))
        socket.destroy()
      })
      socket.on('error', reject)
    })
  t.equal((await fetch(url)).status, 200)
  for (const name of ['a.example', '*.example']) {
    writeFileSync(dynamicFile, withCertificate(name))
    t.equal(router.reload(), true)
    t.equal(await subject(), `CN=${name}`)
    t.equal((await fetch(url)).status, 404, 'a TLS router serves no plain request')
  }
  writeFileSync(dynamicFile, files(''))
  t.equal(router.reload(), true)
  t.equal((await fetch(url)).status, 200)
  await t.rejects(subject())
})

t.test('a broken change takes no server out of the figures', async t => {
  const { url } = await startEcho(t)
  const { router, dynamicFile } = await startTestRouter(t, { dynamic: routes(url, 0) })
  const shown = () => router.metricsText().match(/^traefik_service_server_up.*$/gm)
  const before = [`traefik_service_server_up{service="back@file",url="${url}"} 1`]
  t.same(shown(), before)
  writeFileSync(dynamicFile, routes('http://other:1', 1).replace('attempts: 2', 'attempts: two'))
  t.equal(router.reload(), false)
  t.same(shown(), before)
  writeFileSync(dynamicFile, routes('http://other:1', 1))
  t.equal(router.reload(), true)
  t.same(shown(), ['traefik_service_server_up{service="back@file",url="http://other:1"} 1'])
})

t.test('a WebSocket that nobody ends does not keep the router from closing', async t => {
  const mounts = {
    'http://back:1': {
      routing: echo(),
      upgrade: (_request: unknown, socket: Duplex) =>
        void socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
        ),
    },
  }
  const { port, router } = await startTestRouter(t, {
    dynamic: routes('http://back:1', 0),
    entryPoint: '    transport: { lifeCycle: { graceTimeOut: 100ms } }',
    mounts,
  })
  const socket = connectPlain(port, '127.0.0.1')
  const opened = new Promise(resolve => socket.once('data', resolve))
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.on('error', () => {})
  socket.write(
    'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n',
  )
  t.match(String(await opened), /^HTTP\/1\.1 101/)
  await router.close()
  await closed
  t.pass('closed within the grace time')
})

t.test(
  'changed files take effect without a restart; broken ones leave the last good ones in force and say so',
  async t => {
    const { url: a } = await startServer(t, (_request, response) => void response.end('a'))
    const { url: b } = await startServer(t, (_request, response) => void response.end('b'))
    const { url, dynamicFile, lines, router } = await startTestRouter(t, { dynamic: simpleRoute(a) })
    const ask = async () => (await fetch(url)).text()
    const said = async (pattern: RegExp) => {
      for (let waited = 0; waited < 5000; waited += 5) {
        if (lines.some(line => pattern.test(line.message ?? ''))) return
        await wait(5)
      }
      t.fail(`nothing said ${pattern}`)
    }
    t.equal(await ask(), 'a')
    writeFileSync(dynamicFile, simpleRoute(b))
    await said(/reloaded/)
    t.equal(await ask(), 'b')
    writeFileSync(dynamicFile, simpleRoute(b).replace('rule:', 'rules:'))
    await said(/broken: the last good ones/)
    t.match(lines.find(line => line.level === 'error')?.fields.faults, [
      { line: 3, key: 'http.routers.all.rule', message: 'is missing' },
      { line: 4, key: 'http.routers.all.rules', message: 'this router does not know this key' },
    ])
    t.equal(await ask(), 'b')
    t.match(router.metricsText(), /traefik_config_reloads_total 3/)
  },
)

t.test('requests under way when files change or the router closes are finished', async t => {
  let release = () => {}
  let arrived = () => {}
  const { url: back } = await startServer(t, (_request, response) => {
    release = () => response.end('done')
    arrived()
  })
  const started = () =>
    new Promise<void>(resolve => {
      arrived = resolve
    })
  const { url, router, dynamicFile } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  let reached = started()
  const first = fetch(url)
  await reached
  writeFileSync(dynamicFile, changed(simpleRoute(back)))
  t.equal(router.reload(), true)
  release()
  t.equal(await (await first).text(), 'done')
  reached = started()
  const second = fetch(url)
  await reached
  const closing = router.close()
  release()
  t.equal(await (await second).text(), 'done')
  await closing
  await t.rejects(fetch(url), 'and nothing more is taken')
})

t.test('a request that has not come to its service yet when files change is served all the same', async t => {
  const { url: back } = await startEcho(t)
  const asked: (() => void)[] = []
  const { url: auth } = await startServer(t, (_request, response) => {
    asked.push(() => response.end())
  })
  const dynamic = `
http:
  routers: { all: { rule: PathPrefix(\`/\`), middlewares: [auth, again], service: back } }
  middlewares:
    auth: { forwardAuth: { address: '${auth}/verify' } }
    again: { retry: { attempts: 2 } }
  services: { back: { loadBalancer: { servers: [{ url: '${back}' }] } } }
`
  const { url, router, dynamicFile } = await startTestRouter(t, { dynamic })
  const answers = [fetch(url), fetch(url)]
  while (asked.length < 2) await new Promise(resolve => setImmediate(resolve))
  writeFileSync(dynamicFile, changed(dynamic))
  t.equal(router.reload(), true)
  // Time enough for connections to be closed that nobody seems to use.
  await wait(50)
  for (const answer of asked) answer()
  for (const answer of answers) t.equal((await answer).status, 200)
})

t.test('files that say what they said before change nothing: a limit goes on counting', async t => {
  const { url: back } = await startEcho(t)
  const limited = simpleRoute(back, 'few: { rateLimit: { average: 1, period: 1h, burst: 2 } }', ['few'])
  const { url, router, dynamicFile, lines } = await startTestRouter(t, { dynamic: limited })
  const ask = async () => (await fetch(url)).status
  const reloads = () => /traefik_config_reloads_total (\d+)/.exec(router.metricsText())?.[1]
  t.same([await ask(), await ask(), await ask()], [200, 200, 429])
  for (const same of [limited, `# a comment\n${limited}`]) {
    writeFileSync(dynamicFile, same)
    t.equal(router.reload(), true)
    t.equal(await ask(), 429)
    t.equal(reloads(), '1')
  }
  writeFileSync(dynamicFile, limited.replace('rule:', 'rules:'))
  t.equal(router.reload(), false)
  writeFileSync(dynamicFile, limited)
  t.equal(router.reload(), true)
  t.ok(lines.some(({ message }) => message === 'route files are the last good ones again'))
  t.equal(await ask(), 429)
  writeFileSync(dynamicFile, changed(limited))
  t.equal(router.reload(), true)
  t.equal(await ask(), 200)
})

t.test('a certificate that is renewed under its path is a change', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'glimmr-certificates-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [certFile, keyFile] = [join(folder, 'a.pem'), join(folder, 'a.key')]
  const renew = () => {
    const { cert, key } = selfSigned(['a.example'])
    writeFileSync(certFile, cert)
    writeFileSync(keyFile, key)
    return new X509Certificate(cert).fingerprint256
  }
  const first = renew()
  const dynamic = `${simpleRoute('http://back:1')}tls: { certificates: [{ certFile: ${certFile}, keyFile: ${keyFile} }] }\n`
  const { port, router } = await startTestRouter(t, {
    dynamic: dynamic.replace('service: back', 'tls: {}\n      service: back'),
    mounts: { 'http://back:1': { routing: echo() } },
  })
  const shown = () =>
    new Promise<string | undefined>((resolve, reject) => {
      const options = { port, host: '127.0.0.1', servername: 'a.example', rejectUnauthorized: false }
      const socket = connect(options, () => {
        resolve(socket.getPeerX509Certificate()?.fingerprint256)
        socket.destroy()
      })
      socket.on('error', reject)
    })
  t.equal(await shown(), first)
  const second = renew()
  t.not(second, first)
  t.equal(router.reload(), true)
  t.equal(await shown(), second)
})
