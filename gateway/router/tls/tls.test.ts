/** TLS at the router: which certificate, which options, and what is plain HTTP. */
import { X509Certificate } from 'node:crypto'
import { type AddressInfo, connect as connectPlain, createServer } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import { echo, rawRequest, sendRaw, startTestRouter, statusOf } from '../test-router.ts'
import { readClientHello } from './client-hello.ts'
import { selfSigned } from './self-signed.ts'

const pem = (text: string) => JSON.stringify(text)
const certificate = ({ cert, key }: { cert: string; key: string }) =>
  `{ certFile: ${pem(cert)}, keyFile: ${pem(key)} }`

const one = selfSigned(['one.example'])
const wild = selfSigned(['*.wild.example'])
const fallback = selfSigned(['fallback.example'])

const dynamic = (more = '') => `
http:
  routers:
    secure: { rule: PathPrefix(\`/\`), entryPoints: [websecure], tls: {}, service: back }
    strict: { rule: 'Host(\`modern.example\`)', entryPoints: [websecure], tls: { options: modern }, service: back }
    both: { rule: PathPrefix(\`/plain\`), entryPoints: [websecure], middlewares: [hsts], service: back }
    hsts: { rule: PathPrefix(\`/hsts\`), entryPoints: [websecure], tls: {}, middlewares: [hsts], service: back }
  middlewares:
    hsts: { headers: { stsSeconds: 60, stsIncludeSubdomains: true, stsPreload: true } }
  services:
    back: { loadBalancer: { servers: [{ url: 'http://back:1' }] } }
tls:
  certificates: [${certificate(one)}, ${certificate(wild)}]
  options: { modern: { minVersion: VersionTLS13 }${more} }
  stores: { default: { defaultCertificate: ${certificate(fallback)} } }
`
const entryPoints = `  websecure:
    address: "127.0.0.1:0"`
const entryPoint = `    http:
      redirections: { entryPoint: { to: websecure } }`

const mounts = { 'http://back:1': { routing: (a: never, b: never) => echo()(a, b) } }
type Tap = { teardown(handler: () => unknown): void }

async function start(t: Tap, more?: string) {
  const router = await startTestRouter(t, { dynamic: dynamic(more), entryPoint, entryPoints, mounts })
  return { ...router, securePort: Number(router.ports.websecure) }
}

type Answer = { subject: string; text: string; protocol: string | null }

function ask(port: number, options: ConnectionOptions, request = rawRequest('/x')): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket: TLSSocket = connect(
      { port, host: '127.0.0.1', rejectUnauthorized: false, ...options },
      () => {
        const { raw } = socket.getPeerX509Certificate() ?? {}
        const subject = raw ? new X509Certificate(raw).subject : ''
        const protocol = socket.getProtocol()
        socket.on('end', () => resolve({ subject, text, protocol }))
        socket.write(request)
      },
    )
    socket.setEncoding('latin1').on('data', chunk => {
      text += chunk
    })
    socket.on('error', reject)
  })
}

t.test('the certificate is that of the name asked for: exact, wildcard, or the default', async t => {
  const { securePort } = await start(t)
  for (const [servername, subject] of [
    ['one.example', 'CN=one.example'],
    ['ONE.example', 'CN=one.example'],
    ['a.wild.example', 'CN=*.wild.example'],
    ['a.b.wild.example', 'CN=fallback.example'],
    ['other.example', 'CN=fallback.example'],
    ['', 'CN=fallback.example'],
  ] as const) {
    const answer = await ask(securePort, servername === '' ? {} : { servername })
    t.equal(answer.subject, subject, servername)
    t.equal(statusOf(answer.text), 200)
    t.match(answer.text, /"x-forwarded-proto":"https"/)
  }
})

t.test('options belong to the hosts that routers name', async t => {
  const { securePort } = await start(t)
  const old = { maxVersion: 'TLSv1.2' } as const
  t.equal((await ask(securePort, { ...old, servername: 'one.example' })).protocol, 'TLSv1.2')
  t.equal((await ask(securePort, { servername: 'modern.example' })).protocol, 'TLSv1.3')
  await t.rejects(ask(securePort, { ...old, servername: 'modern.example' }))
  const host = (name: string) => rawRequest('/x', [`Host: ${name}`])
  const other = await ask(securePort, { servername: 'one.example' }, host('modern.example'))
  t.equal(statusOf(other.text), 421, 'a connection made for one host is not used for a stricter one')
  t.equal(
    statusOf((await ask(securePort, { servername: 'modern.example' }, host('modern.example'))).text),
    200,
  )
})

t.test('requests are counted by their TLS, and the log names it', async t => {
  const { securePort, router, lines } = await start(t)
  await ask(securePort, { servername: 'one.example', minVersion: 'TLSv1.3' })
  await sendRaw(securePort, rawRequest('/plain'))
  const counted = (owner: string) =>
    new RegExp(
      `^traefik_\\w+_requests_tls_total\\{tls_cipher="TLS_AES_\\w+",tls_version="1.3",${owner}\\} 1$`,
      'm',
    )
  t.match(router.metricsText(), counted('entrypoint="websecure"'))
  t.match(router.metricsText(), counted('router="secure@file",service="back@file"'))
  t.match(router.metricsText(), counted('service="back@file"'))
  const named = lines.filter(({ message }) => message === 'request').map(({ fields }) => fields.TLSVersion)
  t.same(named, ['1.3', undefined])
})

t.test('with strict SNI an unknown name gets no certificate at all', async t => {
  const { securePort } = await start(t, ', default: { sniStrict: true }')
  await t.rejects(ask(securePort, { servername: 'other.example' }))
  t.equal((await ask(securePort, { servername: 'one.example' })).subject, 'CN=one.example')
})

t.test('routers without tls answer plain requests on the same port, and only those', async t => {
  const { securePort } = await start(t)
  t.equal(statusOf(await sendRaw(securePort, rawRequest('/plain'))), 200)
  t.equal(statusOf(await sendRaw(securePort, rawRequest('/x'))), 404, 'a TLS router serves no plain request')
  t.notMatch(await sendRaw(securePort, rawRequest('/plain')), /strict-transport-security/i)
  const { text } = await ask(securePort, { servername: 'one.example' }, rawRequest('/hsts'))
  t.match(text, /strict-transport-security: max-age=60; includeSubDomains; preload/i)
})

t.test('HTTP is sent to HTTPS with its path, for every method', async t => {
  const { port } = await start(t)
  const answer = await sendRaw(port, rawRequest('/a%20b?q=1', ['Host: one.example:8080']))
  t.equal(statusOf(answer), 301)
  t.match(answer, /location: https:\/\/one\.example:0\/a%20b\?q=1/i)
  t.equal(statusOf(await sendRaw(port, rawRequest('/', ['Host: one.example'], 'POST'))), 308)
})

t.test('a handshake that never comes, or is none, is dropped', async t => {
  const { securePort } = await start(t)
  t.equal(
    await sendRaw(securePort, Buffer.from('160301ffff01', 'hex'), 200),
    '',
    'still waiting for the rest',
  )
  t.equal(statusOf(await sendRaw(securePort, '\x80\x2e\x01\x00\x02', 500)), 400)
  const socket = connectPlain(securePort, '127.0.0.1')
  await new Promise(resolve => socket.once('connect', resolve))
  socket.destroy()
  t.equal(statusOf((await ask(securePort, { servername: 'one.example' })).text), 200)
})

t.test('a ClientHello is read the same when its bytes come one at a time', async t => {
  const hello = await new Promise<Buffer>(resolve => {
    const catcher = createServer(socket => {
      socket.on('error', () => {})
      socket.once('data', chunk => {
        socket.destroy()
        catcher.close()
        resolve(chunk)
      })
    }).listen(0, '127.0.0.1', () => {
      const { port } = catcher.address() as AddressInfo
      connect({ port, host: '127.0.0.1', servername: 'bytes.example' }).on('error', () => {})
    })
  })
  const kinds = new Set(Array.from(hello, (_, size) => readClientHello(hello.subarray(0, size)).kind))
  t.same([...kinds], ['partial'])
  t.same(readClientHello(hello), { kind: 'tls', serverName: 'bytes.example' })
  t.doesNotThrow(() => {
    for (let at = 5; at < hello.length; at++) {
      const broken = Buffer.from(hello)
      broken[at] = 0xff
      readClientHello(broken)
    }
  }, 'nonsense is never an exception')
})
