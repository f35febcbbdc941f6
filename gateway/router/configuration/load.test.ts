import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { compile } from '../compile/compile.ts'
import { createRouterMetrics } from '../observe/metrics.ts'
import { createTestLog } from '../test-router.ts'
import { ConfigurationError } from './fault.ts'
import { dynamicSource, loadDynamic, loadStatic } from './load.ts'

const fixed = `entryPoints:
  web:
    address: ":0"
providers:
  file:
    directory: dynamic
`

type Files = Record<string, string>

function faultsOf(t: { teardown(handler: () => unknown): void }, files: Files, traefik = fixed): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'glimmr-load-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'dynamic'))
  const staticFile = join(folder, 'traefik.yml')
  writeFileSync(staticFile, traefik)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'dynamic', name), text)
  try {
    const configuration = loadStatic(staticFile)
    const dynamic = loadDynamic(dynamicSource(staticFile, configuration).files, {})
    const metrics = createRouterMetrics(undefined)
    compile(configuration, dynamic, {
      mounts: new Map(),
      log: createTestLog().log,
      metrics,
      now: () => 0,
    }).retire()
    return []
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return error.message.replaceAll(`${folder}/`, '').split('\n')
  }
}

const route = (router: string, middlewares = '') => `http:
  routers:
    all:
${router.replace(/^/gm, '      ')}
  services:
    back:
      loadBalancer:
        servers:
          - url: http://127.0.0.1:1
${middlewares}`

const good = 'rule: PathPrefix(`/`)\nservice: back'

t.test('a good set loads, over several files and folders of comments', t => {
  t.same(faultsOf(t, { 'a.yml': route(good), 'b.yaml': '# nothing yet\n', 'notes.txt': '{' }), [])
  t.end()
})

t.test('what the router does not know is named with file, line and key', t => {
  const cases: [Files, RegExp][] = [
    [
      { 'a.yml': route(`${good}\nsevrice: x`) },
      /^dynamic\/a\.yml:6: http\.routers\.all\.sevrice: .*does not know/,
    ],
    [
      { 'a.yml': route(good, '  middlewares:\n    login:\n      basicAuth:\n        users: [a]\n') },
      /^dynamic\/a\.yml:13: http\.middlewares\.login\.basicAuth: .*does not know/,
    ],
    [
      { 'a.yml': route(good, '  middlewares:\n    limit:\n      rateLimit:\n        average: ten\n') },
      /^dynamic\/a\.yml:14: http\.middlewares\.limit\.rateLimit\.average: a whole number/,
    ],
    [
      {
        'a.yml': route(
          good,
          '  middlewares:\n    two:\n      addPrefix: { prefix: /a }\n      compress: {}\n',
        ),
      },
      /^dynamic\/a\.yml:12: http\.middlewares\.two: .*exactly one kind/,
    ],
    [
      { 'a.yml': route('rule: PathPrefix(`/`) &&\nservice: back') },
      /^dynamic\/a\.yml:4: http\.routers\.all\.rule: column/,
    ],
    [{ 'a.yml': route('rule: Patch(`/`)\nservice: back') }, /^dynamic\/a\.yml:4: .*matcher Patch/],
    [
      { 'a.yml': route('rule: PathPrefix(`/`)\nservice: bakc') },
      /^dynamic\/a\.yml:5: http\.routers\.all\.service: there is no service "bakc"/,
    ],
    [
      { 'a.yml': route(`${good}\nmiddlewares: [none]`) },
      /^dynamic\/a\.yml:6: http\.routers\.all\.middlewares\.0: there is no middleware "none"/,
    ],
    [
      { 'a.yml': route(`${good}\nparentRefs: [none]`) },
      /^dynamic\/a\.yml:6: http\.routers\.all\.parentRefs: there is no router "none"/,
    ],
    [
      { 'a.yml': route(`${good}\nparentRefs: [all]`) },
      /a\.yml:6: http\.routers\.all\.parentRefs: no request can reach/,
    ],
    [
      { 'a.yml': route(`${good}\nentryPoints: [wbe]`) },
      /a\.yml:6: http\.routers\.all\.entryPoints: there is no entry point "wbe"/,
    ],
    [{ 'a.yml': route(good), 'b.yml': route(good) }, /^dynamic\/b\.yml:3: http\.routers\.all: .*twice/],
    [{ 'a.yml': 'http:\n  routers: [\n' }, /^dynamic\/a\.yml:/],
    [{ 'a.yml': 'http:\n  routers:\n    a: {}\n    a: {}\n' }, /^dynamic\/a\.yml:4: .*unique/],
    [{ 'a.yml': 'http:\n  services: {}\n\ntcp: {}\n' }, /^dynamic\/a\.yml:4: tcp: .*does not know/],
    [{ 'a.yml': 'x: {{ env }\n' }, /^dynamic\/a\.yml:1: /],
    [
      {
        'a.yml': route(
          good,
          '  middlewares:\n    a:\n      chain: { middlewares: [b] }\n    b:\n      chain: { middlewares: [a] }\n',
        ),
      },
      /leads back to itself/,
    ],
    [
      { 'a.yml': route(good, '  middlewares:\n    r:\n      replacePathRegex: { regex: "(" }\n') },
      /^dynamic\/a\.yml:12: http\.middlewares\.r: .*regular expression/,
    ],
  ]
  for (const [files, pattern] of cases) t.match(faultsOf(t, files)[0], pattern)
  t.end()
})

t.test('every fault of every file is told at once', t => {
  const faults = faultsOf(t, {
    'a.yml': route(`${good}\nx: 1\ny: 2`),
    'b.yml': 'http:\n  nonsense: {}\n',
  })
  t.equal(faults.length, 3)
  t.end()
})

t.test('what is wrong with a thing that many name is told once', t => {
  const limits = '  middlewares:\n    r:\n      ipAllowList: { sourceRange: [lan] }\n'
  const second = '\n    other:\n      rule: Path(`/x`)\n      middlewares: [r]\n      service: back'
  const faults = faultsOf(t, {
    'a.yml': route(`${good}\nmiddlewares: [r]`, limits).replace('\n  services', `${second}\n  services`),
  })
  t.equal(faults.length, 1)
  t.match(faults[0], /http\.middlewares\.r: "lan" is neither/)
  t.end()
})

t.test('the static file is held to the same', t => {
  for (const [traefik, pattern] of [
    [`${fixed}api: {}\n`, /^traefik\.yml:7: api: .*does not know/],
    [fixed.replace('":0"', '"nowhere"'), /^traefik\.yml:3: entryPoints\.web\.address: .*HOST:PORT/],
    [
      `${fixed}ping: { entryPoint: none }\n`,
      /^traefik\.yml:7: ping\.entryPoint: there is no entry point "none"/,
    ],
    [fixed.replace('directory: dynamic', 'directory: absent'), /absent: cannot be read/],
    [
      fixed.replace('    address', '    http: { underscoreHeadersStrategy: eat }\n    address'),
      /underscoreHeadersStrategy/,
    ],
    [
      fixed.replace('    address', '    http: { middlewares: [none@file] }\n    address'),
      /^traefik\.yml:3: entryPoints\.web\.http\.middlewares\.0: there is no middleware "none"/,
    ],
    [
      fixed.replace('    address', '    forwardedHeaders: { trustedIPs: [10.0.0.0/8, lan] }\n    address'),
      /^traefik\.yml:3: entryPoints\.web\.forwardedHeaders\.trustedIPs\.1: "lan" is neither an address/,
    ],
    [
      `${fixed}accessLog:\n  filters: { statusCodes: [bad] }\n`,
      /^traefik\.yml:8: accessLog\.filters\.statusCodes\.0: "bad" is no status or range/,
    ],
    [
      fixed.replace('    address', '    http: { tls: { options: none } }\n    address'),
      /^traefik\.yml:3: entryPoints\.web\.http\.tls\.options: there are no TLS options "none"/,
    ],
  ] as const)
    t.match(faultsOf(t, { 'a.yml': route(good) }, traefik)[0], pattern)
  t.end()
})

t.test('TLS that cannot work is a fault where it stands', t => {
  const tls = (more: string) => faultsOf(t, { 'a.yml': `${route(`${good}\ntls: {}`)}\ntls:\n${more}` })
  t.match(tls('  certificates: [{ certFile: none.pem, keyFile: none.key }]'), [
    /^dynamic\/a\.yml:\d+: tls\.certificates\.0: ENOENT/,
  ])
  t.match(tls('  options: { old: { cipherSuites: [TLS_NO_SUCH_SUITE] } }'), [
    /tls\.options\.old: there is no cipher suite "TLS_NO_SUCH_SUITE"/,
  ])
  t.match(tls('  options: { mine: { clientAuth: { clientAuthType: RequireAndVerifyClientCert } } }'), [
    /tls\.options\.mine: .*needs caFiles/,
  ])
  t.match(faultsOf(t, { 'a.yml': route(`${good}\ntls: { options: none }`) }), [
    /routers\.all\.tls\.options: there are no TLS options "none"/,
  ])
  t.match(faultsOf(t, { 'a.yml': route(`${good}\ntls: { certResolver: le }`) }), [
    /routers\.all\.tls\.certResolver: this router does not know this key/,
  ])
  const redirected = fixed.replace(
    '":0"',
    '":0"\n    http: { redirections: { entryPoint: { to: nowhere } } }',
  )
  t.match(faultsOf(t, { 'a.yml': route(good) }, redirected), [
    /^traefik\.yml:4: entryPoints\.web\.http\.redirections\.entryPoint\.to: there is no entry point "nowhere"/,
  ])
  t.end()
})
