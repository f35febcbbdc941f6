/** Bodies, their framing, and what a parser should choke on. */
import { build, type Case, type Generator } from './build.ts'
import type { Random } from './random.ts'

const bodyTargets = [
  '/x',
  '/mw/buffering/x',
  '/mw/retry/x',
  '/mw/errors/x?status=500',
  '/mw/mirror/x',
  '/mw/rebuffer/x?status=503',
  '/mw/rebuffer/x',
  '/mw/fallback/x?status=500',
  '/mw/fallback/x',
  '/mw/bounded/x',
]

export const bodyCases: readonly Generator[] = [
  body,
  framing,
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
  const target = random.pick(bodyTargets)
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
