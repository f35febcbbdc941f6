import t from 'tap'
import { AnswerReader } from './answer-reader.ts'
import type { ReadBuffer } from './read-buffer.ts'
import { type Answer, collectAnswer } from './test-answers.ts'

type Read = { answer: Answer; left: number; reusable: boolean }

/** Reads `pieces` one after the other; undefined: there was more to come. Throws a fault. */
function readPieces(pieces: readonly Buffer[], method = 'GET'): Read | undefined {
  const reader = new AnswerReader()
  const { receiver, answer } = collectAnswer()
  reader.begin(method, receiver)
  let left = pieces.reduce((sum, piece) => sum + piece.length, 0)
  // All pieces come in the same buffer, as from a socket.
  const buffer: ReadBuffer = { bytes: Buffer.alloc(left), users: undefined }
  for (const piece of pieces) {
    piece.copy(buffer.bytes)
    const end = reader.read(buffer, piece.length)
    buffer.bytes.fill('!')
    if (end === -1) {
      left -= piece.length
      continue
    }
    receiver.onEnd(reader.last, reader.trailers)
    return { answer, left: left - end, reusable: reader.reusable }
  }
  if (!reader.close()) return undefined
  receiver.onEnd(reader.last, reader.trailers)
  return { answer, left, reusable: false }
}

function* cuts(bytes: Buffer): Generator<Buffer[]> {
  yield [bytes]
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)]
  yield Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
}

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`

const good: Record<string, { bytes: string; method?: string; is: Partial<Answer>; reusable?: boolean }> = {
  'a length': {
    bytes: `${lines('HTTP/1.1 200 OK', 'Content-Length: 5', 'X-A:  b c\t ')}hello`,
    is: { status: 200, fields: { 'content-length': '5', 'x-a': 'b c' }, body: 'hello' },
    reusable: true,
  },
  'no reason phrase, a header without a value, names and values as they may be': {
    bytes: lines(
      'HTTP/1.1 404',
      'Content-Length:0',
      'X-Empty:',
      "!#$%&'*+-.^_`|~1: \xe9\tx",
      'Constructor: own',
    ),
    is: {
      status: 404,
      fields: {
        'content-length': '0',
        'x-empty': '',
        "!#$%&'*+-.^_`|~1": '\xe9\tx',
        constructor: 'own',
      },
      body: '',
    },
    reusable: true,
  },
  'a header twice and three times': {
    bytes: lines(
      'HTTP/1.1 204 No Content',
      'Set-Cookie: a=1',
      'X-B: 1',
      'set-cookie: b=2',
      'SET-COOKIE: c',
      'x-b: 2',
    ),
    is: { status: 204, fields: { 'set-cookie': ['a=1', 'b=2', 'c'], 'x-b': ['1', '2'] }, body: '' },
    reusable: true,
  },
  'the same length twice': {
    bytes: `${lines('HTTP/1.1 200 OK', 'Content-Length: 2', 'content-length: 2')}ok`,
    is: { fields: { 'content-length': '2' }, body: 'ok' },
    reusable: true,
  },
  'chunks with extensions and trailers': {
    bytes: `${lines('HTTP/1.1 200 OK', 'Transfer-Encoding: Chunked', 'Trailer: X-Sum')}5;a=1;b="x"\r\nhello\r\n00A\r\n, chunked!\r\n0;last\r\n${lines('X-Sum: 15', 'Content-Length: 3', 'Transfer-Encoding: x', 'X-Sum: more')}`,
    is: { fields: {}, body: 'hello, chunked!', trailers: { 'x-sum': ['15', 'more'] } },
    reusable: true,
  },
  'until the connection ends': {
    bytes: `${lines('HTTP/1.1 200 OK', 'X-A: b')}all that comes\r\n\r\n`,
    is: { fields: { 'x-a': 'b' }, body: 'all that comes\r\n\r\n' },
    reusable: false,
  },
  'of HTTP/1.0': {
    bytes: `${lines('HTTP/1.0 200 OK', 'Content-Length: 2', 'Connection: keep-alive')}ok`,
    is: { fields: { 'content-length': '2' }, body: 'ok' },
    reusable: false,
  },
  'the last one, with headers that end here': {
    bytes: `${lines('HTTP/1.1 200 OK', 'Content-Length: 2', 'Connection: X-Mine , Close', 'X-Mine: 1', 'X-Yours: 2', 'Keep-Alive: timeout=3', 'Upgrade: h2c', 'Proxy-Authenticate: Basic')}ok`,
    is: { fields: { 'content-length': '2', 'x-yours': '2' }, body: 'ok' },
    reusable: false,
  },
  'after informational ones': {
    bytes: `${lines('HTTP/1.1 100 Continue')}${lines('HTTP/1.1 103 Early Hints', 'Link: </a>', 'Content-Length: 9')}${lines('HTTP/1.1 201 Created', 'Content-Length: 1')}x`,
    is: { status: 201, fields: { 'content-length': '1' }, body: 'x' },
    reusable: true,
  },
  'to HEAD': {
    bytes: lines('HTTP/1.1 200 OK', 'Content-Length: 500'),
    method: 'HEAD',
    is: { fields: { 'content-length': '500' }, body: '' },
    reusable: true,
  },
  'to HEAD, in chunks that do not come': {
    bytes: lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'),
    method: 'HEAD',
    is: { fields: {}, body: '' },
    reusable: true,
  },
  'not modified': {
    bytes: lines('HTTP/1.1 304 Not Modified', 'Content-Length: 500', 'ETag: "a"'),
    is: { status: 304, fields: { 'content-length': '500', etag: '"a"' }, body: '' },
    reusable: true,
  },
}

for (const [name, { bytes, method, is, reusable }] of Object.entries(good))
  t.test(`an answer is read alike, wherever it is cut: ${name}`, async t => {
    for (const pieces of cuts(Buffer.from(bytes, 'latin1'))) {
      const read = readPieces(pieces, method)
      const wanted = { ...read?.answer, ...is }
      if (
        JSON.stringify(read?.answer) === JSON.stringify(wanted) &&
        read?.left === 0 &&
        read.reusable === reusable
      )
        continue
      t.same(read, { answer: wanted, left: 0, reusable }, `cut in ${pieces.map(piece => piece.length)}`)
      return
    }
    t.pass('at every byte')
  })

const head = 'HTTP/1.1 200 OK\r\n'
const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`
const bad: Record<string, string> = {
  'length and chunks': `${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'chunks and length': `${head}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
  'two lengths': `${head}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
  'a list of two lengths': `${head}Content-Length: 3, 4\r\n\r\nabcd`,
  'a length with a sign': `${head}Content-Length: +3\r\n\r\nabc`,
  'a negative length': `${head}Content-Length: -1\r\n\r\n`,
  'a length in hexadecimal': `${head}Content-Length: 0x3\r\n\r\nabc`,
  'a length with an exponent': `${head}Content-Length: 1e1\r\n\r\nabc`,
  'a coding of no name': `${head}Transfer-Encoding: \r\n\r\nabc`,
  'no length before a length': `${head}Content-Length:\r\nContent-Length: 3\r\n\r\nabc`,
  'no length': `${head}Content-Length:\r\n\r\nabc`,
  'a length beyond numbers': `${head}Content-Length: 99999999999999999999\r\n\r\nabc`,
  'a length with a space in it': `${head}Content-Length: 1 1\r\n\r\nabc`,
  'an unknown coding': `${head}Transfer-Encoding: gzip\r\n\r\n`,
  'a coding before chunks': `${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'chunks twice': `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'almost chunked': `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'chunks, quoted': `${head}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`,
  'chunks in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a bare carriage return in a value': `${head}X-A: b\rX-C: d\r\n\r\n`,
  'a bare line feed after a value': `${head}X-A: b\nX-C: d\r\n\r\n`,
  'a bare line feed after the status': 'HTTP/1.1 200 OK\nX-A: b\r\n\r\n',
  'a bare line feed as the end': `${head}X-A: b\r\n\n`,
  'a bare carriage return as the end': `${head}X-A: b\r\n\rHTTP/1.1 200 OK\r\n\r\n`,
  'a folded line': `${head}X-A: b\r\n c\r\n\r\n`,
  'a folded line with a tab': `${head}X-A: b\r\n\tc\r\n\r\n`,
  'a folded first line': `${head} X-A: b\r\n\r\n`,
  'NUL in a value': `${head}X-A: b\0c\r\n\r\n`,
  'a control character in a value': `${head}X-A: b\x01c\r\n\r\n`,
  'DEL in a value': `${head}X-A: b\x7fc\r\n\r\n`,
  'NUL in a name': `${head}X\0A: b\r\n\r\n`,
  'a space before the colon': `${head}Content-Length : 3\r\n\r\nabc`,
  'a name with a space in it': `${head}X A: b\r\n\r\n`,
  'a name with bytes beyond ASCII': `${head}X-\xe9: b\r\n\r\n`,
  'no name': `${head}: b\r\n\r\n`,
  'no colon': `${head}X-A\r\n\r\n`,
  'a control character in the reason': 'HTTP/1.1 200 O\x00K\r\n\r\n',
  'HTTP/0.9': '<html>hello</html>\r\n\r\n',
  'HTTP/2 said in words': 'HTTP/2 200\r\n\r\n',
  'HTTP/1.2': 'HTTP/1.2 200 OK\r\n\r\n',
  'http in lower case': 'http/1.1 200 OK\r\n\r\n',
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'frames of HTTP/2': '\0\0\x12\x04\0\0\0\0\0',
  'a record of TLS': '\x15\x03\x01\0\x02\x02\x46',
  'a request': 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
  'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
  'status 000': 'HTTP/1.1 000 None\r\n\r\n',
  'a status that is no number': 'HTTP/1.1 2x0 OK\r\n\r\n',
  'an empty line first': '\r\nHTTP/1.1 200 OK\r\n\r\n',
  'two spaces before the status': 'HTTP/1.1  200 OK\r\n\r\n',
  'an upgrade that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n',
  'a chunk that is no number': `${chunked}xyz\r\n`,
  'a chunk with 0x': `${chunked}0x5\r\nhello\r\n`,
  'a chunk with a sign': `${chunked}+5\r\nhello\r\n`,
  'a chunk with a space before': `${chunked} 5\r\nhello\r\n`,
  'a chunk with a space behind': `${chunked}5 \r\nhello\r\n`,
  'a chunk without a size': `${chunked};a\r\nhello\r\n`,
  'a chunk beyond numbers': `${chunked}FFFFFFFFFFFFFFFFF\r\n`,
  'a size of nothing but zeros': `${chunked}${'0'.repeat(20)}\r\n\r\n`,
  'a chunk that is longer than it says': `${chunked}5\r\nhello!\r\n0\r\n\r\n`,
  'a chunk that ends in a line feed alone': `${chunked}5\r\nhello\n0\r\n\r\n`,
  'a size that ends in a line feed alone': `${chunked}5\nhello\r\n0\r\n\r\n`,
  'a line feed in an extension': `${chunked}5;a\nb\r\nhello\r\n0\r\n\r\n`,
  'a carriage return in an extension': `${chunked}5;a\rb\r\nhello\r\n0\r\n\r\n`,
  'an endless extension': `${chunked}5;${'a'.repeat(5000)}`,
  'chunks with more to say than to give': `${chunked}${`1;${'a'.repeat(100)}\r\nx\r\n`.repeat(300)}`,
  'a trailer that is no field': `${chunked}0\r\nno colon\r\n\r\n`,
  'a folded trailer': `${chunked}0\r\nX-A: b\r\n c\r\n\r\n`,
  'an endless head': `${head}X-A: ${'b'.repeat(1_100_000)}`,
  'endless headers': head + 'a:\r\n'.repeat(10_001),
  'endless informational answers': 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(50_000),
  'endless trailers': `${chunked}0\r\n${'X-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n'.repeat(30_000)}`,
}

t.test('what could be read in two ways is a fault, wherever it is cut', async t => {
  for (const [name, bytes] of Object.entries(bad)) {
    const all = Buffer.from(bytes, 'latin1')
    const ways = all.length > 4000 ? [[all], [all.subarray(0, 1000), all.subarray(1000)]] : [...cuts(all)]
    const read = ways.map(pieces => {
      try {
        return JSON.stringify(readPieces(pieces)) ?? 'more to come'
      } catch (error) {
        return (error as { code?: string }).code
      }
    })
    t.same(new Set(read), new Set(['UPSTREAM_FAULT']), name)
  }
})

t.test('a body may come in chunks of one byte', async t => {
  const bytes = Buffer.from(`${chunked}${'1;a\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`)
  t.equal(readPieces([bytes])?.answer.body.length, 20_000)
})

t.test('what is behind an answer is not part of it', async t => {
  const ok = `${lines('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`
  for (const bytes of [
    `${ok}more`,
    `${lines('HTTP/1.1 204 No Content')}more`,
    `${chunked}2\r\nok\r\n0\r\n\r\nmore`,
  ]) {
    const read = readPieces([Buffer.from(bytes)])
    t.equal(read?.left, 4)
    t.notMatch(read?.answer.body, 'more')
  }
})

t.test('half an answer is none, but where only the end of the connection ends it', async t => {
  for (const bytes of [
    `${lines('HTTP/1.1 200 OK', 'Content-Length: 3')}ok`,
    `${chunked}2\r\nok\r\n`,
    `${chunked}2\r\nok\r\n0\r\n`,
    head,
  ])
    t.equal(readPieces([Buffer.from(bytes)]), undefined)
})

t.test('a header may be called as what objects have by themselves', async t => {
  const read = readPieces([
    Buffer.from(lines('HTTP/1.1 204 No', '__proto__: a', 'toString: b', '__proto__: c')),
  ])
  t.same(Object.entries(read?.answer.fields ?? {}), [
    ['__proto__', ['a', 'c']],
    ['tostring', 'b'],
  ])
})

t.test('blanks within a header take no longer to read than other bytes', t => {
  const value = `a${' '.repeat(200_000)}b`
  const began = performance.now()
  const read = readPieces([Buffer.from(lines('HTTP/1.1 204 No Content', `X-A: ${value} \t\xa0 `), 'latin1')])
  t.ok(performance.now() - began < 1000)
  t.ok(read?.answer.fields['x-a'] === `${value} \t\xa0`)
  t.end()
})
