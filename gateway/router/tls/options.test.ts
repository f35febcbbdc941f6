/** `tls.options`: what is offered, what clients have to show, and what is told when the files are read. */
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { defaultTlsOptions, type TlsOptions, tlsSchema } from '../configuration/tls.ts'
import { echo, rawRequest, startTestRouter } from '../test-router.ts'
import { createCertificateStore, type LoadedCertificate, plainAddress } from './certificates.ts'
import { opensslSuites } from './cipher-suites.ts'
import { readClientHello } from './client-hello.ts'
import { clientTlsSchema, nodeClientTls } from './client-tls.ts'
import { nodeTlsOptions } from './options.ts'
import { selfSigned } from './self-signed.ts'

const pem = (text: string) => JSON.stringify(text)
const server = selfSigned(['server.example'])
const known = selfSigned(['known.example'])
const stranger = selfSigned(['stranger.example'])

const parse = (options: object): TlsOptions => {
  const { made } = tlsSchema.parse({ options: { made: options } }).options
  if (!made) throw new Error('no options')
  return made
}

t.test('without a word nothing is offered but forward secrecy, as Go does it', async t => {
  const { node } = nodeTlsOptions(defaultTlsOptions, String)
  const suites = String(node.ciphers).split(':')
  t.equal(suites.length, 13)
  t.ok(suites.every(suite => suite.startsWith('TLS_') || suite.startsWith('ECDHE-')))
  t.equal(node.minVersion, 'TLSv1.2')
})

t.test('the better suite is taken, whatever stands first in the file', async t => {
  const named = [
    'TLS_RSA_WITH_AES_128_CBC_SHA',
    'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
    'TLS_AES_256_GCM_SHA384',
    'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305',
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  ]
  t.same(opensslSuites(named).split(':').slice(3), [
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'ECDHE-RSA-AES256-SHA',
    'AES128-SHA',
  ])
})

t.test('what cannot be is told when the files are read', async t => {
  const wrong: [object, RegExp][] = [
    [{ minVersion: 'VersionTLS13', maxVersion: 'VersionTLS12' }, /no version is from/],
    [{ cipherSuites: ['TLS_RSA_WITH_RC4_128_SHA'] }, /no cipher suite/],
    [{ curvePreferences: ['CurveP999'] }, /does not know the curve/],
    [{ clientAuth: { clientAuthType: 'RequireAndVerifyClientCert' } }, /needs caFiles/],
    [{ clientAuth: { clientAuthType: 'VerifyClientCertIfGiven' } }, /needs caFiles/],
    [{ clientAuth: { caFiles: ['nonsense'] } }, /no certificate in/],
    [{ alpnProtocols: ['h2'] }, /http\/1.1/],
  ]
  for (const [options, message] of wrong)
    t.throws(() => nodeTlsOptions(parse(options), String), { message }, JSON.stringify(options))
  for (const curve of ['X25519MLKEM768', 'secp256r1mlkem768', 'SecP384r1MLKEM1024', 'CurveP521'])
    t.doesNotThrow(() => nodeTlsOptions(parse({ curvePreferences: [curve, 'X25519'] }), String), curve)
  const { cert } = known
  t.throws(() => clientTlsSchema.parse({ cert }), /cert and key go together/)
  t.throws(() => nodeClientTls(clientTlsSchema.parse({ ca: '-----BEGIN nothing' }), ''), /no certificate in/)
  t.match(nodeClientTls(clientTlsSchema.parse({ ca: cert }), ''), { ca: cert, rejectUnauthorized: true })
})

async function start(t: Test) {
  const ca = pem(known.cert)
  const types = ['Request', 'RequireAny', 'RequireAndVerify'].map(name => `${name}ClientCert`)
  const routers = [...types, 'VerifyClientCertIfGiven', 'old']
    .map(
      type =>
        `    ${type}: { rule: 'Host(\`${type.toLowerCase()}.example\`)', entryPoints: [websecure], tls: { options: ${type} }, service: back }`,
    )
    .join('\n')
  const router = await startTestRouter(t, {
    dynamic: `
http:
  routers:
    open: { rule: 'Host(\`open.example\`)', entryPoints: [websecure], tls: {}, service: back }
${routers}
  services:
    back: { loadBalancer: { servers: [{ url: 'http://back:1' }] } }
tls:
  stores: { default: { defaultCertificate: { certFile: ${pem(server.cert)}, keyFile: ${pem(server.key)} } } }
  options:
    RequestClientCert: { clientAuth: { clientAuthType: RequestClientCert } }
    RequireAnyClientCert: { clientAuth: { clientAuthType: RequireAnyClientCert } }
    RequireAndVerifyClientCert: { clientAuth: { caFiles: [${ca}] } }
    VerifyClientCertIfGiven: { clientAuth: { clientAuthType: VerifyClientCertIfGiven, caFiles: [${ca}] } }
    old: { minVersion: VersionTLS10 }
`,
    entryPoints: '  websecure:\n    address: "127.0.0.1:0"',
    mounts: { 'http://back:1': { routing: (a: never, b: never) => echo()(a, b) } },
  })
  const port = Number(router.ports.websecure)
  /** What came back to a request for this host on a connection made for it: its status, or why there is none. */
  const ask = (host: string, options: ConnectionOptions = {}, onSession?: (session: Buffer) => void) =>
    new Promise<string>(resolve => {
      let text = ''
      const servername = `${host.toLowerCase()}.example`
      const socket: TLSSocket = connect(
        { port, host: '127.0.0.1', rejectUnauthorized: false, servername, ...options },
        () => socket.write(rawRequest('/x', [`Host: ${servername}`])),
      )
      socket.setEncoding('latin1').on('data', chunk => {
        text += chunk
      })
      if (onSession) socket.on('session', onSession)
      socket.on('error', () => resolve('refused'))
      socket.on('close', () => resolve(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 'refused'))
    })
  return { ask }
}

t.test('what a client must show is what the options say, by the names that Traefik has for it', async t => {
  const { ask } = await start(t)
  const cases: [type: string, none: string, trusted: string, other: string][] = [
    ['open', '200', '200', '200'],
    ['RequestClientCert', '200', '200', '200'],
    ['RequireAnyClientCert', 'refused', '200', '200'],
    ['VerifyClientCertIfGiven', '200', '200', 'refused'],
    ['RequireAndVerifyClientCert', 'refused', '200', 'refused'],
  ]
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
    for (const [type, ...expected] of cases)
      t.same(
        [
          await ask(type, { maxVersion }),
          await ask(type, { maxVersion, ...known }),
          await ask(type, { maxVersion, ...stranger }),
        ],
        expected,
        `${type}, ${maxVersion}`,
      )
})

t.test('a session from a host that asks for nothing is no way into one that does', async t => {
  const { ask } = await start(t)
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const sessions: Buffer[] = []
    t.equal(await ask('open', { maxVersion }, session => sessions.push(session)), '200')
    const session = sessions.at(-1)
    t.ok(session, 'there is one to go on with')
    t.equal(await ask('open', { maxVersion, session }), '200')
    for (const type of ['RequireAnyClientCert', 'RequireAndVerifyClientCert'])
      t.equal(await ask(type, { maxVersion, session }), 'refused', `${type}, ${maxVersion}`)
  }
})

t.test('versions before 1.2 are spoken where the options name them, and nowhere else', async t => {
  const { ask } = await start(t)
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
  t.equal(await ask('old', old), '200')
  t.equal(await ask('open', old), 'refused')
})

t.test('an address finds its certificate however it is written', async t => {
  const certificate = {
    cert: '',
    key: '',
    names: ['127.0.0.1', '::1', '2001:db8::a'],
  } as unknown as LoadedCertificate
  const store = createCertificateStore([certificate], undefined)
  for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '::1', '0:0:0:0:0:0:0:1', '2001:DB8:0:0:0:0:0:A'])
    t.equal(store.find(undefined, address), certificate, address)
  t.equal(store.find(undefined, '127.0.0.2'), undefined)
  t.equal(plainAddress('fe80::1%eth0'), 'fe80::1')
  t.equal(plainAddress('*.example.com'), '*.example.com')
})

t.test('a ClientHello in crumbs is not put together for ever', async t => {
  const crumb = Buffer.from('160301000101', 'hex')
  const crumbs = (count: number) => Buffer.concat(Array.from({ length: count }, () => crumb))
  t.same(readClientHello(crumbs(3)), { kind: 'partial' })
  t.same(
    readClientHello(crumbs(2000)),
    { kind: 'tls', serverName: undefined },
    'which the TLS library refuses',
  )
})
