import t from 'tap'
import type { Exchange } from '../request/exchange.ts'
import { readHeaders } from '../request/headers.ts'
import { compileRule, subjectOf } from './matchers.ts'
import { parseRule } from './parse-rule.ts'

type Given = {
  path?: string
  query?: string
  method?: string
  host?: string
  headers?: string[]
  address?: string
}

function matches(rule: string, given: Given): boolean {
  const {
    path = '/',
    query = '',
    method = 'GET',
    host = 'a.example',
    headers = [],
    address = '10.0.0.9',
  } = given
  const exchange = {
    path,
    query,
    method,
    host,
    headers: readHeaders(headers).headers,
    client: { address, port: 1 },
  }
  return compileRule(parseRule(rule))(subjectOf(exchange as unknown as Exchange))
}

const table: [rule: string, given: Given, expected: boolean][] = [
  ['Path(`/a`)', { path: '/a' }, true],
  ['Path(`/a`)', { path: '/a/' }, false],
  ['Path(`/A`)', { path: '/a' }, false],
  ['Path(`/a b`)', { path: '/a%20b' }, true],
  ['Path(`/a/b`)', { path: '/a%2Fb' }, false],
  ['Path(`/ü`)', { path: '/%C3%BC' }, true],
  ['PathPrefix(`/v1/core`)', { path: '/v1/core/x' }, true],
  ['PathPrefix(`/v1/core`)', { path: '/v1/corex' }, true],
  ['PathRegexp(`^/files/[0-9]+$`)', { path: '/files/12' }, true],
  ['PathRegexp(`^/files/[0-9]+$`)', { path: '/files/x' }, false],
  ['Host(`A.example`)', { host: 'a.EXAMPLE:8080' }, true],
  ['Host(`a.example`)', { host: 'a.example.' }, true],
  ['Host(`a.example.`)', { host: 'a.example' }, true],
  ['Host(`*.example`)', { host: 'b.example' }, true],
  ['Host(`*.example`)', { host: 'c.b.example' }, false],
  ['Host(`*.example`)', { host: 'example' }, false],
  ['Host(`[::1]`)', { host: '[::1]:80' }, false],
  ['Host(`::1`)', { host: '[::1]:80' }, true],
  ['Host(`a.example`)', { host: '' }, false],
  ['HostRegexp(`^.+\\.example$`)', { host: 'x.y.example' }, true],
  ['Method(`post`)', { method: 'POST' }, true],
  ['Method(`POST`)', { method: 'post' }, false],
  ['Header(`X-A`, `1`)', { headers: ['x-a', '1'] }, true],
  ['Header(`X-A`, `1`)', { headers: ['X-A', '0', 'x-a', '1'] }, true],
  ['Header(`X-A`, `1`)', { headers: ['X-A', '0, 1'] }, false],
  ['HeaderRegexp(`X-A`, `^[0-9]$`)', { headers: ['X-A', '7'] }, true],
  ['Query(`a`, `1`)', { query: '?a=0&a=1' }, true],
  ['Query(`a`)', { query: '?a' }, true],
  ['Query(`a`)', { query: '?a=1' }, false],
  ['QueryRegexp(`a`, `^\\d+$`)', { query: '?a=12' }, true],
  ['QueryRegexp(`a`, `^\\d+$`)', {}, false],
  ['ClientIP(`10.0.0.0/8`)', {}, true],
  ['ClientIP(`10.0.0.9`)', {}, true],
  ['ClientIP(`fd00::/8`)', { address: 'fd00::1' }, true],
  ['ClientIP(`192.168.0.0/16`)', {}, false],
  ['!Path(`/a`) && (Method(`GET`) || Method(`HEAD`))', { path: '/b' }, true],
  ['!Path(`/a`) && (Method(`GET`) || Method(`HEAD`))', { path: '/a' }, false],
  ['pathprefix(`/a`)', { path: '/ab' }, true],
  ['PATHPREFIX(`/a`)', { path: '/ab' }, true],
  ['Pathprefix(`/a`)', { path: '/ab' }, true],
]

t.test('each matcher says what Traefik says', t => {
  for (const [rule, given, expected] of table)
    t.equal(matches(rule, given), expected, `${rule} ${JSON.stringify(given)}`)
  t.end()
})

t.test('a rule that cannot mean anything is refused', t => {
  for (const [rule, pattern] of [
    ['Patch(`/a`)', /matcher Patch/],
    ['constructor(`/a`)', /matcher constructor/],
    ['Path(`a`)', /slash/],
    ['Path(`/a`, `/b`)', /takes 1/],
    ['Header(`a`)', /takes 2/],
    ['Host(``)', /empty/],
    ['Host(`ü.example`)', /ASCII/],
    ['PathRegexp(`(`)', /regular expression/],
    ['ClientIP(`10.0.0.0/33`)', /bits/],
    ['ClientIP(`ten`)', /neither/],
  ] as const)
    t.throws(() => matches(rule, {}), { message: pattern }, rule)
  t.end()
})
