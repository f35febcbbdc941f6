import t from 'tap'
import { requestHead } from './request-head.ts'

t.test('a request is written as it is', async t => {
  t.equal(
    requestHead(
      'POST',
      '/a?b=%0d',
      ['Host', 'back', 'X-A', '\xe9\t', 'X-Empty', ''],
      'Content-Length: 1\r\n',
    ),
    'POST /a?b=%0d HTTP/1.1\r\nHost: back\r\nX-A: \xe9\t\r\nX-Empty: \r\nContent-Length: 1\r\n\r\n',
  )
})

t.test('nothing that would end a line comes through, wherever it stands', async t => {
  // The last one's lower byte is a line feed.
  for (const bad of ['\r', '\n', '\0', '\r\n', 'ĊX: y', 'č']) {
    const parts: [string, string, string[]][] = [
      [`GET${bad}`, '/', []],
      ['GET', `/${bad}`, []],
      ['GET', '/', [`X-A${bad}`, 'b']],
      ['GET', '/', ['X-A', `b${bad}c`]],
      ['GET', '/', ['X-A', 'b', 'X-C', bad]],
    ]
    for (const [method, target, headers] of parts)
      t.throws(() => requestHead(method, target, headers, ''), { code: 'UPSTREAM_REQUEST' })
  }
  for (const target of ['', '/ HTTP/1.1', '/a b', '/a\tb', '/\x7f'])
    t.throws(() => requestHead('GET', target, [], ''), { code: 'UPSTREAM_REQUEST' })
  for (const name of ['', 'X A', 'X-A:', ' X-A', 'X-\xe9'])
    t.throws(() => requestHead('GET', '/', [name, 'b'], ''), { code: 'UPSTREAM_REQUEST' })
  for (const method of ['', 'GE T', 'GET /x HTTP/1.1'])
    t.throws(() => requestHead(method, '/', [], ''), { code: 'UPSTREAM_REQUEST' })
})
