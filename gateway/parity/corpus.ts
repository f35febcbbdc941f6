/** Seeded requests, as bytes: the same seed gives the same corpus, another seed other requests. */

export type EntryPointName = 'plain' | 'hard' | 'trusting'

export type Case = {
  /** What is varied, for the report and for the differences that are on purpose. */
  kind: string
  entryPoint: EntryPointName
  bytes: Buffer
}

export type Random = {
  below(limit: number): number
  pick<Item>(items: readonly Item[]): Item
  chance(share: number): boolean
}

/** mulberry32: small, and the same everywhere. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return { below, pick: items => items[below(items.length)] as never, chance: share => next() < share }
}

export function generateCorpus(seed: number, count: number): Case[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => random.pick(generators)(random))
}

type Generator = (random: Random) => Case
type Parts = {
  method?: string
  target: string
  headers?: string[]
  body?: string
  host?: string | null
  version?: string
}

function build(kind: string, random: Random, parts: Parts, entryPoint?: EntryPointName): Case {
  const {
    method = 'GET',
    target,
    headers = [],
    body = '',
    host = 'api.example',
    version = 'HTTP/1.1',
  } = parts
  const lines = [
    `${method} ${target} ${version}`,
    ...(host === null ? [] : [`Host: ${host}`]),
    ...headers,
    'Connection: close',
    '',
    '',
  ]
  const bytes = Buffer.from(lines.join('\r\n') + body, 'latin1')
  return { kind, entryPoint: entryPoint ?? random.pick(['plain', 'hard', 'trusting'] as const), bytes }
}

const letters = ['a', 'b', 'core', 'prices', 'x y', 'ü', 'A', '~', '_', '.', '..', '...', 'a.b', '']
const encodings = [
  '%2e',
  '%2E%2e',
  '%2F',
  '%2f',
  '%5C',
  '%5c',
  '%00',
  '%3B',
  '%25',
  '%3F',
  '%23',
  '%20',
  '%41',
  '%7e',
  '%C3%BC',
  '%252F',
  '%c3',
  '%FF',
  '%7B',
]
const oddities = [
  '\\',
  ';',
  ';v=1',
  '|',
  '"',
  '^',
  '`',
  '{',
  '}',
  '<',
  '[',
  ']',
  "'",
  '(',
  '*',
  '+',
  ',',
  '=',
  '@',
  ':',
  '$',
  '&',
  '!',
]

function segment(random: Random): string {
  const plain = () => random.pick(letters).replace(' ', '%20').replace('ü', '%c3%bc')
  const kind = random.below(10)
  if (kind < 5) return plain()
  if (kind < 8) return plain() + random.pick(encodings) + (random.chance(0.3) ? plain() : '')
  return plain() + random.pick(oddities)
}

function path(random: Random, prefix = ''): string {
  const count = random.below(4)
  return `${prefix}/${Array.from({ length: count }, () => segment(random)).join('/')}`
}

function query(random: Random): string {
  if (random.chance(0.4)) return ''
  const part = () =>
    random.pick([
      'q=1',
      'q=xx',
      'q',
      'q=',
      'a=b',
      'a=%2F',
      'a=b;c=d',
      'a=+',
      'é'.replace('é', '%C3%A9'),
      'x=%zz',
      '&',
      '?',
      'a=%00',
    ])
  return `?${Array.from({ length: 1 + random.below(3) }, part).join('&')}`
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE']

const headerLines = [
  'Accept: */*',
  'Accept-Encoding: gzip',
  'Accept-Encoding: br;q=0.5, identity',
  'User-Agent: parity',
  'X-Two: 1',
  'X-Two: 2',
  'x-two: 3',
  'X_Under: 1',
  'X_Auth_Subject: forged',
  'X-Route: yes',
  'X-Route: 12',
  'Cookie: a=1',
  'Cookie: b=2',
  'Authorization: Bearer x',
  'Referer: http://r/',
  'Content-Type: text/plain',
  'If-None-Match: "x"',
  'Range: bytes=0-1',
  'Via: 1.1 other',
  'Forwarded: for=1.2.3.4',
  'TE: trailers',
  'TE: gzip',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'Proxy-Authorization: Basic x',
  'Trailer: X-T',
  'X-Empty:',
  `X-Long: ${'v'.repeat(300)}`,
  'Cache-Control: no-cache',
  'Origin: https://a.example',
  'Upgrade-Insecure-Requests: 1',
  'Date: Thu, 01 Jan 1970 00:00:00 GMT',
]

const forwardedLines = [
  'X-Forwarded-For: 10.1.1.1',
  'X-Forwarded-For: 10.2.2.2, 192.0.2.1',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Proto: wss',
  'X-Forwarded-Host: evil.example',
  'X-Forwarded-Port: 444',
  'X-Forwarded-Server: evil',
  'X-Real-Ip: 6.6.6.6',
  'X-Forwarded-Prefix: /p',
  'X-Forwarded-Uri: /u',
  'X-Forwarded-Method: PUT',
  'X_Forwarded_For: 6.6.6.6',
  'X-Forwarded-Tls-Client-Cert: x',
]

function some(random: Random, lines: readonly string[], most: number): string[] {
  return Array.from({ length: random.below(most + 1) }, () => random.pick(lines))
}

const ruleTargets = [
  '/rule/path',
  '/rule/path/',
  '/rule/prefix',
  '/rule/prefix/x',
  '/rule/prefixed',
  '/rule/regexp/12',
  '/rule/regexp/x',
  '/rule/a%20b',
  '/rule/host',
  '/rule/header',
  '/rule/query',
  '/rule/query?q=1',
  '/rule/query?q=xx',
  '/rule/query?a&q=1',
  '/rule/method',
  '/rule/ip',
  '/rule/not',
  '/rule/either/a',
  '/rule/either/b',
  '/rule/either/c',
  '/rule/prio',
  '/rule/prio/long/path/x',
  '/parent',
  '/parent/read',
  '/parent/read/x',
  '/RULE/path',
  '/%72ule/path',
  '/rule%2Fpath',
]

const hosts = [
  'a.example',
  'A.EXAMPLE',
  'a.example:8080',
  'a.example.',
  'b.wild.example',
  'c.b.wild.example',
  'wild.example',
  'x.re.example',
  '1.re.example',
  '[::1]',
  '[::1]:80',
  '127.0.0.1',
  'localhost:1',
]

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
]

const generators: readonly Generator[] = [
  random => build('path', random, { target: path(random) + query(random) }),
  random =>
    build('path', random, {
      target: path(random, random.pick(['/rule/prefix', '/parent', '/mw/strip', ''])) + query(random),
      method: random.pick(methods),
    }),
  random =>
    build('rule', random, {
      target: random.pick(ruleTargets),
      method: random.pick(methods),
      host: random.pick(hosts),
      headers: [
        ...some(random, ['X-Route: yes', 'X-Route: 12', 'x-route: no', 'X-Route: yes, no'], 2),
        ...(random.chance(0.5) ? ['Content-Length: 0'] : []),
      ],
    }),
  random =>
    build('headers', random, {
      target: '/x',
      method: random.pick(methods),
      headers: some(random, headerLines, 8),
    }),
  random =>
    build('forwarded', random, {
      target: random.pick(['/x', '/mw/depth', '/mw/redirect/x', '/mw/security', '/mw/headers']),
      headers: some(random, forwardedLines, 5),
    }),
  random =>
    build('connection', random, {
      target: '/x',
      headers: [
        ...some(random, [...headerLines, ...forwardedLines], 4),
        `Connection: ${some(random, ['X-Two', 'X-Forwarded-For', 'Authorization', 'x-empty', 'upgrade', 'close', 'X-Real-Ip', ''], 3).join(', ')}`,
      ],
    }),
  random =>
    build('middleware', random, {
      target: random.pick(middlewareTargets) + query(random),
      method: random.pick(methods),
      headers: some(random, headerLines, 3),
    }),
  random =>
    build('middleware', random, {
      target: path(random, random.pick(middlewareTargets)),
      headers: some(random, forwardedLines, 2),
    }),
  random =>
    build('cors', random, {
      target: random.pick(['/mw/cors', '/mw/copen', '/x']),
      method: random.pick(['OPTIONS', 'OPTIONS', 'GET', 'PUT']),
      headers: [
        ...some(
          random,
          [
            'Origin: https://a.example',
            'Origin: https://x.b.example',
            'Origin: https://evil.example',
            'Origin: null',
          ],
          1,
        ),
        ...some(random, ['Access-Control-Request-Method: PUT', 'Access-Control-Request-Method: PURGE'], 1),
        ...some(random, ['Access-Control-Request-Headers: x-a, x-b'], 1),
      ],
    }),
  random =>
    build('auth', random, {
      target: `/mw/auth/x${query(random)}`,
      method: random.pick(methods),
      headers: [
        ...some(
          random,
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
        ...some(
          random,
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
      target: `/${random.pick(['x', 'mw/errors/x', 'mw/compress/x', 'mw/retry/x', 'mw/headers'])}?status=${random.pick([200, 201, 204, 301, 304, 404, 418, 429, 500, 503])}&size=${random.pick([0, 100, 250, 5000])}&type=${random.pick(['text/plain', 'text/event-stream', 'application/json;charset=utf-8', 'application/grpc'])}${random.chance(0.2) ? '&encoding=x-own' : ''}`,
      method: random.pick(['GET', 'GET', 'HEAD', 'POST']),
      headers: some(
        random,
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
  random => body(random),
  random =>
    build('target', random, {
      target: random.pick([
        'http://b.example/rule/path',
        'http://b.example',
        'http://b.example?q=1',
        'HTTP://b.example/x',
        'https://b.example/x',
        'http://a.example:81/rule/host',
        'http://u:p@b.example/x',
        '*',
        'x',
        '//x',
        '/x#y',
        '/x?a#b',
        'ftp://b/x',
        'http:///x',
      ]),
      method: random.pick(['GET', 'OPTIONS', 'POST']),
    }),
  random =>
    build('host', random, {
      target: '/rule/host',
      host: random.pick([
        ...hosts,
        '',
        null,
        'a b',
        'a/b',
        'a@b',
        'ü.example',
        'a,b',
        'a..b',
        'a:b:c',
        'a.example:99999',
        'A_b.example',
      ]),
      headers: random.chance(0.2) ? ['Host: second.example'] : [],
    }),
  random => framing(random),
  random =>
    build('version', random, {
      target: '/x',
      version: random.pick([
        'HTTP/1.0',
        'HTTP/1.1',
        'HTTP/1.2',
        'HTTP/2.0',
        'HTTP/0.9',
        'HTTP/1',
        'http/1.1',
        'HTTX/1.1',
      ]),
    }),
  random =>
    build('malformed', random, {
      target: '/x',
      headers: [
        random.pick([
          'X-A : 1',
          ' X-A: 1',
          'X-A',
          ': x',
          'X-A: a\x00b',
          'X-A: a\x0bb',
          'X-\x01: 1',
          'X(A): 1',
          'X-A: é',
          'X-A:\t1\t',
          'X-A: 1\n X-B: 2',
        ]),
      ],
    }),
  random =>
    build('large', random, {
      target: random.chance(0.5) ? `/x?${'q'.repeat(random.pick([1000, 8000, 40_000]))}` : '/x',
      headers: Array.from(
        { length: random.pick([1, 50, 300]) },
        (_, index) => `X-N${index}: ${'v'.repeat(random.pick([10, 100, 500]))}`,
      ),
    }),
]

function body(random: Random): Case {
  const size = random.pick([0, 1, 63, 64, 65, 1000])
  const content = 'b'.repeat(size)
  const target = random.pick(['/x', '/mw/buffering/x', '/mw/retry/x', '/mw/errors/x?status=500'])
  const method = random.pick(['POST', 'PUT', 'PATCH', 'DELETE', 'GET'])
  if (random.chance(0.5))
    return build('body', random, {
      target,
      method,
      headers: [`Content-Length: ${size}`, ...(random.chance(0.2) ? ['Expect: 100-continue'] : [])],
      body: content,
    })
  const extension = random.pick(['', '', ';a=b', ';a="b;c"'])
  const chunks = size === 0 ? '' : `${size.toString(16)}${extension}\r\n${content}\r\n`
  return build('body', random, {
    target,
    method,
    headers: ['Transfer-Encoding: chunked'],
    body: `${chunks}0\r\n${random.chance(0.2) ? 'X-T: 1\r\n' : ''}\r\n`,
  })
}

const framings: readonly [headers: string[], body: string][] = [
  [['Content-Length: 5', 'Content-Length: 5'], 'hello'],
  [['Content-Length: 5', 'Content-Length: 6'], 'hello!'],
  [['Content-Length: 5, 5'], 'hello'],
  [['Content-Length: +5'], 'hello'],
  [['Content-Length: -1'], ''],
  [['Content-Length: 0x5'], 'hello'],
  [['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
  [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
  [['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'],
  [['Transfer-Encoding: identity'], ''],
  [['Transfer-Encoding: xchunked'], '0\r\n\r\n'],
  [['Transfer-Encoding: Chunked'], '0\r\n\r\n'],
  [['Transfer-Encoding : chunked'], '0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], 'zz\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '5\r\nhelloX\r\n0\r\n\r\n'],
]

function framing(random: Random): Case {
  const [headers, content] = random.pick(framings)
  return build('framing', random, { target: '/x', method: 'POST', headers, body: content })
}
