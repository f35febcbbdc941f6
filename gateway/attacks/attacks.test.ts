import t from 'tap'
import { findTraefik } from '../parity/traefik.ts'
import { audit } from './auditor.ts'
import { readAttacks } from './read-corpus.ts'
import { runAttacks } from './run-attacks.ts'

const binary = findTraefik(process.env)

t.test('the auditor knows a bypass when it sees one', t => {
  const request = (line: string, ...headers: string[]) =>
    `${[line, 'Host: test', ...headers].join('\r\n')}\r\n\r\n`
  t.same(audit('links', request('GET /l/x?q=/../v1 HTTP/1.1', 'X-Forwarded-For: 127.0.0.1')), [])
  t.same(audit('core', request('GET /v1/core/health HTTP/1.1')), [])
  for (const [role, bad] of [
    ['core', request('GET /v1/core/keys HTTP/1.1')],
    ['links', request('GET /l/..%252f..%252fv1/core/keys HTTP/1.1')],
    ['links', request('GET /l/..\\v1 HTTP/1.1')],
    ['links', request('GET /l/..;/v1 HTTP/1.1')],
    ['links', request('GET /l/x HTTP/1.1', 'X_Auth_Subject: forged')],
    ['links', request('GET /l/x HTTP/1.1', 'X-Real-Ip: forged')],
    ['links', request('GET /l/x HTTP/1.1', 'Host: other')],
    ['links', request('GET /l/x HTTP/1.1', 'Content-Length: 0', 'Transfer-Encoding: chunked')],
    ['links', request('GET /l/x HTTP/1.1', 'Transfer-Encoding: gzip, chunked')],
    ['links', request('GET /l/x HTTP/1.1', 'HTTP2-Settings: x')],
    ['links', request('GET /l/x HTTP/1.1', 'X: a\nY: b')],
  ] as const)
    t.not(audit(role, bad).length, 0, bad)
  t.end()
})

for (const [name, target, skip] of [
  ['gateway/router', { router: 'proxied' }, false],
  ['gateway/router with services in its process', { router: 'in process' }, false],
  [
    'Traefik',
    { traefik: String(binary) },
    binary ? false : 'SKIPPED: no Traefik here (scripts/build-traefik.sh)',
  ],
] as const)
  t.test(`no attack of the corpus gets past ${name} with the files of production`, { skip }, async t => {
    const outcomes = await runAttacks(target)
    t.equal(outcomes.length, readAttacks().length)
    for (const { attack, status, bypasses } of outcomes)
      t.same(bypasses, [], `${attack.file}: ${JSON.stringify(attack.name)} (${status})`)
  })
