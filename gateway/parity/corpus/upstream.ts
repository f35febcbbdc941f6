/** What a service answers, well and badly framed: whether a router reads it as the other does, and hands on nothing of the rest. */
import { build, type Case, type Generator, request } from './build.ts'
import type { Random } from './random.ts'

/** What upstream.ts is asked for in a target's query. `{}` in the bytes becomes `large` bytes. */
export type UpstreamAnswer = { bytes: string; large?: number; closes: boolean }

export function upstreamTarget({ bytes, large, closes }: UpstreamAnswer): string {
  const query = new URLSearchParams({ bytes: Buffer.from(bytes, 'latin1').toString('base64url') })
  if (large) query.set('large', String(large))
  if (closes) query.set('closes', '1')
  return `/upstream/x?${query}`
}

const statusLines = [
  'HTTP/1.1 200',
  'HTTP/1.1 200 ',
  'HTTP/1.1  200 OK',
  'HTTP/1.1 200 \xc9\xff',
  'HTTP/1.1 200 a\tb',
  'HTTP/1.1 200 a\x01b',
  'HTTP/1.0 200 OK',
  'HTTP/1.2 200 OK',
  'HTTP/2.0 200 OK',
  'HTTP/2 200 OK',
  'HTTP/0.9 200 OK',
  'http/1.1 200 OK',
  'HTTP/1.1\t200 OK',
  'HTTP/1.1 0200 OK',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 000 OK',
  'HTTP/1.1 99 OK',
  'HTTP/1.1 600 Own',
  'HTTP/1.1 999 Own',
  'HTTP/1.1 +20 OK',
  'HTTP/1.1 -20 OK',
  'HTTP/1.1 abc OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 205 Reset Content',
  'HTTP/1.1 404 Not Found',
  'HTTP/1.1 500 Own',
  'ICY 200 OK',
  'HTTP/1.1200 OK',
  ' HTTP/1.1 200 OK',
  '\r\nHTTP/1.1 200 OK',
  '',
]

const framings: readonly [headers: string[], body: string][] = [
  [['Content-Length: 5'], 'hello'],
  [['Content-Length: 0'], ''],
  [['Content-Length: 5'], 'hel'],
  [['Content-Length: 5'], 'helloHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'],
  [['Content-Length: 5', 'Content-Length: 5'], 'hello'],
  [['Content-Length: 5', 'Content-Length: 6'], 'hello!'],
  [['Content-Length: 5, 5'], 'hello'],
  [['Content-Length: 5,6'], 'hello'],
  [['Content-Length: +5'], 'hello'],
  [['Content-Length: -1'], 'hello'],
  [['Content-Length: 0x5'], 'hello'],
  [['Content-Length: 5 '], 'hello'],
  [['Content-Length:'], 'hello'],
  [['Content-Length: 5a'], 'hello'],
  [['Content-Length: 99999999999999999999'], 'hello'],
  [['Content-Length: 1e1'], 'hello'],
  [[], 'hello'],
  [[], ''],
  [['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: Chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  [
    ['Transfer-Encoding: chunked'],
    '5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison',
  ],
  [['Transfer-Encoding: chunked', 'Content-Length: 3'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Content-Length: 3', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked, chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: gzip, chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: gzip'], 'hello'],
  [['Transfer-Encoding: identity'], 'hello'],
  [['Transfer-Encoding: identity', 'Content-Length: 5'], 'hello'],
  [['Transfer-Encoding: xchunked'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked;q=1'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding:'], 'hello'],
  [['Transfer-Encoding: \x0bchunked'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding : chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '5;a=b\r\nhello\r\n0;c\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '5 \r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], ' 5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '05\r\nhello\r\n00\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '0x5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '-5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], 'zz\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '5\r\nhelloX\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '5\nhello\n0\n\n'],
  [['Transfer-Encoding: chunked'], '5\r\nhello0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '5\r\nhello\r\n'],
  [['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n'],
  [['Transfer-Encoding: chunked'], '10000000000000005\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], 'ffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked', 'Trailer: X-T'], '5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\nX-T: 1\r\nContent-Length: 3\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\nno trailer\r\n\r\n'],
]

const headerLines = [
  'X-A: 1',
  'x-a: 2',
  'X-B:',
  'X-C:\t1\t',
  'Set-Cookie: a=1',
  'Set-Cookie: b=2; Path=/',
  'Connection: X-A',
  'Connection: close, x-b',
  'Connection: keep-alive',
  'Keep-Alive: timeout=5',
  'Proxy-Authenticate: Basic',
  'Proxy-Connection: keep-alive',
  'TE: trailers',
  'Upgrade: h2c',
  'X-Forwarded-For: 1.2.3.4',
  'X-Auth-Subject: of the service',
  'Server: own',
  'Via: 1.0 own',
  'Location: http://x/y',
  'Content-Type: text/plain',
  'Content-Encoding: x-own',
  'Date: Thu, 01 Jan 1970 00:00:00 GMT',
  'ETag: "x"',
  'X-Latin: \xe9',
]

const badLines = [
  'X-A : 1',
  ' X-A: 1',
  'X-A',
  ': x',
  'X-A: a\x00b',
  'X-A: a\x0bb',
  'X-A: a\x7fb',
  'X-\x01: 1',
  'X(A): 1',
  'X-\xe9: 1',
  'X A: 1',
  'X-A: a\rb',
  'X-A: 1\n X-B: 2',
  'X-A: 1\r\n folded',
  'X-A: 1\r\n\tfolded',
  'X-A: 1\nX-B: 2',
]

const early = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 102 Processing\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n',
  'HTTP/1.1 199 Own\r\n\r\n',
  'HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: own\r\nConnection: Upgrade\r\n\r\n',
]

const answerOf = (status: string, headers: readonly string[], body: string) =>
  `${[status, ...headers].join('\r\n')}\r\n\r\n${body}`

const handshakes: readonly [headers: string[], body: string][] = [
  [['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'], 'frame'],
  [
    ['HTTP/1.1 101 Switching Protocols', 'Upgrade: WebSocket', 'Connection: keep-alive, upgrade', 'X-A: 1'],
    '',
  ],
  [['HTTP/1.1 101 Switching Protocols', 'Upgrade: other', 'Connection: Upgrade'], 'frame'],
  [['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade'], 'frame'],
  [['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket'], 'frame'],
  [
    ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'Content-Length: 3'],
    'frame',
  ],
  [
    ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'Set-Cookie: a=1'],
    'frame',
  ],
  [
    ['HTTP/1.1 103 Early Hints', '', 'HTTP/1.1 101 Own', 'Upgrade: websocket', 'Connection: Upgrade'],
    'frame',
  ],
  [['HTTP/1.1 200 OK', 'Content-Length: 5'], 'hello'],
  [['HTTP/1.1 200 OK', 'Upgrade: websocket', 'Connection: Upgrade', 'Content-Length: 5'], 'hello'],
  [
    ['HTTP/1.1 401 Unauthorized', 'Transfer-Encoding: chunked', 'WWW-Authenticate: Own'],
    '5\r\nhello\r\n0\r\n\r\n',
  ],
  [['HTTP/1.1 401 Unauthorized', 'Content-Length: 9', 'Connection: X-A', 'X-A: 1'], 'short'],
  [['HTTP/1.1 426 Upgrade Required', 'Upgrade: websocket', 'Content-Length: 0'], ''],
  [['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'X-A : 1'], 'frame'],
  [['HTTP/1.1 abc', 'Upgrade: websocket'], ''],
  [[''], ''],
]

const methods = ['GET', 'GET', 'GET', 'HEAD', 'OPTIONS']
const good = ['Content-Length: 5']

export const upstreamCases: readonly Generator[] = [
  handshake,
  random => one(random, answerOf(random.pick(statusLines), good, 'hello')),
  random => {
    const [headers, body] = random.pick(framings)
    const status = random.chance(0.8) ? 'HTTP/1.1 200 OK' : random.pick(statusLines)
    return one(random, answerOf(status, headers, body))
  },
  random => one(random, answerOf('HTTP/1.1 200 OK', [...random.some(headerLines, 6), ...good], 'hello')),
  random => one(random, answerOf('HTTP/1.1 200 OK', [random.pick(badLines), ...good], 'hello')),
  random => one(random, random.pick(early) + answerOf('HTTP/1.1 200 OK', good, 'hello')),
  random =>
    one(
      random,
      answerOf('HTTP/1.1 200 OK', ['X-Large: {}', ...good], 'hello'),
      random.pick([1000, 15_000, 60_000, 300_000]),
    ),
  /** What stands behind an answer must not become the next. */
  random => {
    const [headers, body] = random.pick(framings)
    const first = upstreamTarget({ bytes: answerOf('HTTP/1.1 200 OK', headers, body), closes: false })
    const second = upstreamTarget({ bytes: answerOf('HTTP/1.1 200 OK', good, 'world'), closes: true })
    return {
      kind: 'upstream pipeline',
      entryPoint: 'plain',
      bytes: Buffer.concat([request({ target: first, keep: true }), request({ target: second })]),
    }
  },
]

function handshake(random: Random): Case {
  const [[status = '', ...headers], body] = random.pick(handshakes)
  const target = upstreamTarget({ bytes: answerOf(status, headers, body), closes: random.chance(0.9) })
  const asked = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]
  return build('upstream upgrade', random, { target, headers: asked, keep: true }, 'plain')
}

function one(random: Random, bytes: string, large?: number): Case {
  const target = upstreamTarget({ bytes, closes: random.chance(0.9), ...(large && { large }) })
  return build('upstream', random, { target, method: random.pick(methods) }, 'plain')
}
