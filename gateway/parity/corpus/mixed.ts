/** Requests for the routes that mixed-routes.ts makes of the same seed. */
import { mixedPaths } from '../mixed-routes.ts'
import { build, type Generator } from './build.ts'
import { forwardedLines, headerLines } from './headers.ts'
import type { Random } from './random.ts'

const more = [
  'X-Verdict: 401',
  'X-Verdict: 302',
  'X-Cookies: session=1 & own=2',
  'Origin: https://a.example',
  'Origin: https://x.b.example',
  'Accept-Encoding: br',
  'Accept-Encoding: gzip, zstd',
  'Accept-Encoding: identity',
  'Access-Control-Request-Method: PUT',
]

const target = (random: Random) =>
  `${random.pick(mixedPaths)}${random.pick(['', '/', '/one', '/one/two', '/%2Fx'])}?status=${random.pick([200, 200, 200, 204, 304, 404, 418, 500, 503])}&size=${random.pick([0, 100, 250, 1100, 5000])}&type=${random.pick(['text/plain', 'application/json', 'none'])}${random.chance(0.2) ? '&chunked=1' : ''}${random.chance(0.2) ? '&cookie=session' : ''}`

export const mixedCases: readonly Generator[] = [
  random =>
    build('mixed', random, {
      target: target(random),
      method: random.pick(['GET', 'GET', 'HEAD', 'OPTIONS', 'DELETE']),
      headers: [...random.some(more, 3), ...random.some(headerLines, 2), ...random.some(forwardedLines, 1)],
    }),
  random => {
    const body = 'b'.repeat(random.pick([1, 64, 65, 1000]))
    return build('mixed', random, {
      target: target(random),
      method: random.pick(['POST', 'PUT']),
      headers: [`Content-Length: ${body.length}`, ...random.some(more, 2)],
      body,
    })
  },
]
