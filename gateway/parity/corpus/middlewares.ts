/** Middlewares and services, each on the path that routes/dynamic gives it. */
import { build, type Generator, methods } from './build.ts'
import { forwardedLines, headerLines } from './headers.ts'
import { path, query } from './paths.ts'

const middlewareTargets = [
  '/mw/add',
  '/mw/strip',
  '/mw/strip/one',
  '/mw/strip/one/x',
  '/mw/stripped',
  '/mw/sregex/abc',
  '/mw/sregex/1',
  '/mw/sregex/abc/d',
  '/mw/replace',
  '/mw/rregex/',
  '/mw/redirect',
  '/mw/redregex/',
  '/mw/headers',
  '/mw/security',
  '/mw/allow',
  '/mw/deny',
  '/mw/depth',
  '/mw/encoded',
  '/mw/chain',
  '/mw/ownhost',
  '/mw/weighted',
  '/mw/failover',
  '/mw/none',
  '/mw/inflight',
  '/mw/away',
  '/mw/mirror',
  '/mw/sticky',
  '/mw/named',
  '/mw/hrw',
  '/mw/fallback',
  '/mw/base',
  '/mw/hosts',
  '/mw/forced',
  '/mw/developing',
  '/mw/excluded',
]

const answering = [
  'x',
  'mw/errors/x',
  'mw/compress/x',
  'mw/retry/x',
  'mw/headers',
  'mw/typed',
  'mw/bounded',
  'mw/included',
  'mw/fallback',
  'mw/sticky',
]

export const middlewareCases: readonly Generator[] = [
  random =>
    build('middleware', random, {
      target: random.pick(middlewareTargets) + query(random),
      method: random.pick(methods),
      headers: random.some(headerLines, 3),
    }),
  random =>
    build('middleware', random, {
      target: path(random, random.pick(middlewareTargets)),
      headers: random.some(forwardedLines, 2),
    }),
  random =>
    build('cors', random, {
      target: random.pick(['/mw/cors', '/mw/copen', '/x']),
      method: random.pick(['OPTIONS', 'OPTIONS', 'GET', 'PUT']),
      headers: [
        ...random.some(
          [
            'Origin: https://a.example',
            'Origin: https://x.b.example',
            'Origin: https://evil.example',
            'Origin: null',
          ],
          1,
        ),
        ...random.some(['Access-Control-Request-Method: PUT', 'Access-Control-Request-Method: PURGE'], 1),
        ...random.some(['Access-Control-Request-Headers: x-a, x-b'], 1),
      ],
    }),
  random =>
    build('auth', random, {
      target: `/mw/auth/x${query(random)}`,
      method: random.pick(methods),
      headers: [
        ...random.some(
          [
            'X-Verdict: admit',
            'X-Verdict: 401',
            'X-Verdict: 403',
            'X-Verdict: 302',
            'X-Verdict: 500',
            'X-Verdict: large',
            'X-Verdict: 204',
          ],
          1,
        ),
        ...random.some(
          [
            'X-Auth-Subject: forged',
            'x-auth-subject: forged',
            'X-Hasura-Role: admin',
            'X-Hasura-Other: admin',
            'X_Hasura_Role: admin',
            'X-Api-Key: k',
            'Authorization: Bearer mine',
            'X-Kept: 1',
          ],
          5,
        ),
      ],
    }),
  random =>
    build('answer', random, {
      target: `/${random.pick(answering)}?status=${random.pick([200, 201, 204, 301, 304, 404, 418, 429, 500, 503])}&size=${random.pick([0, 100, 250, 5000])}&type=${random.pick(['text/plain', 'text/event-stream', 'application/json;charset=utf-8', 'application/grpc', 'none'])}${random.chance(0.4) ? '&chunked=1' : ''}${random.chance(0.2) ? '&encoding=x-own' : ''}`,
      method: random.pick(['GET', 'GET', 'HEAD', 'POST']),
      headers: random.some(
        [
          'Accept-Encoding: gzip',
          'Accept-Encoding: br',
          'Accept-Encoding: zstd;q=0.9, gzip;q=0.1',
          'Accept-Encoding: *',
          'Accept-Encoding: identity',
          'Accept-Encoding: deflate',
        ],
        1,
      ),
    }),
]
