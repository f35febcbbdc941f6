/** Options of middlewares and services beyond the usual ones: routes/dynamic/options.yml. */
import { build, type Generator, methods } from './build.ts'
import { forwardedLines, headerLines } from './headers.ts'
import { path, query } from './paths.ts'
import type { Random } from './random.ts'

const authTargets = ['old', 'trusting', 'all', 'cookies', 'body', 'location', 'signin', 'method']
const others = [
  'slash',
  'permanent',
  'plain',
  'chain',
  'chain/x',
  'chain/x/abc',
  'pages',
  'again',
  'brotli',
  'usual',
  'untyped',
  'drops',
  'sticky',
  'session',
  'rule',
  'rule/x',
  'parent',
  'parent/long',
  'parent/long/x',
  'parent/longer',
]

const verdicts = ['admit', '401', '302', '307', '403', '204', '503'].map(verdict => `X-Verdict: ${verdict}`)
const cookies = ['session=1; HttpOnly', 'session=1 & other=2; Path=/x', 'else=3', 'own=4; Max-Age=5']
const locations = [
  'https://login.example/x?y=1',
  '/sign-in',
  'sign-in?back=/x',
  '//other.example',
  '?q',
  '#f',
]

function authHeaders(random: Random): string[] {
  return [
    ...random.some(verdicts, 1),
    ...(random.chance(0.4) ? [`X-Cookies: ${random.pick(cookies)}`] : []),
    ...(random.chance(0.4) ? [`X-Location: ${random.pick(locations)}`] : []),
    ...random.some(headerLines, 3),
    ...random.some(forwardedLines, 2),
  ]
}

export const optionCases: readonly Generator[] = [
  random =>
    build('auth option', random, {
      target: `/opt/${random.pick(authTargets)}?${random.chance(0.5) ? `cookie=${random.pick(['session', 'else'])}` : 'q=1'}`,
      method: random.pick(methods),
      host: random.pick(['api.example', 'api.example:8080', 'api.example:443']),
      headers: authHeaders(random),
    }),
  random => {
    const body = 'b'.repeat(random.pick([0, 1, 63, 64, 65, 500]))
    const chunked = random.chance(0.3)
    const chunks = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`
    return build('auth body', random, {
      target: `/opt/${random.pick(['body', 'all', 'method'])}`,
      method: random.pick(['POST', 'PUT']),
      headers: [
        chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`,
        ...random.some(verdicts, 1),
      ],
      body: chunked ? `${chunks}0\r\n\r\n` : body,
    })
  },
  random =>
    build('option', random, {
      target: `${path(random, `/opt/${random.pick(others)}`)}${query(random)}`,
      method: random.pick(methods),
      headers: [
        ...random.some(headerLines, 3),
        ...random.some(['Cookie: w_b_c=x', 'Cookie: sid=1; w_b_c=2', 'Cookie: sid=00'], 1),
      ],
    }),
  random =>
    build('option', random, {
      target: `/opt/${random.pick(['pages', 'again', 'brotli', 'usual', 'untyped', 'drops', 'cookies'])}?status=${random.pick([200, 204, 304, 404, 500, 502, 503])}&size=${random.pick([0, 100, 250, 1100, 5000])}&type=${random.pick(['text/plain', 'application/json', 'none'])}${random.chance(0.3) ? '&chunked=1' : ''}${random.chance(0.3) ? '&cookie=session' : ''}`,
      method: random.pick(['GET', 'HEAD', 'POST']),
      headers: random.some(
        ['Accept-Encoding: br', 'Accept-Encoding: gzip, br', 'Accept-Encoding: identity', 'X-Two: 1'],
        2,
      ),
    }),
  random =>
    build('cors', random, {
      target: random.pick(['/opt/regexps', '/opt/drops']),
      method: random.pick(['OPTIONS', 'GET']),
      headers: [
        ...random.some(
          ['Origin: https://a.b.example', 'Origin: null', 'Origin: https://a.example', 'Origin:'],
          1,
        ),
        ...random.some(['Access-Control-Request-Method: GET', 'Access-Control-Request-Method:'], 1),
        ...random.some(['Access-Control-Request-Headers: x-a', 'Access-Control-Request-Headers: x-c'], 1),
      ],
    }),
]
