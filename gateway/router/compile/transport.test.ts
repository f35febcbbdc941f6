import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import t from 'tap'
import { defaultTransport, type ServersTransport } from '../configuration/dynamic.ts'
import { rawRequest, sendRaw, startTestRouter, statusOf } from '../test-router.ts'
import { selfSigned } from '../tls/self-signed.ts'
import { listen } from '../upstream/test-answers.ts'
import { createTransport } from './transport.ts'

t.test('a certificate that is none is a fault of the file', async t => {
  const make = (more: Partial<ServersTransport>) => () =>
    createTransport({ ...defaultTransport, ...more }, '/routes.yml')
  const { cert, key } = selfSigned(['a.example'])
  t.doesNotThrow(make({ rootCAs: [cert], certificates: [{ certFile: cert, keyFile: key }] }))
  t.throws(make({ rootCAs: ['/nowhere.pem'] }), /nowhere/)
  t.throws(make({ rootCAs: ['-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n'] }))
  const other = selfSigned(['b.example'])
  t.throws(make({ certificates: [{ certFile: cert, keyFile: other.key }] }), /mismatch/)
})

t.test('servers are reached over TLS as their transport says', async t => {
  const { cert, key } = selfSigned(['back.test'])
  const client = selfSigned(['gateway.test'])
  const server = createServer(
    { cert, key, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate()
      response.end(`${request.headers.host} from ${subject?.CN ?? 'nobody'}`)
    },
  )
  const port = await listen(t, server)
  const { port: gateway } = await startTestRouter(t, {
    dynamic: `
http:
  routers:
${['known', 'skipped', 'unnamed', 'unknown'].map(name => `    ${name}: { rule: Path(\`/${name}\`), service: ${name} }`).join('\n')}
  serversTransports:
    known: { rootCAs: [${JSON.stringify(cert)}], serverName: back.test, certificates: [{ certFile: ${JSON.stringify(client.cert)}, keyFile: ${JSON.stringify(client.key)} }] }
    unnamed: { rootCAs: [${JSON.stringify(cert)}] }
    skipped: { insecureSkipVerify: true }
  services:
${['known', 'skipped', 'unnamed'].map(name => `    ${name}: { loadBalancer: { servers: [{ url: 'https://127.0.0.1:${port}' }], serversTransport: ${name} } }`).join('\n')}
    unknown: { loadBalancer: { servers: [{ url: 'https://127.0.0.1:${port}' }] } }
`,
  })
  const ask = (name: string) => sendRaw(gateway, rawRequest(`/${name}`, ['Host: back.test']))
  t.match(await ask('known'), 'back.test from gateway.test')
  t.match(await ask('skipped'), 'back.test from nobody')
  t.equal(statusOf(await ask('unnamed')), 502, 'what the client says as its Host is no name of the server')
  t.equal(statusOf(await ask('unknown')), 502)
})
