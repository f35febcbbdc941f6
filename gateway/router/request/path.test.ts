import t from 'tap'
import { cleanPath, parseTarget, routingPath } from './path.ts'

const options = { sanitizePath: true, encodeQuerySemicolons: false }
const path = (target: string) => parseTarget(target, options)?.path

t.test('a path has one spelling after this', t => {
  for (const [target, clean] of [
    ['/', '/'],
    ['/v1/core', '/v1/core'],
    ['/v1//core/', '/v1/core/'],
    ['//v1', '/v1'],
    ['/v1/./core', '/v1/core'],
    ['/v1/../admin', '/admin'],
    ['/../../etc', '/etc'],
    ['/v1/%2e%2e/admin', '/admin'],
    ['/v1/%2E./admin', '/admin'],
    ['/%76%31/core', '/v1/core'],
    ['/a%2fb', '/a%2Fb'],
    ['/a\\b', '/a%5Cb'],
    ['/a|b"c', '/a%7Cb%22c'],
    ['/.well-known/jwks.json', '/.well-known/jwks.json'],
    ['/a/..', '/'],
    ['/a/.', '/a'],
    ['/a;b=c', '/a;b=c'],
    ['/%7euser', '/~user'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['http://other:1/x', '/x'],
    ['http://other?x', '/'],
  ] as const)
    t.equal(path(target), clean, target)
  t.end()
})

t.test('what cannot be read in one way only is refused', t => {
  for (const target of [
    '/a#b',
    '/%',
    '/%4',
    '/%zz',
    '/a b',
    '/\u00fc',
    '/\x7f',
    '*',
    'x',
    '',
    'ftp://a/b',
    'http:///x',
    'http://u@h/x',
    'http:x',
  ])
    t.equal(path(target), undefined, JSON.stringify(target))
  t.end()
})

t.test('the host of an absolute target counts; semicolons no longer divide parameters', t => {
  t.match(parseTarget('http://Other:81/x?a=1;b=2', options), { host: 'Other:81', query: '?a=1&b=2' })
  t.equal(parseTarget('/x?a;b', { ...options, encodeQuerySemicolons: true })?.query, '?a%3Bb')
  t.equal(parseTarget('/x?a?b', options)?.query, '?a?b')
  t.end()
})

t.test('rules see decoded text, but for characters that would change the path', t => {
  t.equal(routingPath('/a%20b%2Fc%3F%25'), '/a b%2Fc%3F%25')
  t.equal(cleanPath('/a/b/../c/'), '/a/c/')
  t.end()
})
