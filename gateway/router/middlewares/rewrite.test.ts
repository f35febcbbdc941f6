/** addPrefix, stripPrefix, stripPrefixRegex, replacePath, replacePathRegex: what the service receives. */
import t from 'tap'
import {
  bodyOf,
  rawRequest,
  sendRaw,
  simpleRoute,
  startEcho,
  startTestRouter,
  statusOf,
} from '../test-router.ts'

type Case = [middleware: string, target: string, url: string, headers?: Record<string, string>]

const cases: Case[] = [
  ['addPrefix: { prefix: /v1 }', '/core?a=1', '/v1/core?a=1'],
  ['addPrefix: { prefix: v1 }', '/core', '/v1/core'],
  ['stripPrefix: { prefixes: [/v1, /v2] }', '/v2/core?a', '/core?a', { 'x-forwarded-prefix': '/v2' }],
  ['stripPrefix: { prefixes: [/v1] }', '/v1', '/', { 'x-forwarded-prefix': '/v1' }],
  ['stripPrefix: { prefixes: [/v1] }', '/v1core', '/core', { 'x-forwarded-prefix': '/v1' }],
  ['stripPrefix: { prefixes: [/v1] }', '/other', '/other'],
  ['stripPrefix: { prefixes: ["/a b"] }', '/a%20b/c%2Fd', '/c%2Fd', { 'x-forwarded-prefix': '/a b' }],
  ["stripPrefixRegex: { regex: ['^/v[0-9]+'] }", '/v12/core', '/core', { 'x-forwarded-prefix': '/v12' }],
  ["stripPrefixRegex: { regex: ['/core'] }", '/v1/core', '/v1/core'],
  [
    'replacePath: { path: /problems/404 }',
    '/a%2Fb?x=1',
    '/problems/404?x=1',
    { 'x-replaced-path': '/a%2Fb' },
  ],
  [
    "replacePathRegex: { regex: '^/api/(.*)', replacement: '/v1/$1' }",
    '/api/x?y',
    '/v1/x?y',
    { 'x-replaced-path': '/api/x' },
  ],
  ["replacePathRegex: { regex: '^/api/(.*)', replacement: '/v1/$1' }", '/other', '/other'],
]

t.test('the path that reaches the service is the rewritten one, and the old one is told', async t => {
  const { url: back } = await startEcho(t)
  for (const [middleware, target, url, headers = {}] of cases) {
    const { port } = await startTestRouter(t, {
      dynamic: simpleRoute(back, `rewrite: { ${middleware} }`, ['rewrite']),
    })
    const seen = JSON.parse(bodyOf(await sendRaw(port, rawRequest(target))))
    t.equal(seen.url, url, `${middleware} ${target}`)
    t.match(seen.headers, headers)
  }
})

t.test('a prefix is not stripped into another path', async t => {
  const { url: back, seen } = await startEcho(t)
  const { port } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'rewrite: { stripPrefix: { prefixes: [/v1/] } }', ['rewrite']),
    entryPoint: '    http: { sanitizePath: false }',
  })
  t.equal(statusOf(await sendRaw(port, rawRequest('/v1/../admin'))), 400)
  t.equal(statusOf(await sendRaw(port, rawRequest('/v1//../admin'))), 400)
  t.equal(seen.length, 0)
})
